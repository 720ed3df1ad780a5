//go:build e2e

package e2e_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

const leaveMark = `window.__marker = "kept"`

func TestNavigationInsideAZoneLoadsNoDocument(t *testing.T) {
	e, _ := sharedEdge(t)
	tests := []struct{ zone, from, link, to string }{
		{"home", "/", `nav.pages a[href="/about"]`, "/about"},
		{"home", "/visit", `nav.pages a[href="/guestbook"]`, "/guestbook"},
		{"blog", "/blog", `a[data-testid="post-link"][href="/blog/fog-signal"]`, "/blog/fog-signal"},
		{"blog", "/blog", `nav.pages a[href="/blog/search"]`, "/blog/search"},
		{"shop", "/shop", `a[data-testid="product-link"][href="/shop/p/gannet"]`, "/shop/p/gannet"},
		{"shop", "/shop", `nav.pages a[href="/shop/basket"]`, "/shop/basket"},
	}
	for _, test := range tests {
		t.Run(noSlash(test.zone+test.to), func(t *testing.T) {
			w := openWindow(t, e, test.from)
			w.settle(t)
			title := eval[string](t, w, titleText)
			eval[string](t, w, leaveMark)
			documents := w.documentCount()

			w.click(t, test.link)
			w.waitFor(t, `location.pathname === "`+test.to+`" && `+titleText+` !== `+quoted(title))

			assert.Equal(t, "kept", eval[string](t, w, `String(window.__marker)`), "the document stays")
			assert.Equal(t, documents, w.documentCount(), "no document is asked for")
			assert.Equal(t, test.zone, eval[string](t, w, `document.body.dataset.zone`))
			assert.Empty(t, w.allTroubles())
		})
	}
}

func TestNavigationToAnotherZoneLoadsADocument(t *testing.T) {
	e, _ := sharedEdge(t)
	tests := []struct{ from, link, to, zone string }{
		{"/", `nav.zones a[href="/blog"]`, "/blog", "blog"},
		{"/blog", `nav.zones a[href="/shop"]`, "/shop", "shop"},
		{"/shop", `nav.zones a[href="/"]`, "/", "home"},
	}
	for _, test := range tests {
		t.Run(noSlash(test.from+" to "+test.to), func(t *testing.T) {
			w := openWindow(t, e, test.from)
			w.settle(t)
			eval[string](t, w, leaveMark)
			documents := w.documentCount()

			w.click(t, test.link)
			w.waitFor(t, `location.pathname === "`+test.to+`" && document.body?.dataset.zone === "`+test.zone+`"`)
			w.settle(t)

			assert.Equal(t, "undefined", eval[string](t, w, `String(window.__marker)`), "the document is another")
			assert.Equal(t, documents+1, w.documentCount(), "one document is asked for")
			assert.Empty(t, w.allTroubles())
		})
	}
}

func TestFrontPagesLoadWithoutTrouble(t *testing.T) {
	e, _ := sharedEdge(t)
	for _, path := range []string{"/", "/blog", "/shop", "/shop/de"} {
		t.Run(noSlash(path), func(t *testing.T) {
			w := openWindow(t, e, path)
			w.settle(t)
			// Down to the end, so that the pictures below are asked for too.
			eval[bool](t, w, `(document.querySelectorAll("img").forEach(img => img.loading = "eager"), true)`)
			w.waitFor(t, `[...document.images].every(img => img.complete)`)
			assert.Zero(t, eval[int](t, w, `[...document.images].filter(img => img.naturalWidth === 0).length`), "pictures without a picture")
			assert.NotZero(t, eval[int](t, w, `document.images.length`))
			assert.Empty(t, w.allTroubles())
		})
	}
}
