package caddymodule

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// storingSite is an edge before an application whose prerendered handlers, /feed and /item/[id], have stored cookies.
func storingSite(t *testing.T, words string, globals ...string) *edgetest.Edge {
	t.Helper()
	dir := filepath.Join(t.TempDir(), ".next")
	buildtest.Write(t, dir, buildtest.Build{
		ID:  t.Name(),
		App: map[string]string{"/feed/route": "/feed", "/item/[id]/route": "/item/[id]", "/live/route": "/live"},
		Prerenders: buildtest.JSON{
			"routes": buildtest.JSON{"/feed": buildtest.JSON{}}, "dynamicRoutes": buildtest.JSON{"/item/[id]": buildtest.JSON{}},
		},
		Routes: buildtest.JSON{
			"dynamicRoutes": []any{buildtest.JSON{"page": "/item/[id]", "regex": "^/item/([^/]+?)(?:/)?$"}},
		},
	})
	app := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Nextjs-Cache", "HIT")
		h.Set("Cache-Control", "s-maxage=31536000")
		h.Add("Set-Cookie", "visitor=of "+r.URL.Path+"; Path=/; HttpOnly")
		if r.Header.Get("X-Draft") != "" {
			h.Add("Set-Cookie", "__prerender_bypass=; Path=/; Max-Age=0")
		}
		_, _ = io.WriteString(w, "stored")
	})
	zones := fmt.Sprintf("zone / %s {\n build %s\n }\n zone other /other %s", app, dir, app)
	return edgetest.Serve(t, fmt.Sprintf("nextjs {\n %s\n %s\n}", zones, words), globals...)
}

func TestAStoredCookieReachesOneVisitor(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	e := storingSite(t, "cache off", fmt.Sprintf("log {\n output file %s\n level WARN\n }", log))
	removed := func() float64 { return metric(t, "repairs_total", "root", "stored_cookies") }
	passed := func() float64 { return metric(t, "stored_cookies_total", "root") }
	removedBefore, passedBefore := removed(), passed()
	anybody := []string{"public, max-age=0, s-maxage=31536000, must-revalidate"}
	visitor := func(path string) []string { return []string{"visitor=of " + path + "; Path=/; HttpOnly"} }
	for _, path := range []string{"/feed", "/item/1", "/item/2"} {
		assert.Equal(t, visitor(path), e.Ask(t, http.MethodGet, path).Header["Set-Cookie"], "the first")
		again := e.Ask(t, http.MethodGet, path)
		assert.NotContains(t, again.Header, "Set-Cookie")
		assert.Equal(t, anybody, cacheControl(again), "caches may keep it now")
	}
	again := e.Ask(t, http.MethodGet, "/feed", "X-Draft", "1")
	ended := []string{"__prerender_bypass.root=; Path=/; Max-Age=0"}
	assert.Equal(t, ended, again.Header["Set-Cookie"], "draft mode ends")
	for range 2 {
		for _, path := range []string{"/live", "/other/feed"} { // not prerendered; a zone without build
			assert.Equal(t, visitor(path), e.Ask(t, http.MethodGet, path).Header["Set-Cookie"])
		}
	}
	assert.InDelta(t, 3, passed()-passedBefore, 0)
	assert.InDelta(t, 4, removed()-removedBefore, 0)
	assert.Positive(t, metric(t, "stored_cookies_bytes"))

	text, err := os.ReadFile(log)
	require.NoError(t, err)
	said := strings.Count(string(text), "a prerendered route handler sets a cookie")
	assert.Equal(t, 2, said, "once for each handler: %s", text)
	assert.Contains(t, string(text), `"zone":"root","route":"/item/[id]","cookie":"visitor"`)
	assert.NotContains(t, string(text), "of /", "no value")
}

// Without its cookie the answer is the same for all, so the edge keeps it.
func TestAnAnswerIsKeptWithoutItsStoredCookie(t *testing.T) {
	e := storingSite(t, "")
	assert.Contains(t, e.Ask(t, http.MethodGet, "/feed").Header, "Set-Cookie")
	require.Eventually(t, func() bool {
		res := e.Ask(t, http.MethodGet, "/feed")
		assert.NotContains(t, res.Header, "Set-Cookie")
		return strings.Contains(res.Header.Get("Cache-Status"), "hit")
	}, edgetest.Patience, time.Millisecond)
}

func TestStoredCookiesPassWhereTheOperatorWants(t *testing.T) {
	e := storingSite(t, "repair {\n stored_cookies off\n}")
	for range 3 {
		assert.Contains(t, e.Ask(t, http.MethodGet, "/feed").Header, "Set-Cookie")
	}
}

// Where the proxy leads a path to another one, the verdict is not about the answer.
func TestCookiesOfRewrittenRequestsStay(t *testing.T) {
	e := storingSite(t, "cache off\n proxy {\n rewrite /live\n }")
	for range 3 {
		assert.Contains(t, e.Ask(t, http.MethodGet, "/feed").Header, "Set-Cookie")
	}
}
