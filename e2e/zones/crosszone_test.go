//go:build e2e

package zones_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

func crossZoneSeries(zone string) string {
	return fmt.Sprintf("caddy_nextjs_cross_zone_navigations_total{zone=%q}", zone)
}

// A <Link> to another zone is prefetched and followed by the client's router; the edge answers both, and the client
// loads the document.
func TestASoftNavigationToAnotherZoneLoadsItsDocument(t *testing.T) {
	e, f := harness.SharedEdge(t)
	tests := []struct{ from, to, zone string }{
		{"/about", "/blog", "blog"},
		{"/about", "/shop", "shop"},
		{"/about", "/blog/fog-signal?a=1#top", "blog"},
		// Now the pages of the blog are known to send their path as Referer.
		{"/", "/blog", "blog"},
	}
	for _, test := range tests {
		t.Run(harness.NoSlash(test.from+" to "+test.to), func(t *testing.T) {
			w := harness.OpenWindow(t, e, test.from)
			w.Settle(t)
			harness.Eval[string](t, w, harness.LeaveMark)
			documents, answered := w.DocumentCount(), e.Metric(t, crossZoneSeries(test.zone))
			asked := f.ByZone(test.zone).Log.Mark()

			harness.Eval[bool](t, w, `(window.next.router.prefetch(`+harness.Quoted(test.to)+`), true)`)
			edgetest.Eventually(t, edgetest.Patience/3, func() bool {
				return e.Metric(t,
					crossZoneSeries(test.zone)) > answered
			}, "the prefetch is answered by the edge")
			require.Equal(t, "kept", harness.Eval[string](t, w, `String(window.__marker)`), "a prefetch does nothing")
			require.Equal(t, documents, w.DocumentCount())
			require.Empty(t, w.AllTroubles())

			answered = e.Metric(t, crossZoneSeries(test.zone))
			harness.Eval[bool](t, w, `(window.next.router.push(`+harness.Quoted(test.to)+`), true)`)
			w.WaitFor(t, `location.pathname + location.search + location.hash === `+harness.Quoted(test.to)+` && document.body?.dataset.zone === `+harness.Quoted(test.zone))
			w.Settle(t)
			assert.Equal(t, "undefined", harness.Eval[string](t, w, `String(window.__marker)`), "the document is another")
			assert.Equal(t, documents+1, w.DocumentCount(), "one document is asked for")
			assert.LessOrEqual(t, e.Metric(t, crossZoneSeries(test.zone)), answered+3, "the client does not ask again and again")
			assert.Empty(t, w.AllTroubles())
			assert.Empty(t, f.ByZone(test.zone).Log.Since(asked), "the application has nothing to complain about")

			// Back by the browser is as after any other document.
			harness.Eval[bool](t, w, `(history.back(), true)`)
			w.WaitFor(t, `location.pathname === `+harness.Quoted(test.from)+` && document.readyState === "complete"`)
			w.Settle(t)
			assert.Empty(t, w.AllTroubles())
		})
	}
}

// Pages that send no Referer are known by what their router sends, if only one of the builds has a page of that name.
func TestASoftNavigationWithoutRefererLoadsTheDocument(t *testing.T) {
	f := harness.NextApps(t)
	build := func(a *harness.App) string { return filepath.Join(a.Dir, ".next", "standalone") }
	e := harness.StartEdge(t, nil, harness.Setup{
		Site: "\theader Referrer-Policy no-referrer\n",
		Zones: fmt.Sprintf("\t\tzone home / %s {\n\t\t\tbuild %s\n\t\t}\n\t\tzone %s blog {\n\t\t\tbuild %s\n\t\t}\n",
			f.Home.Upstream(), build(f.Home), f.Blog.Upstream(), build(f.Blog)),
	})
	for _, to := range []string{"/blog", "/blog/fog-signal"} {
		t.Run(harness.NoSlash(to), func(t *testing.T) {
			w := harness.OpenWindow(t, e, "/about")
			w.Settle(t)
			documents, answered := w.DocumentCount(), e.Metric(t, crossZoneSeries("blog"))
			harness.Eval[bool](t, w, `(window.next.router.push(`+harness.Quoted(to)+`), true)`)
			w.WaitFor(t, `location.pathname === `+harness.Quoted(to)+` && document.body?.dataset.zone === "blog"`)
			w.Settle(t)
			require.Empty(t, harness.Eval[string](t, w, `document.referrer`), "the test is sharp")
			assert.Equal(t, documents+1, w.DocumentCount(), "one document is asked for")
			assert.Greater(t, e.Metric(t, crossZoneSeries("blog")), answered, "the edge has told it")
			assert.Empty(t, w.AllTroubles())
		})
	}
	// Inside a zone it goes on as before.
	w := harness.OpenWindow(t, e, "/blog/search")
	w.Settle(t)
	documents, blog := w.DocumentCount(), e.Metric(t, crossZoneSeries("blog"))
	harness.Eval[bool](t, w, `(window.next.router.push("/fog-signal"), true)`)
	w.WaitFor(t, `location.pathname === "/blog/fog-signal"`)
	w.Settle(t)
	assert.Equal(t, documents, w.DocumentCount())
	assert.Equal(t, blog, e.Metric(t, crossZoneSeries("blog")))
	assert.Empty(t, w.AllTroubles())
}

// Inside a zone nothing of this happens, whatever the browser sends as Referer.
func TestSoftNavigationsInsideAZoneAreNotAnsweredByTheEdge(t *testing.T) {
	e, _ := harness.SharedEdge(t)
	client := e.Client(t, edgetest.H2)
	for _, referer := range []string{"", e.TLSURL("/blog"), e.TLSURL("/blog/search?q=1"), "https://elsewhere.example/about"} {
		a := edgetest.Get(t, client, e.TLSURL("/blog/fog-signal"), "RSC", "1", "Referer", referer)
		assert.Equal(t, "text/x-component", a.Header.Get("Content-Type"), referer)
	}
	a := edgetest.Get(t, client, e.TLSURL("/blog/fog-signal"), "RSC", "1", "Referer", e.TLSURL("/about"))
	assert.Equal(t, "text/html; charset=utf-8", a.Header.Get("Content-Type"))
	assert.Empty(t, a.Text)
}
