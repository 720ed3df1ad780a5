//go:build e2e

package e2e_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// heading is the text of the page's heading.
const heading = `(document.querySelector("h1")?.textContent ?? "")`

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
	path, _, _ := strings.Cut(pathOf(e.Response.URL), "?")
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
func (w *window) follow(t *testing.T, path, title string) {
	t.Helper()
	w.click(t, `a[href="`+path+`"]`)
	w.isOn(t, path, title)
}

// isOn waits until a page is shown.
func (w *window) isOn(t *testing.T, path, title string) {
	t.Helper()
	w.waitFor(t, `location.pathname === `+quoted(path)+` && `+heading+` === `+quoted(title))
}

// With pages kept at the edge, moving about in an application is as it was: no document is asked for, every page is the right one, and one that was
// made again is seen.
func TestSoftNavigationsStaySoftWithTheCache(t *testing.T) {
	s := startFireSite(t, fireSettings{})
	for _, c := range []struct {
		*fireApp
		static, title, dynamic string
	}{{s.next15, "/market/items/one/", "Item one", "/market/dynamic/"}, {s.next16, "/gallery", "Gallery", "/dynamic"}} {
		t.Run(c.zone, func(t *testing.T) {
			a, home, isr := c.fireApp, c.path("/"), c.dated
			// The first visitors have the payloads kept: a variant that nobody has asked for before raises a doubt about the others, which the next
			// visitor's answers end.
			for range 3 {
				w := openWindowAt(t, s.edge, s.tlsURL(""), home, func(any) {})
				w.settle(t)
				w.follow(t, c.static, c.title)
			}
			seen := &payloads{got: map[string]int{}, kept: map[string]int{}}
			w := openWindowAt(t, s.edge, s.tlsURL(""), home, seen.note)
			w.settle(t)
			eval[string](t, w, leaveMark)
			documents := w.documentCount()
			for _, page := range []struct{ path, title string }{{c.static, c.title}, {c.dynamic, "Dynamic"}, {isr, "ISR"}} {
				w.follow(t, page.path, page.title)
				eval[bool](t, w, `(history.back(), true)`)
				w.isOn(t, home, "Fixture "+c.zone)
			}
			eval[bool](t, w, `(history.forward(), true)`)
			w.isOn(t, isr, "ISR")

			// The application makes its page again and tells the edge: who refreshes sees it.
			made := a.renew(t)
			s.purge(t, fmt.Sprintf(`{"cache": "pages", "path": %q}`, isr))
			before := eval[string](t, w, madeText)
			eval[bool](t, w, `(window.next.router.refresh(), true)`)
			w.waitFor(t, madeText+` !== `+quoted(before))
			assert.GreaterOrEqual(t, madeAt(eval[string](t, w, madeText)), made)
			assert.Equal(t, "kept", eval[string](t, w, `String(window.__marker)`), "the document stays")
			assert.Equal(t, documents, w.documentCount(), "no document is asked for")
			got, kept := seen.of(c.static)
			assert.Positive(t, got, "the payload of %s was asked for", c.static)
			assert.Equal(t, got, kept, "the edge had all of it")
			_, kept = seen.of(c.dynamic)
			assert.Zero(t, kept, "a page that is made for each visitor is not kept")

			// A document that is loaded is the page that was made last.
			shown := madeAt(eval[string](t, w, madeText))
			eval[bool](t, w, `(location.reload(), true)`)
			w.waitFor(t, `window.__marker === undefined && document.readyState === "complete" && `+heading+` === "ISR"`)
			assert.GreaterOrEqual(t, madeAt(eval[string](t, w, madeText)), shown, "nobody goes back in time")
			for _, trouble := range w.allTroubles() {
				require.Regexp(t, "401|/private|/secret|favicon", trouble, "middleware keeps some pages from visitors")
			}
		})
	}
}
