//go:build e2e

package browser_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

func TestNavigationInsideAZoneLoadsNoDocument(t *testing.T) {
	e, _ := harness.SharedEdge(t)
	tests := []struct{ zone, from, link, to string }{
		{"home", "/", `nav.pages a[href="/about"]`, "/about"},
		{"home", "/visit", `nav.pages a[href="/guestbook"]`, "/guestbook"},
		{"blog", "/blog", `a[data-testid="post-link"][href="/blog/fog-signal"]`, "/blog/fog-signal"},
		{"blog", "/blog", `nav.pages a[href="/blog/search"]`, "/blog/search"},
		{"shop", "/shop", `a[data-testid="product-link"][href="/shop/p/gannet"]`, "/shop/p/gannet"},
		{"shop", "/shop", `nav.pages a[href="/shop/basket"]`, "/shop/basket"},
	}
	for _, test := range tests {
		t.Run(harness.NoSlash(test.zone+test.to), func(t *testing.T) {
			w := harness.OpenWindow(t, e, test.from)
			w.Settle(t)
			title := harness.Eval[string](t, w, harness.TitleText)
			harness.Eval[string](t, w, harness.LeaveMark)
			documents := w.DocumentCount()

			w.Click(t, test.link)
			w.WaitFor(t, `location.pathname === "`+test.to+`" && `+harness.TitleText+` !== `+harness.Quoted(title))

			assert.Equal(t, "kept", harness.Eval[string](t, w, `String(window.__marker)`), "the document stays")
			assert.Equal(t, documents, w.DocumentCount(), "no document is asked for")
			assert.Equal(t, test.zone, harness.Eval[string](t, w, `document.body.dataset.zone`))
			assert.Empty(t, w.AllTroubles())
		})
	}
}

func TestNavigationToAnotherZoneLoadsADocument(t *testing.T) {
	e, _ := harness.SharedEdge(t)
	tests := []struct{ from, link, to, zone string }{
		{"/", `nav.zones a[href="/blog"]`, "/blog", "blog"},
		{"/blog", `nav.zones a[href="/shop"]`, "/shop", "shop"},
		{"/shop", `nav.zones a[href="/"]`, "/", "home"},
	}
	for _, test := range tests {
		t.Run(harness.NoSlash(test.from+" to "+test.to), func(t *testing.T) {
			w := harness.OpenWindow(t, e, test.from)
			w.Settle(t)
			harness.Eval[string](t, w, harness.LeaveMark)
			documents := w.DocumentCount()

			w.Click(t, test.link)
			w.WaitFor(t, `location.pathname === "`+test.to+`" && document.body?.dataset.zone === "`+test.zone+`"`)
			w.Settle(t)

			assert.Equal(t, "undefined", harness.Eval[string](t, w, `String(window.__marker)`), "the document is another")
			assert.Equal(t, documents+1, w.DocumentCount(), "one document is asked for")
			assert.Empty(t, w.AllTroubles())
		})
	}
}

func TestFrontPagesLoadWithoutTrouble(t *testing.T) {
	e, _ := harness.SharedEdge(t)
	for _, path := range []string{"/", "/blog", "/shop", "/shop/de"} {
		t.Run(harness.NoSlash(path), func(t *testing.T) {
			w := harness.OpenWindow(t, e, path)
			w.Settle(t)
			// Down to the end, so that the pictures below are asked for too.
			harness.Eval[bool](t, w, `(document.querySelectorAll("img").forEach(img => img.loading = "eager"), true)`)
			w.WaitFor(t, `[...document.images].every(img => img.complete)`)
			assert.Zero(t, harness.Eval[int](t, w, `[...document.images].filter(img => img.naturalWidth === 0).length`),
				"pictures without a picture")
			assert.NotZero(t, harness.Eval[int](t, w, `document.images.length`))
			assert.Empty(t, w.AllTroubles())
		})
	}
}
