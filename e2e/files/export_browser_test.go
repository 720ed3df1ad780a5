//go:build e2e

package files_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// The application behaves as with a server: links load payloads and no documents, and what is not found is its own
// page.
func TestAnExportInTheBrowser(t *testing.T) {
	e := exportEdge(t)
	for zone, c := range map[string]struct{ base, slash, payload string }{"plain": {"", "", "/about.txt"}, "slash": {"/guide", "/", "/guide/about/index.txt"}} {
		t.Run(zone, func(t *testing.T) {
			var mu sync.Mutex
			var paths []string
			w := harness.OpenWindowAt(t, e, e.TLSURL(""), c.base+"/", func(event any) {
				if sent, ok := event.(*network.EventRequestWillBeSent); ok {
					mu.Lock()
					defer mu.Unlock()
					path, _, _ := strings.Cut(harness.PathOf(sent.Request.URL), "?")
					paths = append(paths, path)
				}
			})
			w.Settle(t)
			w.WaitFor(t, `[...document.images].every(img => img.complete && img.naturalWidth > 0)`)
			w.Click(t, "button")
			w.WaitFor(t, `document.querySelector("button").textContent === "counted 1"`)
			harness.Eval[string](t, w, harness.LeaveMark)
			documents := w.DocumentCount()
			for _, step := range [][2]string{{"/items", "Items"}, {"/items/one", "Item one"}, {"/items", "Items"}} {
				w.Click(t, `a[href="`+c.base+step[0]+c.slash+`"]`)
				w.WaitFor(t, `location.pathname === `+harness.Quoted(c.base+step[0]+c.slash)+` && document.querySelector("h1").textContent === `+harness.Quoted(step[1]))
			}
			assert.Equal(t, "kept", harness.Eval[string](t, w, `String(window.__marker)`), "the document stays")
			assert.Equal(t, documents, w.DocumentCount(), "no document is asked for")
			assert.Empty(t, w.AllTroubles())
			mu.Lock()
			assert.True(t, slices.ContainsFunc(paths, func(path string) bool { return strings.Contains(path, "/__next.") && strings.HasSuffix(path, ".txt") }), "segments are asked for as files: %q", paths)
			mu.Unlock()

			// A payload by the path that the client makes of the page's.
			res := edgetest.Get(t, e.Client(t, edgetest.H2), e.TLSURL(c.payload+"?_rsc=abc"), "RSC", "1")
			assert.Equal(t, http.StatusOK, res.StatusCode)
			assert.Equal(t, "text/plain; charset=UTF-8", res.Header.Get("Content-Type"))

			// A link to nowhere loads the page for what is not found.
			harness.Eval[bool](t, w, `(location.href = `+harness.Quoted(c.base+"/about"+c.slash)+`, true)`)
			w.WaitFor(t, `document.readyState === "complete" && document.querySelector("h1")?.textContent === "About"`)
			w.Settle(t)
			w.Click(t, `a[href="`+c.base+`/nowhere`+c.slash+`"]`)
			w.WaitFor(t, `document.readyState === "complete" && document.querySelector("h1")?.textContent === "No such page"`)
			assert.Equal(t, c.base+"/nowhere"+c.slash, harness.Eval[string](t, w, `location.pathname`))
		})
	}
}
