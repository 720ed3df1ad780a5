//go:build e2e

package browser_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// prefetches notes when a window asks for segments ahead of a click, by the path of the link. Redirects that the
// browser follows are not counted apart.
type prefetches struct {
	mu    sync.Mutex
	asked map[string][]time.Time
}

func (p *prefetches) note(event any) {
	e, ok := event.(*network.EventRequestWillBeSent)
	if !ok || e.RedirectResponse != nil {
		return
	}
	u, err := url.Parse(e.Request.URL)
	for name := range e.Request.Headers {
		if err == nil && strings.EqualFold(name, "Next-Router-Segment-Prefetch") {
			p.mu.Lock()
			p.asked[u.Path] = append(p.asked[u.Path], time.Now())
			p.mu.Unlock()
		}
	}
}

// until counts what was asked for a path until a moment.
func (p *prefetches) until(path string, moment time.Time) (count int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, at := range p.asked[path] {
		if at.Before(moment) {
			count++
		}
	}
	return count
}

// moving is a window on a page of links that are answered by redirects.
type moving struct {
	*harness.Window
	*prefetches
	kind  string
	page  string
	links map[string]string // the paths that they lead to
	shown time.Time
}

// show has the page show the links.
func (m *moving) show(t *testing.T) {
	t.Helper()
	m.Settle(t)
	m.Click(t, "main button")
	m.WaitFor(t, fmt.Sprintf(`document.querySelectorAll("main a").length === %d`, 2+len(m.links)))
}

// The client of 16.4 would ask for such links without end: it follows the redirect, and finds another route than it has
// foreseen.
func TestLinksToRedirectsAreNotPrefetchedWithoutEnd(t *testing.T) {
	f, slash := harness.Fixtures(t).Next16, slashed(t)
	zone := func(f *harness.Fixture) string {
		return fmt.Sprintf("zone %s / %s {\n\t\t\tbuild %s/.next\n\t\t}\n", f.Zone, f.Upstream(), f.Dir)
	}
	port, err := edgetest.FindPort()
	require.NoError(t, err)
	slashSite := fmt.Sprintf("http://localhost:%d {\n\tnextjs {\n\t\t%s\t}\n}\n", port, zone(slash))
	e := harness.StartEdge(t, nil, harness.Setup{Zones: "\t\t" + zone(f), Sites: slashSite})
	kinds := map[string]map[string]string{
		"rule": {
			"/shelf/was-one": "/shelf/one", "/shelf/was-two": "/shelf/two", "/shelf/was-three": "/shelf/three", "/moved": "/open",
		},
		"middleware": {
			"/shelf/sent-one": "/shelf/one", "/shelf/sent-two": "/shelf/two", "/shelf/sent-three": "/shelf/three",
		},
		"slash": {"/shelf/three": "/shelf/three/", "/shelf/four": "/shelf/four/", "/open": "/open/"},
	}
	var windows []*moving
	for _, place := range []struct{ origin, kind, end string }{
		{e.TLSURL(""), "rule", ""},
		{e.TLSURL(""), "middleware", ""}, // HTTP/2
		{e.URL(""), "rule", ""},
		{e.URL(""), "middleware", ""},
		{fmt.Sprintf("http://localhost:%d", port), "slash", "/"},
	} {
		m := &moving{
			prefetches: &prefetches{asked: map[string][]time.Time{}},
			kind:       place.kind, page: "/links/" + place.kind + place.end, links: kinds[place.kind],
		}
		m.Window = harness.OpenWindowAt(t, e, place.origin, m.page, m.note)
		// The router has to know the route of the first links.
		edgetest.Eventually(t, edgetest.Patience, func() bool {
			return m.until("/shelf/one", time.Now()) > 0 && m.until("/shelf/two", time.Now()) > 0
		}, "the links of %s that are not moved are prefetched", place.kind)
		m.shown = time.Now()
		m.show(t)
		windows = append(windows, m)
	}
	// What is promised is how often they ask in a time.
	<-time.After(time.Until(windows[len(windows)-1].shown.Add(18 * time.Second)))
	for _, m := range windows {
		for link := range m.links {
			name := m.kind + " " + link
			assert.Equal(t, 1, m.until(link, m.shown.Add(8*time.Second)), name)
			assert.LessOrEqual(t, m.until(link, m.shown.Add(18*time.Second)), 2, name)
		}
		assert.Empty(t, m.AllTroubles(), m.kind)
	}
	for _, m := range windows {
		for link, to := range m.links {
			m.show(t)
			m.Click(t, `main a[href="`+link+`"]`)
			m.WaitFor(t, `location.pathname === `+harness.Quoted(to)+` && !document.querySelector("main button")`)
			harness.Eval[bool](t, m.Window, `(location.assign(`+harness.Quoted(m.page)+`), true)`)
			m.WaitFor(t, `location.pathname === `+harness.Quoted(m.page)+` && document.querySelector("main button")`)
		}
	}
}
