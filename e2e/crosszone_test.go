//go:build e2e

package e2e_test

import (
	"bufio"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// metric returns the value of a metric, given as it stands in the edge's own list: name{label="value"}. One that is not there is 0.
func (e *edge) metric(t testing.TB, series string) float64 {
	t.Helper()
	a := get(t, plainClient(t), fmt.Sprintf("http://localhost:%d/metrics", e.adminPort))
	require.Equal(t, http.StatusOK, a.StatusCode)
	for lines := bufio.NewScanner(strings.NewReader(a.body)); lines.Scan(); {
		if value, found := strings.CutPrefix(lines.Text(), series+" "); found {
			number, err := strconv.ParseFloat(value, 64)
			require.NoError(t, err)
			return number
		}
	}
	return 0
}

func crossZoneSeries(zone string) string {
	return fmt.Sprintf("caddy_nextjs_cross_zone_navigations_total{zone=%q}", zone)
}

// A <Link> to another zone is prefetched and followed by the client's router; the edge answers both, and the client loads the document.
func TestASoftNavigationToAnotherZoneLoadsItsDocument(t *testing.T) {
	e, f := sharedEdge(t)
	tests := []struct{ from, to, zone string }{
		{"/about", "/blog", "blog"},
		{"/about", "/shop", "shop"},
		{"/about", "/blog/fog-signal?a=1#top", "blog"},
		// Now the pages of the blog are known to send their path as Referer.
		{"/", "/blog", "blog"},
	}
	for _, test := range tests {
		t.Run(noSlash(test.from+" to "+test.to), func(t *testing.T) {
			w := openWindow(t, e, test.from)
			w.settle(t)
			eval[string](t, w, leaveMark)
			documents, answered := w.documentCount(), e.metric(t, crossZoneSeries(test.zone))
			asked := f.byZone(test.zone).log.mark()

			eval[bool](t, w, `(window.next.router.prefetch(`+quoted(test.to)+`), true)`)
			eventually(t, patience/3, func() bool { return e.metric(t, crossZoneSeries(test.zone)) > answered }, "the prefetch is answered by the edge")
			require.Equal(t, "kept", eval[string](t, w, `String(window.__marker)`), "a prefetch does nothing")
			require.Equal(t, documents, w.documentCount())
			require.Empty(t, w.allTroubles())

			answered = e.metric(t, crossZoneSeries(test.zone))
			eval[bool](t, w, `(window.next.router.push(`+quoted(test.to)+`), true)`)
			w.waitFor(t, `location.pathname + location.search + location.hash === `+quoted(test.to)+` && document.body?.dataset.zone === `+quoted(test.zone))
			w.settle(t)
			assert.Equal(t, "undefined", eval[string](t, w, `String(window.__marker)`), "the document is another")
			assert.Equal(t, documents+1, w.documentCount(), "one document is asked for")
			assert.LessOrEqual(t, e.metric(t, crossZoneSeries(test.zone)), answered+3, "the client does not ask again and again")
			assert.Empty(t, w.allTroubles())
			assert.Empty(t, f.byZone(test.zone).log.since(asked), "the application has nothing to complain about")

			// Back by the browser is as after any other document.
			eval[bool](t, w, `(history.back(), true)`)
			w.waitFor(t, `location.pathname === `+quoted(test.from)+` && document.readyState === "complete"`)
			w.settle(t)
			assert.Empty(t, w.allTroubles())
		})
	}
}

// Pages that send no Referer are known by what their router sends, if only one of the builds has a page of that name.
func TestASoftNavigationWithoutRefererLoadsTheDocument(t *testing.T) {
	f := nextApps(t)
	build := func(a *app) string { return filepath.Join(a.dir, ".next", "standalone") }
	e := startEdge(t, nil, setup{
		site:  "\theader Referrer-Policy no-referrer\n",
		zones: fmt.Sprintf("\t\tzone home / %s {\n\t\t\tbuild %s\n\t\t}\n\t\tzone %s blog {\n\t\t\tbuild %s\n\t\t}\n", f.home.upstream(), build(f.home), f.blog.upstream(), build(f.blog)),
	})
	for _, to := range []string{"/blog", "/blog/fog-signal"} {
		t.Run(noSlash(to), func(t *testing.T) {
			w := openWindow(t, e, "/about")
			w.settle(t)
			documents, answered := w.documentCount(), e.metric(t, crossZoneSeries("blog"))
			eval[bool](t, w, `(window.next.router.push(`+quoted(to)+`), true)`)
			w.waitFor(t, `location.pathname === `+quoted(to)+` && document.body?.dataset.zone === "blog"`)
			w.settle(t)
			require.Empty(t, eval[string](t, w, `document.referrer`), "the test is sharp")
			assert.Equal(t, documents+1, w.documentCount(), "one document is asked for")
			assert.Greater(t, e.metric(t, crossZoneSeries("blog")), answered, "the edge has told it")
			assert.Empty(t, w.allTroubles())
		})
	}
	// Inside a zone it goes on as before.
	w := openWindow(t, e, "/blog/search")
	w.settle(t)
	documents, blog := w.documentCount(), e.metric(t, crossZoneSeries("blog"))
	eval[bool](t, w, `(window.next.router.push("/fog-signal"), true)`)
	w.waitFor(t, `location.pathname === "/blog/fog-signal"`)
	w.settle(t)
	assert.Equal(t, documents, w.documentCount())
	assert.Equal(t, blog, e.metric(t, crossZoneSeries("blog")))
	assert.Empty(t, w.allTroubles())
}

// Inside a zone nothing of this happens, whatever the browser sends as Referer.
func TestSoftNavigationsInsideAZoneAreNotAnsweredByTheEdge(t *testing.T) {
	e, _ := sharedEdge(t)
	client := e.client(t, "HTTP/2.0")
	for _, referer := range []string{"", e.tlsURL("/blog"), e.tlsURL("/blog/search?q=1"), "https://elsewhere.example/about"} {
		a := get(t, client, e.tlsURL("/blog/fog-signal"), "RSC", "1", "Referer", referer)
		assert.Equal(t, "text/x-component", a.Header.Get("Content-Type"), referer)
	}
	a := get(t, client, e.tlsURL("/blog/fog-signal"), "RSC", "1", "Referer", e.tlsURL("/about"))
	assert.Equal(t, "text/html; charset=utf-8", a.Header.Get("Content-Type"))
	assert.Empty(t, a.body)
}
