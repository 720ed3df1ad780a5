//go:build e2e

package pages_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

// madeText is the line of a page that says when it was made.
const madeText = `(document.querySelector("main p")?.textContent ?? "")`

// payloads counts the payloads that a window has got by path, and how many of them came from what the edge had kept.
type payloads struct {
	mu        sync.Mutex
	got, kept map[string]int
}

func (p *payloads) note(event any) {
	e, ok := event.(*network.EventResponseReceived)
	if !ok || !strings.Contains(e.Response.MimeType, "text/x-component") {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	path, _, _ := strings.Cut(harness.PathOf(e.Response.URL), "?")
	p.got[path]++
	for name, value := range e.Response.Headers {
		if text := fmt.Sprint(value); strings.EqualFold(name, "Cache-Status") && strings.Contains(text, "; hit") {
			p.kept[path]++
		}
	}
}

func (p *payloads) of(path string) (got, kept int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.got[path], p.kept[path]
}

// follow clicks on a link, and waits until its page is shown.
func follow(t *testing.T, w *harness.Window, path, title string) {
	t.Helper()
	w.Click(t, `a[href="`+path+`"]`)
	isOn(t, w, path, title)
}

// isOn waits until a page is shown.
func isOn(t *testing.T, w *harness.Window, path, title string) {
	t.Helper()
	w.WaitFor(t, `location.pathname === `+harness.Quoted(path)+` && `+harness.Heading+` === `+harness.Quoted(title))
}

// With pages kept at the edge, moving about in an application is as it was: no document is asked for, every page is the
// right one, and one that was made again is seen.
func TestSoftNavigationsStaySoftWithTheCache(t *testing.T) {
	s := startFireSite(t, fireSettings{})
	for _, c := range []struct {
		*fireApp
		static, title, dynamic string
	}{{s.next15, "/market/items/one/", "Item one", "/market/dynamic/"}, {s.next16, "/gallery", "Gallery", "/dynamic"}} {
		t.Run(c.Zone, func(t *testing.T) {
			a, home, isr := c.fireApp, c.Path("/"), c.dated
			// The first visitors have the payloads kept: a variant that nobody has asked for before raises a doubt
			// about the others, which the next visitor's answers end.
			for range 3 {
				w := harness.OpenWindowAt(t, s.Edge, s.TLSURL(""), home, func(any) {})
				w.Settle(t)
				follow(t, w, c.static, c.title)
			}
			seen := &payloads{got: map[string]int{}, kept: map[string]int{}}
			w := harness.OpenWindowAt(t, s.Edge, s.TLSURL(""), home, seen.note)
			w.Settle(t)
			harness.Eval[string](t, w, harness.LeaveMark)
			documents := w.DocumentCount()
			for _, page := range []struct{ path, title string }{{c.static, c.title}, {c.dynamic, "Dynamic"}, {isr, "ISR"}} {
				follow(t, w, page.path, page.title)
				harness.Eval[bool](t, w, `(history.back(), true)`)
				isOn(t, w, home, "Fixture "+c.Zone)
			}
			harness.Eval[bool](t, w, `(history.forward(), true)`)
			isOn(t, w, isr, "ISR")

			// The application makes its page again and tells the edge: who refreshes sees it.
			made := a.renew(t)
			s.purge(t, fmt.Sprintf(`{"cache": "pages", "path": %q}`, isr))
			before := harness.Eval[string](t, w, madeText)
			harness.Eval[bool](t, w, `(window.next.router.refresh(), true)`)
			w.WaitFor(t, madeText+` !== `+harness.Quoted(before))
			assert.GreaterOrEqual(t, madeAt(harness.Eval[string](t, w, madeText)), made)
			assert.Equal(t, "kept", harness.Eval[string](t, w, `String(window.__marker)`), "the document stays")
			assert.Equal(t, documents, w.DocumentCount(), "no document is asked for")
			got, kept := seen.of(c.static)
			assert.Positive(t, got, "the payload of %s was asked for", c.static)
			assert.Equal(t, got, kept, "the edge had all of it")
			_, kept = seen.of(c.dynamic)
			assert.Zero(t, kept, "a page that is made for each visitor is not kept")

			// A document that is loaded is the page that was made last.
			shown := madeAt(harness.Eval[string](t, w, madeText))
			harness.Eval[bool](t, w, `(location.reload(), true)`)
			w.WaitFor(t, `window.__marker === undefined && document.readyState === "complete" && `+harness.Heading+` === "ISR"`)
			assert.GreaterOrEqual(t, madeAt(harness.Eval[string](t, w, madeText)), shown, "nobody goes back in time")
			for _, trouble := range w.AllTroubles() {
				require.Regexp(t, "401|/private|/secret|favicon", trouble, "middleware keeps some pages from visitors")
			}
		})
	}
}
