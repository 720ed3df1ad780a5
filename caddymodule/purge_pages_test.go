package caddymodule

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// keptPages is an edge with nextjs_control that keeps pages of the zones root, at /, and shop, at /shop.
type keptPages struct {
	*controlled
	t *testing.T
}

func startKeptPages(t *testing.T) *keptPages {
	t.Helper()
	next := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "s-maxage=31536000")
		w.Header().Set("X-Nextjs-Cache", "HIT")
		w.Header().Set("X-Next-Cache-Tags", "all,"+strings.ReplaceAll(strings.Trim(r.URL.Path, "/"), "/", "-"))
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, r.URL.Path)
	})
	k := &keptPages{&controlled{token: edgetest.File(t, "s3cret\n")}, t}
	control := "handle_path /_edge/* {\n nextjs_control {\n token_file " + k.token + "\n }\n}\n"
	k.Edge = edgetest.Serve(t, control+fmt.Sprintf("nextjs {\n zone / %s\n zone /shop %s\n cache\n}", next, next),
		fmt.Sprintf("nextjs {\n state %s\n}", t.TempDir()))
	return k
}

// keep has the edge keep pages, each with and without a query.
func (k *keptPages) keep(paths ...string) {
	k.t.Helper()
	for _, path := range paths {
		for _, one := range []string{path, path + "?page=2"} {
			require.Eventually(k.t, func() bool {
				_, status := k.Cached(k.t, one)
				return strings.Contains(status, "; hit")
			}, 10*time.Second, time.Millisecond, one)
		}
	}
}

func (k *keptPages) purge(args ...string) string {
	k.t.Helper()
	args = append(args, "--control", k.URL("/_edge"), "--token-file", k.token)
	text, err := runPurge(append([]string{"pages"}, args...)...)
	require.NoError(k.t, err)
	return text
}

func TestThePurgeCommandCountsPages(t *testing.T) {
	k := startKeptPages(t)
	k.keep("/news", "/newsletter", "/shop/a", "/shop/b")
	for _, c := range []struct{ flags, warning, said string }{
		{"--zone root --path /news --soft", "", "Made /news stale in root: 1 page\n"},
		{"--zone root --path /news", "", "Purged /news from root: 1 page\n"},
		{"--zone root --path /news", "no page of root was kept under /news", "Purged /news from root: 0 pages\n"},
		{
			"--prefix /news", "",
			"Purged what begins with /news from root: 1 page\nPurged what begins with /news from shop: 0 pages\n",
		},
		{"--tag shop-a", "", "Purged tag shop-a from root: 0 pages\nPurged tag shop-a from shop: 1 page\n"},
		{"--zone shop", "", "Purged everything from shop: 1 page\n"},
		{
			"--all", "no page of root, shop was kept",
			"Purged everything from root: 0 pages\nPurged everything from shop: 0 pages\n",
		},
	} {
		if c.warning != "" {
			c.warning = "Warning: " + c.warning + "\n"
		}
		assert.Equal(t, c.warning+c.said, k.purge(strings.Fields(c.flags)...), c.flags)
	}
}

func TestTheControlHandlerCountsPages(t *testing.T) {
	k := startKeptPages(t)
	k.keep("/news", "/shop/a", "/shop/b")
	order := func(fields string) (int, string) {
		res, text := k.order(t, http.MethodPost, "/_edge/purge", `{"cache": "pages", `+fields+`}`, "Authorization", "Bearer s3cret")
		return res.StatusCode, text
	}
	purged := func(fields string, want ...string) {
		t.Helper()
		status, text := order(fields)
		require.Equal(t, http.StatusOK, status, text)
		for i := range want {
			want[i] = `{"cache": "pages", ` + want[i] + `}`
		}
		assert.JSONEq(t, `{"purged": [`+strings.Join(want, ", ")+`]}`, text)
	}
	purged(`"tag": "all", "soft": true`,
		`"zone": "root", "tag": "all", "soft": true, "pages": 1`, `"zone": "shop", "tag": "all", "soft": true, "pages": 2`)
	purged(`"zone": "shop", "path": "/shop/a"`, `"zone": "shop", "path": "/shop/a", "pages": 1`)
	purged(`"zone": "shop", "path": "/shop/a"`, `"zone": "shop", "path": "/shop/a", "pages": 0`)
	purged(`"all": true`, `"zone": "root", "pages": 1`, `"zone": "shop", "pages": 1`)

	k.keep("/news")
	status, text := order(`"zone": "shop", "path": "/news"`)
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Contains(t, text, "/news is not in zone shop")
	purged(`"zone": "root", "path": "/news"`, `"zone": "root", "path": "/news", "pages": 1`)
}
