//go:build e2e

package zones_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// asksFor returns the requests for a document in the access log, each as what the browser says it is for (Sec-Purpose).
func asksFor(t testing.TB, e *harness.Edge, target string) (purposes []string) {
	t.Helper()
	text, err := os.ReadFile(e.AccessLog())
	require.NoError(t, err)
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			Request struct {
				URI     string      `json:"uri"`
				Headers http.Header `json:"headers"`
			} `json:"request"`
		}
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Request.URI == target {
			purposes = append(purposes, line.Request.Headers.Get("Sec-Purpose"))
		}
	}
	return purposes
}

// hover puts the mouse on an element.
func hover(t testing.TB, w *harness.Window, selector string) {
	t.Helper()
	at := harness.Eval[[]float64](t, w,
		`(box => [box.x + box.width / 2, box.y + box.height / 2])(document.querySelector(`+harness.Quoted(selector)+`).getBoundingClientRect())`)
	w.Run(t, chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at[0], at[1]))
}

// A browser that knows speculation rules asks for the page of another zone while the mouse is on its link, and not
// again after the click. (Chromium under DevTools runs no page ahead, PrerenderingDisabledByDevTools, but uses what it
// has loaded for that.)
func TestPagesOfOtherZonesAreThereBeforeTheClick(t *testing.T) {
	for _, test := range []struct{ words, purpose string }{
		{"prefetch", "prefetch"},
		{"prerender", "prefetch;prerender"},
		{"prefetch eager", "prefetch"},
	} {
		t.Run(harness.NoSlash(test.words), func(t *testing.T) {
			e := harness.StartEdge(t, harness.NextApps(t), harness.Setup{Zones: "speculation " + test.words})
			for _, way := range []struct{ from, link, to, zone string }{
				{"/", `nav.zones a[href="/blog"]`, "/blog", "blog"},
				{"/blog/fog-signal", `nav.zones a[href="/shop"]`, "/shop", "shop"},
				{"/shop", `nav.zones a[href="/"]`, "/", "home"},
			} {
				w := harness.OpenWindow(t, e, way.from)
				w.Settle(t)
				before := len(asksFor(t, e, way.to))
				hover(t, w, way.link)
				edgetest.Eventually(t, edgetest.Patience/3, func() bool { return len(asksFor(t, e, way.to)) > before }, "the page is loaded while the mouse is on its link")
				w.Click(t, way.link)
				w.WaitFor(t, `location.pathname === `+harness.Quoted(way.to)+` && document.body?.dataset.zone === `+harness.Quoted(way.zone))
				w.Settle(t)
				assert.Equal(t, "navigational-prefetch", harness.Eval[string](t, w,
					`performance.getEntriesByType("navigation")[0].deliveryType`))
				assert.Equal(t, []string{test.purpose}, asksFor(t, e, way.to)[before:], "the page is asked for once")
				assert.Empty(t, w.AllTroubles())
			}
		})
	}
}

func TestOnlyPagesOfOtherZonesAreLoadedAhead(t *testing.T) {
	e := harness.StartEdge(t, harness.NextApps(t), harness.Setup{Zones: "speculation prefetch eager"})
	w := harness.OpenWindow(t, e, "/about")
	w.Settle(t)
	const links = `document.body.insertAdjacentHTML("beforeend", '<div id="links" style="position:fixed;inset:0;z-index:99999;background:#fff">' +
		[ ["a", "/visit"], ["b", "/api/echo"], ["c", "/blog/api/time"], ["d", "/shop/_next/static/x"], ["e", "/blog/fog-signal?nofollow", "rel=nofollow"],
		  ["f", "/shop/prints/gannet.jpg", "download"], ["g", "/blogger"], ["z1", "/blog/fog-signal?a=1#top"], ["z2", "/shop"] ]
		.map(([id, href, more]) => '<a id="' + id + '" href="' + href + '" ' + (more ?? "") + ' style="display:block;height:2em">' + href + '</a>').join("") + '</div>')`
	harness.Eval[bool](t, w, "("+links+", true)")
	for id, target := range map[string]string{
		"a": "/visit", "b": "/api/echo", "c": "/blog/api/time", "d": "/shop/_next/static/x", "e": "/blog/fog-signal?nofollow",
		"f": "/shop/prints/gannet.jpg", "g": "/blogger",
	} {
		before := len(asksFor(t, e, target))
		hover(t, w, "#"+id)
		assert.False(t, edgetest.Poll(time.Second, func() bool { return len(asksFor(t, e, target)) > before }), "%s is left alone", target)
	}
	for id, target := range map[string]string{"z1": "/blog/fog-signal?a=1", "z2": "/shop"} {
		hover(t, w, "#"+id)
		edgetest.Eventually(t, edgetest.Patience/3, func() bool { return len(asksFor(t, e, target)) > 0 }, "%s is loaded ahead: this test is sharp", target)
	}
	assert.Empty(t, w.AllTroubles())
}
