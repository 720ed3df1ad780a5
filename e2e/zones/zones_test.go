//go:build e2e

package zones_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

func TestEveryPathReachesItsZone(t *testing.T) {
	e, f := harness.SharedEdge(t)
	buildID, err := os.ReadFile(filepath.Join(f.Shop.Dir, ".next", "BUILD_ID"))
	require.NoError(t, err)
	data := "/shop/_next/data/" + strings.TrimSpace(string(buildID))

	tests := []struct {
		path, zone, kind string
		status           int
		contains         string
	}{
		{"/", "home", "document", 200, `data-zone="home"`},
		{"/visit", "home", "document", 200, `data-zone="home"`},
		{"/blog", "blog", "document", 200, `data-zone="blog"`},
		{"/blog/fog-signal", "blog", "document", 200, `data-zone="blog"`},
		{"/shop", "shop", "document", 200, `data-zone="shop"`},
		{"/shop/de", "shop", "document", 200, `data-zone="shop"`},
		{"/shop/p/gannet", "shop", "document", 200, `data-zone="shop"`},

		{"/api/events/stats", "home", "api", 200, `"listeners"`},
		{"/blog/api/time", "blog", "api", 200, `"now"`},
		{"/shop/api/stock?id=gannet", "shop", "api", 200, `"stock"`},

		{data + "/en.json", "shop", "data", 200, `"pageProps"`},
		{data + "/de/p/gannet.json", "shop", "data", 200, `"pageProps"`},

		{"/robots.txt", "home", "document", 200, "Disallow"},
		{"/docs/timetable.txt", "home", "document", 200, ""},
		{"/docs/f%C3%A4hr%20plan.txt", "home", "document", 200, ""},
		{"/blog/comet.jpg", "blog", "document", 200, ""},
		{"/shop/prints/gannet.jpg", "shop", "document", 200, ""},

		{"/no-such-page", "home", "document", 404, `data-zone="home"`},
		{"/blog/no/such/page", "blog", "document", 404, `data-zone="blog"`},
		{"/shop/no-such-page", "shop", "document", 404, `data-zone="shop"`},
		{"/_next/static/no-such-file.js", "home", "static", 404, ""},
		{"/blog-assets/_next/static/no-such-file.js", "blog", "static", 404, ""},
		{"/shop/_next/static/no-such-file.js", "shop", "static", 404, ""},

		// Prefixes end where a segment ends.
		{"/blogger", "home", "document", 404, `data-zone="home"`},
		{"/shopping", "home", "document", 404, `data-zone="home"`},
		{"/blog-assets", "home", "document", 404, `data-zone="home"`},
		{"/blog-assets/_nextra", "home", "document", 404, `data-zone="home"`},
	}
	client := edgetest.PlainClient(t)
	for _, test := range tests {
		t.Run(harness.NoSlash(test.path), func(t *testing.T) {
			mark := harness.NextMark()
			a := edgetest.Get(t, client, e.URL(test.path), harness.MarkHeader, mark)
			assert.Equal(t, test.status, a.StatusCode)
			assert.Contains(t, a.Text, test.contains)
			line := e.LoggedAs(t, mark)
			assert.Equal(t, test.zone, line.Zone)
			assert.Equal(t, test.kind, line.Kind)
		})
	}
}

func TestMiddlewareDecidesBehindTheEdge(t *testing.T) {
	e, _ := harness.SharedEdge(t)
	client := edgetest.PlainClient(t)

	locked := edgetest.Get(t, client, e.URL("/keepers"))
	assert.Equal(t, http.StatusTemporaryRedirect, locked.StatusCode)
	assert.Equal(t, "/visit?from=keepers", locked.Header.Get("Location"))

	unlocked := edgetest.Get(t, client, e.URL("/keepers"), "Cookie", "keeper=yes")
	assert.Equal(t, http.StatusOK, unlocked.StatusCode)
	assert.Contains(t, unlocked.Text, "You have the key.")

	rewritten := edgetest.Get(t, client, e.URL("/tonight"))
	assert.Equal(t, http.StatusOK, rewritten.StatusCode)
	assert.Contains(t, rewritten.Text, "The lantern is lit.")
}
