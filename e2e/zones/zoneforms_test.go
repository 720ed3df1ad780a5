//go:build e2e

package zones_test

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// formsEdge returns an edge before zones of every form, of Next.js 14, 15 and 16: one that has the rest of the site and
// no build, one that has what its build names, one by basePath and assetPrefix, one by basePath with its files on
// another host, and one by host.
func formsEdge(t testing.TB) (*harness.Edge, *harness.FixtureSet, int) {
	t.Helper()
	set := harness.Fixtures(t)
	formsEdgeOnce.Do(func() {
		rest := &harness.App{Zone: "rest", Dir: filepath.Join(harness.Repository(), "examples", "single", "app"), Ready: "/"}
		require.NoError(t, rest.Start())
		var err error
		hostsPort, err = edgetest.FindPort()
		require.NoError(t, err)
		zone := func(f *harness.Fixture, more string) string {
			return fmt.Sprintf("\t\tzone %s %s {\n\t\t\tbuild %s\n%s\t\t}\n", f.Zone, f.Upstream(), f.Build.Dir, more)
		}
		theFormsEdge = harness.Launch(t, nil, harness.Setup{
			Zones: "\t\tzone / rest " + rest.Upstream() + "\n" + zone(set.Next16, "") + zone(set.Next15, "") + zone(set.Monorepo,
				""),
			Sites: fmt.Sprintf("http://:%d {\n\tnextjs {\n\t\tzone / rest %s\n%s\t}\n}\n", hostsPort, rest.Upstream(),
				zone(set.Next14, "\t\t\thost legacy.localhost\n")),
		})
		require.NoError(t, rest.WaitUntilReady())
	})
	require.NotNil(t, theFormsEdge, "the edge did not start in an earlier test")
	theFormsEdge.ShowLogOnFailure(t)
	return theFormsEdge, set, hostsPort
}

var (
	formsEdgeOnce sync.Once
	theFormsEdge  *harness.Edge
	hostsPort     int
)

func TestZonesOfEveryFormStandSideBySide(t *testing.T) {
	e, set, _ := formsEdge(t)
	id, constant := set.Next15.Build.ID, set.Next16.Build.ID
	image := func(path, source string) string { return path + "?w=640&q=75&url=" + url.QueryEscape(source) }
	tests := []struct {
		path, zone, kind string
		status           int
		contains         string
		headers          []string
	}{
		{path: "/", zone: "rest", kind: "document", status: 200, contains: "The boat to Ostrey"},
		{path: "/api/hello", zone: "rest", kind: "api", status: 200, contains: "Ostrey"},
		{path: "/nowhere/at/all", zone: "rest", kind: "document", status: 404},

		{path: "/gallery", zone: "next16", kind: "document", status: 200, contains: "Gallery"},
		{path: "/gallery/", zone: "next16", kind: "document", status: 308},
		{path: "/gallery/2", zone: "next16", kind: "document", status: 200, contains: "as a page"},
		{path: "/gallery/1", zone: "next16", kind: "rsc", status: 200, headers: []string{"RSC", "1"}},
		{path: "/gallery/1/2", zone: "rest", kind: "document", status: 404},
		{path: "/api/echo", zone: "next16", kind: "api", status: 200, contains: "GET"},
		{path: "/sitemap.xml", zone: "next16", kind: "document", status: 200, contains: "urlset"},
		{path: "/plain.txt", zone: "next16", kind: "document", status: 200},
		{path: "/files/caf%C3%A9%20menu.txt", zone: "next16", kind: "document", status: 200},
		{path: "/private", zone: "next16", kind: "document", status: 401},
		{path: "/atlas-static" + set.Next16.Build.Static[0], zone: "next16", kind: "static", status: 200},
		{path: set.Next16.Build.Static[0], zone: "next16", kind: "static", status: 200},
		{path: "/atlas-static/_next/data/" + constant + "/open.json", zone: "next16", kind: "refused", status: 404},
		{path: image("/_next/image", "/photo.jpg"), zone: "next16", kind: "image", status: 200},
		{path: image("/_next/image", "/nobodys.jpg"), zone: "rest", kind: "image", status: 404},
		{path: "/_next/data/" + constant + "/open.json", zone: "next16", kind: "data", status: 200},

		{path: "/market/", zone: "next15", kind: "document", status: 200},
		{path: "/market/open/", zone: "next15", kind: "document", status: 200},
		{path: "/market/open", zone: "next15", kind: "document", status: 308},
		{path: "/market-files" + set.Next15.Build.Static[0], zone: "next15", kind: "static", status: 200},
		{path: "/market" + set.Next15.Build.Static[0], zone: "next15", kind: "static", status: 200},
		{path: "/market/_next/data/" + id + "/p/ssr.json", zone: "next15", kind: "data", status: 200, contains: "pageProps"},
		{path: image("/market/_next/image/", "/market/photo.jpg"), zone: "next15", kind: "image", status: 200},
		{path: "/market-files/elsewhere", zone: "rest", kind: "document", status: 404},

		{path: "/depot/fr/open", zone: "monorepo", kind: "document", status: 200},
		{path: "/depot" + set.Monorepo.Build.Static[0], zone: "monorepo", kind: "static", status: 200},
		{path: "/depot/_next/data/" + constant + "/fr/items/one.json", zone: "monorepo", kind: "data", status: 200, contains: "pageProps"},
		{path: "/depot/plain.txt", zone: "monorepo", kind: "document", status: 200},
	}
	client := e.Client(t, edgetest.H2)
	for _, test := range tests {
		t.Run(harness.NoSlash(test.path), func(t *testing.T) {
			mark := harness.NextMark()
			a := edgetest.Get(t, client, e.TLSURL(test.path), append(test.headers, harness.MarkHeader, mark)...)
			assert.Equal(t, test.status, a.StatusCode)
			assert.Contains(t, a.Text, test.contains)
			line := e.LoggedAs(t, mark)
			assert.Equal(t, test.zone, line.Zone)
			assert.Equal(t, test.kind, line.Kind)
		})
	}
}

func TestAZoneByHostHasItsHostAlone(t *testing.T) {
	_, _, port := formsEdge(t)
	address := fmt.Sprintf("localhost:%d", port)
	for _, test := range []struct {
		host, path string
		status     int
		contains   string
	}{
		{"legacy.localhost", "/open", 200, "legacy-static"},
		{"legacy.localhost", "/", 200, "legacy-static"},
		{"legacy.localhost", "/private", 401, "no entry"},
		{"localhost", "/open", 404, ""},
		{"localhost", "/", 200, "The boat to Ostrey"},
	} {
		a := harness.RawGet(t, address, test.path, fmt.Sprintf("%s:%d", test.host, port))
		assert.Equal(t, test.status, a.StatusCode, "%s%s", test.host, test.path)
		assert.Contains(t, a.Text, test.contains, "%s%s", test.host, test.path)
	}
}

// The client of Next.js knows by the headers of an answer that a route is intercepted: the modal opens over the page,
// the address alone is a page of its own.
func TestAnInterceptedRouteOpensItsModal(t *testing.T) {
	e, _, _ := formsEdge(t)
	w := harness.OpenWindow(t, e, "/gallery")
	w.Settle(t)
	harness.Eval[string](t, w, harness.LeaveMark)
	documents := w.DocumentCount()
	for _, id := range []string{"1", "2"} {
		w.Click(t, `a[href="/gallery/`+id+`"]`)
		w.WaitFor(t, `location.pathname === "/gallery/`+id+`" && document.querySelector("dialog")?.textContent.includes("Photo `+id+` in a modal")`)
		assert.True(t, harness.Eval[bool](t, w, `document.querySelector("h1").textContent === "Gallery"`),
			"the page stays below")
		harness.Eval[bool](t, w, `(history.back(), true)`)
		w.WaitFor(t, `location.pathname === "/gallery" && !document.querySelector("dialog")`)
	}
	assert.Equal(t, "kept", harness.Eval[string](t, w, `String(window.__marker)`))
	assert.Equal(t, documents, w.DocumentCount(), "no document is asked for")

	alone := harness.OpenWindow(t, e, "/gallery/1")
	alone.WaitFor(t, `document.querySelector("h1")?.textContent === "Photo 1 as a page"`)
	assert.True(t, harness.Eval[bool](t, alone, `!document.querySelector("dialog")`))
	for _, window := range []*harness.Window{w, alone} {
		assert.Empty(t, window.AllTroubles())
	}
}

// Server actions of a zone that only its build tells apart, called by script: one answers, one redirects.
func TestServerActionsReachAZoneWithoutBasePath(t *testing.T) {
	e, _, _ := formsEdge(t)
	w := harness.OpenWindow(t, e, "/form")
	w.WaitFor(t, `Object.keys(document.querySelector("form") ?? {}).some(key => key.startsWith("__reactProps"))`)
	harness.Eval[string](t, w, harness.LeaveMark)
	w.Run(t, chromedp.SendKeys(chromedp.CSS(`input[name="text"]`), "a parcel"), chromedp.Click(chromedp.CSS(`output`)))
	harness.Eval[bool](t, w, `(document.querySelector("form").requestSubmit(), true)`)
	w.WaitFor(t, `document.querySelector("output").textContent === "received a parcel"`)
	harness.Eval[bool](t, w, `([...document.querySelectorAll("button")].find(button => button.textContent === "go").click(), true)`)
	w.WaitFor(t, `location.pathname === "/open"`)
	assert.Equal(t, "kept", harness.Eval[string](t, w, `String(window.__marker)`))
	assert.Empty(t, w.AllTroubles())
}

// Pages of each zone come with their scripts, styles and pictures.
func TestPagesOfEveryZoneFormLoadWithoutTrouble(t *testing.T) {
	e, _, _ := formsEdge(t)
	for _, path := range []string{"/", "/gallery", "/market/", "/form"} {
		t.Run(harness.NoSlash(path), func(t *testing.T) {
			w := harness.OpenWindow(t, e, path)
			harness.Eval[bool](t, w, `(document.querySelectorAll("img").forEach(img => img.loading = "eager"), true)`)
			w.WaitFor(t, `document.readyState === "complete" && [...document.images].every(img => img.complete)`)
			assert.Zero(t, harness.Eval[int](t, w, `[...document.images].filter(img => img.naturalWidth === 0).length`),
				"pictures without a picture")
			troubles := w.AllTroubles()
			for _, trouble := range troubles {
				// Links to what the middleware guards are prefetched.
				assert.True(t, strings.Contains(trouble, "401") || strings.Contains(trouble, "favicon.ico"), trouble)
			}
			assert.Equal(t, http.StatusOK, harness.Eval[int](t, w, `performance.getEntriesByType("navigation")[0].responseStatus`))
		})
	}
}
