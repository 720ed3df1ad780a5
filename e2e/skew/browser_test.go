//go:build e2e

package skew_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

// What a page shows, as JavaScript sees it.
const (
	shownVariant = `(document.querySelector("[data-testid=variant]")?.textContent ?? "")`
	shownLazy    = `(document.querySelector("[data-testid=lazy]")?.textContent ?? "")`
	shownOutput  = `(document.querySelector("#own output")?.textContent ?? "")`
)

// page is a tab of Chromium.
type page struct {
	*harness.Window
	of string
}

// openPage opens the page with the form, whose cookie tells of its build, and goes on to another by a link: the document stays.
func (s *site) openPage(t *testing.T, of, path string) *page {
	t.Helper()
	return s.settle(t, harness.OpenWindowAt(t, s.Edge, s.base, "/act", func(any) {}), of, path)
}

func (s *site) settle(t *testing.T, w *harness.Window, of, path string) *page {
	t.Helper()
	w.Settle(t)
	harness.Eval[string](t, w, harness.LeaveMark)
	p := &page{w, of}
	require.Equal(t, of, harness.Eval[string](t, w, shownVariant))
	if path != "/act" {
		p.follow(t, path)
		p.isOf(t, of, "kept")
	}
	return p
}

// follow clicks a link in the head of the page and waits until its page is there.
func (p *page) follow(t *testing.T, path string) {
	t.Helper()
	p.click(t, `header a[href="`+path+`"]`)
	p.WaitFor(t, `location.pathname === "`+path+`"`)
	p.Settle(t)
}

// click clicks where a tab in the background has no place for a mouse.
func (p *page) click(t *testing.T, selector string) {
	t.Helper()
	harness.Eval[bool](t, p.Window, `(document.querySelector(`+harness.Quoted(selector)+`).click(), true)`)
}

// isOf waits until the page is of a build, and checks whether its document is the one that was marked: kept or undefined.
func (p *page) isOf(t *testing.T, variant, mark string) {
	t.Helper()
	p.WaitFor(t, shownVariant+` === "`+variant+`"`)
	assert.Equal(t, mark, harness.Eval[string](t, p.Window, `String(window.__marker)`))
}

// hasNoTrouble checks that nothing has failed in the tab but what Chromium asks every site for.
func (p *page) hasNoTrouble(t *testing.T) {
	t.Helper()
	for _, trouble := range p.AllTroubles() {
		assert.Contains(t, trouble, "/favicon.ico")
	}
}

// loadLazily clicks for the chunk.
func (p *page) loadLazily(t *testing.T) {
	t.Helper()
	p.click(t, "#lazy")
	p.WaitFor(t, shownLazy+` === "lazy of `+p.of+`"`)
}

// send submits the form.
func (p *page) send(t *testing.T, token string) {
	t.Helper()
	harness.Eval[string](t, p.Window, `document.querySelector("#own input").value = `+harness.Quoted(token))
	p.click(t, "#own button")
}

func TestTabsOpenedBeforeADeploy(t *testing.T) {
	for _, test := range []struct{ next, old, new string }{{"16", "b1", "b2"}, {"16", "a1", "a2"}, {"15", "b1", "a1"}} {
		t.Run(fmt.Sprintf("Next.js %s, %s to %s", test.next, test.old, test.new), func(t *testing.T) {
			actions := filepath.Join(t.TempDir(), "actions")
			old, next := buildOf(t, test.next, test.old).serve(t, actions), buildOf(t, test.next, test.new).serve(t, actions)
			s := startSite(t, old, true)
			stays, loads, acts := s.openPage(t, old.name, "/"), s.openPage(t, old.name, "/"), s.openPage(t, old.name, "/act")
			s.deploy(t, next, true)

			// The old servers live: the tab goes on as if nothing had happened.
			stays.loadLazily(t)
			stays.follow(t, "/target/1")
			stays.isOf(t, old.name, "kept")
			stays.follow(t, "/act")
			stays.isOf(t, old.name, "kept")
			stays.send(t, "alive")
			stays.WaitFor(t, shownOutput+` === "own alive by `+old.name+`"`)
			assert.Equal(t, 1, stays.DocumentCount())
			stays.hasNoTrouble(t)
			assert.Equal(t, []string{old.name + " own alive"}, executed(t, actions))

			// They are gone.
			s.retire(t, inConfig, old)
			loads.loadLazily(t)
			loads.follow(t, "/target/1")
			loads.isOf(t, next.name, "undefined")
			assert.Equal(t, 2, loads.DocumentCount(), "one hard navigation")
			loads.follow(t, "/static")
			assert.Equal(t, 2, loads.DocumentCount(), "and no other")
			loads.hasNoTrouble(t)

			acts.send(t, "gone")
			unknown := "409"
			if test.next == "15" {
				unknown = "404"
			}
			wait(t, func() bool {
				return strings.Contains(strings.Join(acts.AllTroubles(), "\n"), unknown+" for "+s.base+"/act")
			}, "the client is told that there is no such action")
			assert.Len(t, executed(t, actions), 1)
		})
	}
}

func TestTwoTabsOnTwoBuilds(t *testing.T) {
	for _, kind := range []string{"b", "a"} {
		t.Run(map[string]string{"b": "with deploymentId", "a": "without"}[kind], func(t *testing.T) {
			actions := filepath.Join(t.TempDir(), "actions")
			old, next := buildOf(t, "16", kind+"1").serve(t, actions), buildOf(t, "16", kind+"2").serve(t, actions)
			s := startSite(t, old, true)
			before := s.openPage(t, old.name, "/act")
			s.deploy(t, next, true)
			after := s.settle(t, before.OpenTab(t, s.base, "/act"), next.name, "/act")

			for _, path := range []string{"/target/1", "/", "/act"} {
				before.follow(t, path)
				after.follow(t, path)
				after.isOf(t, next.name, "kept")
				if old.deploymentID != "" {
					before.isOf(t, old.name, "kept")
				}
			}
			assert.Equal(t, 1, after.DocumentCount())
			if old.deploymentID == "" {
				// The cookie names the build of the other tab, so the first link was one hard navigation.
				before.isOf(t, next.name, "undefined")
				assert.Equal(t, 2, before.DocumentCount())
				before.hasNoTrouble(t)
				return
			}
			assert.Equal(t, 1, before.DocumentCount())
			before.send(t, "first")
			before.WaitFor(t, shownOutput+` === "own first by `+old.name+`"`)
			after.send(t, "second")
			after.WaitFor(t, shownOutput+` === "own second by `+next.name+`"`)
			before.hasNoTrouble(t)
			after.hasNoTrouble(t)
		})
	}
}

// Who comes by a link of another site gets the live build, whatever a tab of that visitor has open.
func TestALinkOfAnotherSiteLeadsToTheLiveBuild(t *testing.T) {
	for _, kind := range []string{"a", "b"}[:harness.LongOr(1, 2)] {
		t.Run(map[string]string{"b": "with deploymentId", "a": "without"}[kind], func(t *testing.T) {
			actions := filepath.Join(t.TempDir(), "actions")
			old, next := buildOf(t, "16", kind+"1").serve(t, actions), buildOf(t, "16", kind+"2").serve(t, actions)
			s := startSite(t, old, true)
			p := s.openPage(t, old.name, "/act")
			s.deploy(t, next, true)
			elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				_, _ = io.WriteString(w, `<!DOCTYPE html><title>elsewhere</title><a href="`+s.base+`/target/1">go</a>`)
			}))
			t.Cleanup(elsewhere.Close)
			p.Visit(t, elsewhere.URL, "/")
			p.click(t, "a")
			p.WaitFor(t, `location.pathname === "/target/1"`)
			p.Settle(t)
			p.isOf(t, next.name, "undefined")
			harness.Eval[string](t, p.Window, harness.LeaveMark)
			p.follow(t, "/static")
			p.isOf(t, next.name, "kept")
		})
	}
}
