//go:build e2e

package files_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// The assetPrefix of a real build is a full URL: scripts (crossOrigin), styles and a font come from that host, by the
// same edge.
func TestFilesComeFromTheAssetHostInTheBrowser(t *testing.T) {
	set := harness.Fixtures(t)
	harness.Browser(t) // it knows where the host is
	depot := set.Monorepo
	zone := fmt.Sprintf("zone depot %s {\n\t\t\tbuild %s\n\t\t}\n", depot.Upstream(), depot.Build.Dir)
	e := harness.StartEdge(t, nil, harness.Setup{
		Zones: "\t\t" + zone,
		Sites: fmt.Sprintf("https://cdn.example.test:%d {\n\tnextjs {\n\t\tasset_host\n\t\t%s\t}\n}\n", harness.AssetHostPort,
			zone),
	})
	copiesMade(t, e)
	w := harness.OpenWindow(t, e, "/depot")
	w.Settle(t)
	w.WaitFor(t, `[...document.fonts].some(font => font.family.includes("geist") && font.status === "loaded")`)
	loaded := harness.Eval[[]string](t, w, `performance.getEntriesByType("resource").filter(entry => entry.name.includes("/_next/static/")).map(entry => entry.name)`)
	require.NotEmpty(t, loaded)
	kinds := map[string]bool{}
	for _, address := range loaded {
		assert.True(t, strings.HasPrefix(address, "https://cdn.example.test/_next/static/"), address)
		u, err := url.Parse(address)
		require.NoError(t, err)
		kinds[filepath.Ext(u.Path)] = true
	}
	for _, kind := range []string{".js", ".css", ".ttf"} {
		assert.True(t, kinds[kind], "a %s among %q", kind, loaded)
	}
	assert.True(t, harness.Eval[bool](t, w, `performance.getEntriesByType("resource").filter(entry => entry.name.includes("/_next/static/")).every(entry => entry.transferSize > 0 && entry.responseStatus === 200)`),
		"what the browser tells of files of another host, Timing-Allow-Origin lets it tell")
	// With a header of its own a script asks first (CORS preflight), which Next.js 16 answers with 500.
	harness.Eval[bool](t, w, `(fetch(`+harness.Quoted(loaded[0])+`, { headers: { "X-Probe": "1" }, cache: "no-store" }).then(
		answer => { window.__preflight = String(answer.status) },
		error => { window.__preflight = String(error) }), true)`)
	w.WaitFor(t, `window.__preflight`)
	assert.Equal(t, "200", harness.Eval[string](t, w, `window.__preflight`))
	w.Click(t, `a[href="/depot/open"]`)
	w.WaitFor(t, `location.pathname === "/depot/open"`)
	assert.Equal(t, 1, w.DocumentCount(), "scripts run: the navigation is soft")
	for _, trouble := range w.AllTroubles() {
		// Links to what the middleware guards are prefetched.
		assert.True(t, strings.Contains(trouble, "401") || strings.Contains(trouble, "favicon.ico"), trouble)
	}
	assert.Positive(t, e.Metric(t, `caddy_nextjs_static_requests_total{source="memory",zone="depot"}`)+e.Metric(t,
		`caddy_nextjs_static_requests_total{source="disk",zone="depot"}`))
	assert.Zero(t, e.Metric(t, `caddy_nextjs_static_requests_total{source="upstream",zone="depot"}`))
}

// Every file of the build is on the asset host as on the site, and nothing else is.
func TestTheAssetHostHasFilesOnly(t *testing.T) {
	set := harness.Fixtures(t)
	depot := set.Monorepo
	port, err := edgetest.FindPort()
	require.NoError(t, err)
	harness.StartEdge(t, nil, harness.Setup{
		Zones: "\t\tzone / " + set.Next14.Upstream() + "\n",
		Sites: fmt.Sprintf("http://localhost:%d {\n\tnextjs {\n\t\tasset_host\n\t\tzone depot %s {\n\t\t\tbuild %s\n\t\t}\n\t}\n}\n", port, depot.Upstream(), depot.Build.Dir),
	})
	client, base := edgetest.PlainClient(t), fmt.Sprintf("http://localhost:%d", port)
	for _, path := range depot.Build.Static {
		a := edgetest.Get(t, client, base+path, "Origin", "https://elsewhere.example")
		content, err := os.ReadFile(filepath.Join(depot.Build.StaticDir, strings.TrimPrefix(path, "/_next/static/")))
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, a.StatusCode, path)
		assert.True(t, a.Text == string(content), path)
		assert.Equal(t, "*", a.Header.Get("Access-Control-Allow-Origin"))
		assert.Equal(t, "public, max-age=31536000, immutable", a.Header.Get("Cache-Control"))
	}
	for _, path := range []string{"/", "/open", "/depot", "/depot/open", "/plain.txt", "/depot/plain.txt", "/_next/image?url=%2Fdepot%2Fphoto.jpg&w=640&q=75", "/_next/data/x/open.json", "/api/hello", "/private.txt"} {
		assert.Equal(t, http.StatusNotFound, edgetest.Get(t, client, base+path).StatusCode, path)
	}
	// A chunk that this build has not, and Next.js has not either.
	missing := edgetest.Get(t, client, base+"/_next/static/chunks/of-another-deployment.js")
	assert.Equal(t, http.StatusNotFound, missing.StatusCode)
	assert.Contains(t, missing.Header.Get("Cache-Control"), "no-store")
	assert.Equal(t, "*", missing.Header.Get("Access-Control-Allow-Origin"), "a page may see what went wrong")
}

// copiesMade waits until the edge has made its compressed copies.
func copiesMade(t testing.TB, e *harness.Edge) {
	t.Helper()
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		return e.Metric(t,
			"caddy_nextjs_static_copies_pending") == 0
	}, "all copies are made")
}
