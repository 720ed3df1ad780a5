//go:build e2e

package pages_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// A page that Next.js has prerendered comes from the edge after the first time, and each of its variants apart.
func TestPagesComeFromTheCache(t *testing.T) {
	s := harness.StartPageSite(t, "ignore_query utm_*")
	page, how := s.Ask(t, "/gallery")
	require.Equal(t, "miss", how, page.Header)
	require.Equal(t, http.StatusOK, page.StatusCode)
	s.WaitKept(t, "/gallery")
	for _, path := range []string{"/gallery", "/gallery?utm_source=x", "/gallery?any=thing"} {
		again, how := s.Ask(t, path)
		assert.Equal(t, "hit", how, "%s: %v", path, again.Header)
		assert.Equal(t, page.Text, again.Text)
		assert.Equal(t, "text/html; charset=utf-8", again.Header.Get("Content-Type"))
		assert.NotEmpty(t, again.Header.Get("Age"))
		assert.Equal(t, "public, max-age=0, s-maxage=31536000, must-revalidate", again.Header.Get("Cache-Control"))
	}
	assert.Equal(t, 1, s.Door.Count("/gallery"))

	payload, how := s.Ask(t, "/gallery?_rsc=HEAvJdHAQJrUAe2K", "RSC", "1", "Next-Router-Prefetch", "1")
	assert.Equal(t, "miss", how)
	assert.Contains(t, payload.Header.Get("Content-Type"), "text/x-component")
	s.WaitKept(t, "/gallery?_rsc=HEAvJdHAQJrUAe2K", "RSC", "1", "Next-Router-Prefetch", "1")
	again, how := s.Ask(t, "/gallery?_rsc=HEAvJdHAQJrUAe2K", "RSC", "1", "Next-Router-Prefetch", "1")
	assert.Equal(t, "hit", how, again.Header)
	assert.Equal(t, payload.Text, again.Text)
	html, _ := s.Ask(t, "/gallery")
	assert.Equal(t, page.Text, html.Text, "the payload is no document")

	if tag := page.Header.Get("Etag"); assert.NotEmpty(t, tag) {
		res := edgetest.Get(t, edgetest.PlainClient(t), s.URL("/gallery"), "If-None-Match", tag)
		assert.Equal(t, http.StatusNotModified, res.StatusCode)
	}
	res, err := edgetest.PlainClient(t).Do(edgetest.Request(t, t.Context(), http.MethodHead, s.URL("/gallery"), nil))
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, http.StatusOK, res.StatusCode)
	assert.Contains(t, res.Header.Get("Cache-Status"), "hit")
}

// What is for one visitor, or decided for each, is asked of Next.js each time.
func TestWhatIsNotForEverybodyIsNotKept(t *testing.T) {
	s := harness.StartPageSite(t, "ignore_query utm_*")
	for _, c := range []struct {
		path    string
		headers []string
	}{
		{"/dynamic", nil},
		{"/open", []string{"Cookie", "__prerender_bypass=x"}},
		{"/open", []string{"Authorization", "Basic eDp5"}},
		{"/private", nil},
		{"/private", []string{"Cookie", "pass=1"}},
	} {
		for n := range 3 {
			a, how := s.Ask(t, c.path, c.headers...)
			assert.NotEqual(t, "hit", how, "%s %v, request %d: %v", c.path, c.headers, n, a.Header)
		}
	}
	shown, _ := s.Ask(t, "/private", "Cookie", "pass=1")
	assert.Equal(t, http.StatusOK, shown.StatusCode)
	refused, _ := s.Ask(t, "/private")
	assert.Equal(t, http.StatusUnauthorized, refused.StatusCode, "nobody gets what somebody was shown")
	draft, how := s.Ask(t, "/open", "Cookie", "__prerender_bypass=x")
	assert.Equal(t, "bypass", how)
	assert.NotContains(t, draft.Header.Get("Cache-Control"), "s-maxage", "an answer that takes a cookie back is nobody else's")
}

// A page that has become stale is served at once while it is made once more.
func TestAStalePageIsServedAndMadeOnce(t *testing.T) {
	s := harness.StartPageSite(t, "stale_if_error 1h")
	first, _ := s.Ask(t, "/isr")
	require.Equal(t, http.StatusOK, first.StatusCode)
	edgetest.Eventually(t, 2*edgetest.Patience, func() bool {
		_, how := s.Ask(t, "/isr")
		return how == "hit"
	}, "the page is kept")
	// Next.js does not say how old the first one was, so the edge asks once a second. The age of the next one it knows.
	changes := func(from edgetest.Answer) (to edgetest.Answer) {
		edgetest.Eventually(t, 2*edgetest.Patience, func() bool {
			to, _ = s.Ask(t, "/isr")
			return to.Text != from.Text
		}, "the page is made again")
		return to
	}
	second := changes(first)
	before := s.Door.Count("/isr")
	changes(second)
	assert.LessOrEqual(t, s.Door.Count("/isr")-before, 6,
		"when its time ends, and after 0.1, 0.3, 0.7, 1.5 seconds until it is made")

	// Its application is gone: the last good page stays.
	s.Door.Close()
	edgetest.Eventually(t, 2*edgetest.Patience, func() bool {
		a, _ := s.Ask(t, "/isr")
		require.Equal(t, http.StatusOK, a.StatusCode)
		return strings.Contains(a.Header.Get("Cache-Status"), "ttl=-")
	}, "the time of the page has passed")
	for range 3 {
		kept, how := s.Ask(t, "/isr")
		assert.Equal(t, http.StatusOK, kept.StatusCode)
		assert.Equal(t, "hit", how)
	}
}

// A purge reaches all variants of what it names, and nothing else.
func TestPagesArePurged(t *testing.T) {
	s := harness.StartPageSite(t, "ignore_query utm_*")
	admin := fmt.Sprintf("localhost:%d", s.AdminPort)
	fill := func() {
		for _, path := range []string{"/gallery", "/isr"} {
			edgetest.Eventually(t, edgetest.Patience, func() bool {
				_, how := s.Ask(t, path)
				return how == "hit"
			}, "%s is kept", path)
		}
	}
	for _, c := range []struct {
		args []string
		gone map[string]string // how a page is answered after it
		said string
	}{
		{[]string{"--path", "/gallery"}, map[string]string{"/gallery": "miss", "/isr": "hit"}, "Purged /gallery from next16: 1 page"},
		{[]string{"--prefix", "/is"}, map[string]string{"/gallery": "hit", "/isr": "miss"}, "Purged what begins with /is from next16: 1 page"},
		{[]string{"--tag", "_N_T_/isr"}, map[string]string{"/gallery": "hit", "/isr": "miss"}, "Purged tag _N_T_/isr from next16: 1 page"},
		{[]string{"--zone", "next16"}, map[string]string{"/gallery": "miss", "/isr": "miss"}, "Purged everything from next16: 2 pages"},
		{[]string{"--all"}, map[string]string{"/gallery": "miss", "/isr": "miss"}, "Purged everything from next16: 2 pages"},
		{[]string{"--path", "/gallery", "--soft"}, map[string]string{"/gallery": "hit", "/isr": "hit"}, "Made /gallery stale in next16: 1 page"},
	} {
		fill()
		text, failure := harness.NextjsCommand(t, append([]string{"purge", "pages", "--address", admin}, c.args...)...)
		require.Empty(t, failure, c.args)
		assert.Equal(t, c.said+"\n", text)
		for path, want := range c.gone {
			a, how := s.Ask(t, path)
			assert.Equal(t, want, how, "%v: %s %v", c.args, path, a.Header["Cache-Status"])
		}
	}
	_, failure := harness.NextjsCommand(t, "purge", "pages", "--path", "gallery", "--address", admin)
	assert.Contains(t, failure, `"path" and "prefix" begin with "/"`)
}

// What a rule with conditions makes of a path is kept by itself: a header for new visitors, another page for
// navigations from the gallery.
func TestPagesThatRulesChoose(t *testing.T) {
	s := harness.StartPageSite(t, "")
	for _, seen := range []string{"", "1", "", "1"} {
		edgetest.Eventually(t, edgetest.Patience, func() bool {
			headers := []string{"Cookie", "other=x"}
			if seen != "" {
				headers = []string{"Cookie", "seen=" + seen}
			}
			a, how := s.Ask(t, "/open", headers...)
			require.Equal(t, seen == "", a.Header.Get("X-New") == "yes", a.Header)
			return how == "hit"
		}, "/open is kept for seen=%q", seen)
	}
	app, modal := harness.Fixtures(t).Next16, false
	ways := [][]string{{"RSC", "1"}, {"RSC", "1", "Next-Url", "/gallery"}, {"RSC", "1", "Next-Url", "/open"}, nil}
	for range 3 {
		for _, headers := range ways {
			target := "/gallery/1"
			if headers != nil {
				target = harness.WithItsRSC(t, app.App, target, headers)
			}
			through, _ := s.Ask(t, target, headers...)
			direct := edgetest.Get(t, edgetest.PlainClient(t), app.URL(target), headers...)
			assert.Equal(t, direct.StatusCode, through.StatusCode)
			for _, shown := range []string{"in a modal", "as a page"} {
				assert.Equal(t, strings.Contains(direct.Text, shown), strings.Contains(through.Text, shown), "%q: %s", headers, shown)
			}
			modal = modal || strings.Contains(through.Text, "in a modal")
			assert.Equal(t, direct.Header.Get("Content-Type"), through.Header.Get("Content-Type"))
		}
	}
	assert.True(t, modal, "navigations from the gallery show the picture above it")
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		_, how := s.Ask(t, "/gallery/1")
		return how == "hit"
	}, "the page itself is kept")
}

// The data of a page of the Pages Router is a variant of it: they are purged together, in every language.
func TestDataIsPurgedWithItsPage(t *testing.T) {
	shop := harness.NextApps(t).Shop
	build, err := nextbuild.Read(shop.Dir)
	require.NoError(t, err)
	door := harness.StartDoor(t, shop)
	s := &harness.PageSite{Edge: harness.StartEdge(t, nil, harness.Setup{Zones: fmt.Sprintf("\t\tzone shop %s {\n\t\t\tbuild %s\n\t\t}\n", door.Upstream(), build.Dir)}), Door: door}
	for page, data := range map[string]string{"/shop/p/gannet": "/en/p/gannet.json", "/shop/de/p/gannet": "/de/p/gannet.json"} {
		data = "/shop/_next/data/" + build.ID + data
		kept := func() bool {
			html, how := s.Ask(t, page)
			require.Equal(t, http.StatusOK, html.StatusCode, page)
			payload, too := s.Ask(t, data, "X-Nextjs-Data", "1")
			require.Contains(t, payload.Header.Get("Content-Type"), "application/json", data)
			return how == "hit" && too == "hit"
		}
		edgetest.Eventually(t, edgetest.Patience, kept, "%s and its data are kept", page)
		_, failure := harness.NextjsCommand(t, "purge", "pages", "--path", page, "--address", fmt.Sprintf("localhost:%d",
			s.AdminPort))
		require.Empty(t, failure)
		_, how := s.Ask(t, data, "X-Nextjs-Data", "1")
		assert.Equal(t, "miss", how, data)
		edgetest.Eventually(t, edgetest.Patience, kept, "%s and its data are kept again", page)
	}
}
