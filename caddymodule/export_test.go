package caddymodule

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// writeExport writes an export with a page /about, and returns its directory.
func writeExport(t *testing.T, id string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "out")
	buildtest.WriteExport(t, dir, id, map[string]string{"about.html": buildtest.Page("", "about"), "about.txt": "0:about", "app.rsc": "a file"})
	return dir
}

func TestAnExportIsServedWithoutNextJS(t *testing.T) {
	dir := writeExport(t, "abc")
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone exported {\n export %s\n }\n}", dir))
	memory := func() float64 { return metric(t, "static_requests_total", "exported", "memory") }
	before := memory()
	for range 2 {
		res := e.Ask(t, http.MethodGet, "/about")
		assert.Equal(t, http.StatusOK, res.StatusCode)
		assert.Equal(t, buildtest.Page("", "about"), res.Text)
		assert.Equal(t, "public, max-age=0, must-revalidate", res.Header.Get("Cache-Control"))
	}
	assert.InDelta(t, before+1, memory(), 0)
	// The client of an exported application asks for payloads by their file, with the headers of a soft navigation.
	res := e.Ask(t, http.MethodGet, "/about.txt?_rsc=abc", "RSC", "1", "Next-Router-State-Tree", "x")
	assert.Equal(t, "0:about", res.Text)
	assert.Equal(t, "text/plain; charset=UTF-8", res.Header.Get("Content-Type"))
	res = e.Ask(t, http.MethodGet, "/_next/static/chunks/a.js")
	assert.Equal(t, "public, max-age=31536000, immutable", res.Header.Get("Cache-Control"))
	res = e.Ask(t, http.MethodGet, "/app.rsc")
	assert.Equal(t, "a file", res.Text)

	res = e.Ask(t, http.MethodGet, "/_next/static/chunks/old.js")
	assert.Equal(t, http.StatusNotFound, res.StatusCode)
	assert.Equal(t, "private, no-cache, no-store, max-age=0, must-revalidate", res.Header.Get("Cache-Control"))
	assert.Equal(t, buildtest.Page("", "nothing here"), res.Text)

	res = e.Ask(t, http.MethodGet, "/about/?a=b+c")
	assert.Equal(t, http.StatusPermanentRedirect, res.StatusCode)
	assert.Equal(t, "/about?a=b%20c", res.Header.Get("Location"))
	assert.Equal(t, "0;url=/about?a=b%20c", res.Header.Get("Refresh"))
	assert.Equal(t, "/about?a=b%20c", res.Text)

	for _, method := range []string{http.MethodPost, http.MethodOptions, http.MethodDelete} {
		res = e.Ask(t, method, "/about")
		assert.Equal(t, http.StatusMethodNotAllowed, res.StatusCode, method)
		assert.Equal(t, "GET, HEAD", res.Header.Get("Allow"), method)
	}
	res = e.Ask(t, http.MethodGet, "/about", "Connection", "Upgrade", "Upgrade", "websocket")
	assert.Equal(t, http.StatusNotFound, res.StatusCode)
}

func TestAnExportWithoutAPageForWhatIsNotFound(t *testing.T) {
	dir := writeExport(t, "abc")
	require.NoError(t, os.Remove(filepath.Join(dir, "404.html")))
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone {\n export %s\n }\n}\nhandle_errors {\n respond \"sorry: {err.status_code}\"\n}", dir))
	res := e.Ask(t, http.MethodGet, "/nowhere")
	assert.Equal(t, http.StatusNotFound, res.StatusCode)
	assert.Equal(t, "sorry: 404", res.Text)
}

// Whatever is asked of an export, the proxy behind is not asked.
func TestNoRequestToAnExportReachesTheProxy(t *testing.T) {
	dir := writeExport(t, "abc")
	for _, off := range []string{"", "static off\n"} {
		e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n %szone / %s\n zone /docs {\n export %s\n }\n}\nhandle_errors {\n respond \"{err.status_code} {err.message}\"\n}", off, edgetest.Named(t, "root"), dir))
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, "BREW"} {
			for _, path := range []string{"/docs", "/docs/", "/docs/about", "/docs/nowhere", "/docs//about", "/docs/api/x", "/docs/_next/image?url=x", "/docs/_next/hmr", "/docs/_next/data/x/y.json", "/docs/x.rsc", "/docs/..%2f"} {
				for _, headers := range [][]string{nil, {"RSC", "1"}, {"Next-Action", "x"}, {"Connection", "Upgrade", "Upgrade", "websocket"}} {
					res := e.Ask(t, method, path, headers...)
					assert.NotEqual(t, "root", res.Text, "%s %s %q", method, path, headers)
					assert.Less(t, res.StatusCode, 500, "%s %s %q: %s", method, path, headers, res.Text)
				}
			}
		}
		res := e.Ask(t, http.MethodGet, "/elsewhere")
		assert.Equal(t, "root", res.Text)
	}
	// Written in JSON without the handler that answers, the request fails and says why.
	config := fmt.Sprintf(`{"handler": "nextjs", "zones": [{"paths": ["/"], "export": %q}]}, {"handler": "reverse_proxy", "dynamic_upstreams": {"source": "nextjs"}, "transport": {"protocol": "nextjs"}}`, dir)
	port := edgetest.FreePort(t)
	require.NoError(t, loadRoute(port, config))
	status, _ := (&edgetest.Edge{Port: port}).Get(t, "localhost", "/about")
	assert.Equal(t, http.StatusServiceUnavailable, status)
}

func TestExportsByPathAndHostAndTheirBuilds(t *testing.T) {
	plain, docs := writeExport(t, "abc"), filepath.Join(t.TempDir(), "out")
	buildtest.WriteExport(t, docs, "def", map[string]string{"about/index.html": buildtest.Page("/docs", "docs"), "404/index.html": buildtest.Page("/docs", "x")})
	dist := filepath.Join(t.TempDir(), ".next")
	buildtest.Write(t, dist, buildtest.Build{
		ID: "def", Config: buildtest.JSON{"basePath": "/docs", "trailingSlash": true},
		Routes: buildtest.JSON{"redirects": []buildtest.JSON{{"source": "/docs/old", "destination": "/docs/about/", "statusCode": 307, "regex": `^/docs/old(?:/)?$`}}},
	})
	e := edgetest.Serve(t, fmt.Sprintf(`nextjs {
		zone / %s
		zone docs {
			export %s
			build %s
		}
		zone tenants / {
			export %s
			host other.example
		}
	}`, edgetest.Named(t, "root"), docs, dist, plain))
	res := e.Ask(t, http.MethodGet, "/docs/about/")
	assert.Equal(t, buildtest.Page("/docs", "docs"), res.Text)
	res = e.Ask(t, http.MethodGet, "/docs/old?x=1")
	assert.Equal(t, "/docs/about/?x=1", res.Header.Get("Location"))
	res = e.Ask(t, http.MethodGet, "/about")
	assert.Equal(t, "root", res.Text)
	require.ErrorContains(t, e.Load(t, fmt.Sprintf("nextjs {\n zone {\n export %s\n build %s\n }\n}", plain, dist)),
		"has the id def, the export in "+plain+" is of abc")
	require.ErrorContains(t, e.Load(t, "nextjs {\n zone {\n export "+dist+"\n }\n}"),
		"zone root: export: reading the export in "+dist+": it is a build")
}

func TestTheFilesOfAnExportAreListed(t *testing.T) {
	dir := writeExport(t, "abc")
	edgetest.Serve(t, fmt.Sprintf("nextjs {\n static off\n zone /docs {\n export %s\n }\n}", dir))
	zone := runningReport(t).Zones[0]
	require.NotNil(t, zone.Build)
	assert.False(t, zone.StaticOff)
	assert.Equal(t, "abc", zone.Build.ID)
	assert.Equal(t, "/docs/_next/static/", zone.Build.Static.Path)
	assert.NotZero(t, zone.Build.Static.Files)
	assert.Equal(t, "/docs/", zone.Build.Public.Path)
	assert.GreaterOrEqual(t, zone.Build.Public.Files, 4, "pages and payloads too")
	assert.Empty(t, zone.Build.NotServed)
}

func TestAnExportIsReady(t *testing.T) {
	dir := writeExport(t, "abc")
	e := edgetest.Serve(t, healthSite+fmt.Sprintf("handle {\n nextjs {\n zone {\n export %s\n }\n }\n}", dir), atOnce)
	status, report := probe(t, e, "/readyz")
	assert.Equal(t, http.StatusOK, status)
	require.Len(t, report.Zones, 1)
	assert.True(t, report.Zones[0].Ready)
}

func TestTheVerdictOfAnExportIsLogged(t *testing.T) {
	dir, log := writeExport(t, "abc"), filepath.Join(t.TempDir(), "access.log")
	e := edgetest.Serve(t, fmt.Sprintf("log {\n output file %s\n}\nnextjs {\n zone {\n export %s\n }\n}", log, dir))
	want := []string{"page", "public", "static", "redirect", "unknown", "method"}
	for _, path := range []string{"/about", "/about.txt", "/_next/static/chunks/a.js", "/about/", "/nowhere"} {
		e.Ask(t, http.MethodGet, path)
	}
	e.Ask(t, http.MethodPost, "/about")
	require.Eventually(t, func() bool {
		data, _ := os.ReadFile(log)
		var got []string
		for line := range strings.Lines(string(data)) {
			var entry struct{ Verdict string }
			if json.Unmarshal([]byte(line), &entry) == nil {
				got = append(got, entry.Verdict)
			}
		}
		return assert.ObjectsAreEqual(want, got)
	}, edgetest.Patience, time.Millisecond)
}

// A reload, and a new export in the place of the old, give back what the old has held.
func TestAnExportIsReplacedAndGivenBack(t *testing.T) {
	dir := writeExport(t, "abc")
	none := assets.HeldFiles()
	site := fmt.Sprintf("nextjs {\n watch 10ms\n zone replaced {\n export %s\n }\n}", dir)
	e := edgetest.Serve(t, site)
	taken := buildReadsTotal.WithLabelValues("replaced", "taken")
	before, held := testutil.ToFloat64(taken), assets.HeldFiles()
	assert.Greater(t, held, none)

	require.NoError(t, os.RemoveAll(dir))
	res := e.Ask(t, http.MethodGet, "/")
	assert.Equal(t, buildtest.Page("", "home of abc"), res.Text, "what is gone is served until something else is there")
	buildtest.WriteExport(t, dir, "def", map[string]string{"about.html": buildtest.Page("", "other"), "x.txt": "", "y.txt": ""})
	require.Eventually(t, func() bool { return testutil.ToFloat64(taken) >= before+2 }, edgetest.Patience,
		time.Millisecond, "both sites of the test's edge take it")
	res = e.Ask(t, http.MethodGet, "/")
	assert.Equal(t, buildtest.Page("", "home of def"), res.Text)
	assert.Equal(t, held, assets.HeldFiles(), "as many files as before")

	require.NoError(t, e.Load(t, "nextjs "+edgetest.Named(t, "x")))
	require.Eventually(t, func() bool { return assets.HeldFiles() == none }, edgetest.Patience, time.Millisecond)
}

// A soft navigation from a page of one zone to another loads the document, also where one of them is an export.
func TestSoftNavigationsBetweenExportsAndOthers(t *testing.T) {
	dir := writeExport(t, "abc")
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / %s\n zone /docs {\n export %s\n }\n}", edgetest.Named(t, "root"),
		dir))
	for _, c := range []struct{ path, from, body string }{
		{"/docs/about.txt?_rsc=x", "/docs/", "0:about"}, {"/docs/about.txt?_rsc=x", "/shop", ""}, {"/docs/about", "/shop", ""}, {"/shop.txt?_rsc=x", "/docs/about", ""}, {"/shop", "/cart", "root"},
	} {
		res := e.Ask(t, http.MethodGet, c.path, "RSC", "1", "Referer", e.URL(c.from))
		assert.Equal(t, http.StatusOK, res.StatusCode, c.path)
		assert.Equal(t, c.body, res.Text, "%s from %s", c.path, c.from)
	}
}

func TestSpeculationRulesStandOnPagesOfExports(t *testing.T) {
	dir := writeExport(t, "abc")
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n speculation prefetch\n zone / %s\n zone /docs {\n export %s\n }\n}",
		edgetest.Named(t, "root"), dir))
	res := e.Ask(t, http.MethodGet, "/docs/about")
	assert.Equal(t, `"/_caddy-nextjs/speculation/docs.json"`, res.Header.Get("Speculation-Rules"))
	res = e.Ask(t, http.MethodGet, "/docs/about.txt")
	assert.Empty(t, res.Header.Get("Speculation-Rules"))
}

// loadRoute loads a configuration of one route that has the given handlers.
func loadRoute(port, handlers string) error {
	return caddy.Load([]byte(fmt.Sprintf(`{"admin": {"disabled": true, "config": {"persist": false}}, "apps": {"http": {"servers": {"edge": {
		"listen": ["127.0.0.1:%s"], "automatic_https": {"disable": true}, "routes": [{"handle": [%s]}]}}}}}`, port, handlers)), true)
}
