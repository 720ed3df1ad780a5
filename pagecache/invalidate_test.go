package pagecache

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// Whoever has changed a page sees the change, and errors change nothing (RFC 9111, 4.4).
func TestAnUnsafeRequestInvalidatesPages(t *testing.T) {
	var (
		self    = []string{"/a"}
		nothing []string
	)
	for name, c := range map[string]struct {
		method, target string
		status         int
		header         http.Header
		gone           []string // of /a, /a?x=1, /b and /b?x=1
	}{
		"POST":                        {"POST", "/a", 200, nil, self},
		"PUT, created":                {"PUT", "/a", 201, nil, self},
		"DELETE, nothing to say":      {"DELETE", "/a", 204, nil, self},
		"an unknown method":           {"M-SEARCH", "/a", 200, nil, self},
		"a redirect":                  {"POST", "/a", 303, nil, self},
		"a query":                     {"POST", "/a?x=1", 200, nil, []string{"/a", "/a?x=1"}},
		"an error of the client":      {"POST", "/a", 405, nil, nothing},
		"an error of Next.js":         {"POST", "/a", 500, nil, nothing},
		"before the answer":           {"POST", "/a", 103, nil, nothing},
		"GET":                         {"GET", "/a", 200, nil, nothing},
		"HEAD":                        {"HEAD", "/a", 200, nil, nothing},
		"OPTIONS":                     {"OPTIONS", "/a", 204, nil, nothing},
		"Location":                    {"POST", "/a", 303, fields("Location", "/b"), []string{"/a", "/b"}},
		"Location with a query":       {"POST", "/a", 303, fields("Location", "/b?x=1"), []string{"/a", "/b", "/b?x=1"}},
		"a relative Location":         {"POST", "/a", 303, fields("Location", "b"), []string{"/a", "/b"}},
		"Location with the host":      {"POST", "/a", 303, fields("Location", "http://Example.com/b"), []string{"/a", "/b"}},
		"Location at another host":    {"POST", "/a", 303, fields("Location", "http://example.org/b"), self},
		"Location that is none":       {"POST", "/a", 303, fields("Location", "http://[/b"), self},
		"Content-Location":            {"POST", "/a", 200, fields("Content-Location", "/b"), []string{"/a", "/b"}},
		"both":                        {"POST", "/other", 201, fields("Content-Location", "/b", "Location", "/a"), []string{"/a", "/b"}},
		"Location of a failed change": {"POST", "/a", 400, fields("Location", "/b"), nothing},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, Settings{}, page(text("one")))
			targets := []string{"/a", "/a?x=1", "/b", "/b?x=1"}
			ask := func(target string) Result { return s.ask(target, policy.VariantHTML).result }
			for _, target := range targets {
				ask(target)
				require.Equal(t, hit, ask(target))
			}
			r := httptest.NewRequest(c.method, c.target, nil)
			s.cache.Invalidate(r, s.facts(r.URL.Path, policy.VariantRSC), c.status, c.header)
			for _, target := range targets {
				want := hit
				for _, gone := range c.gone {
					if gone == target {
						want = Result{policy.ResultMiss, policy.ReasonAbsent}
					}
				}
				assert.Equal(t, want, ask(target), target)
			}
		})
	}
}

// What is being fetched while somebody changes the page may be of before: it is not kept.
func TestAnUnsafeRequestOvertakesAFetch(t *testing.T) {
	begun, end := make(chan struct{}), make(chan struct{})
	s := newSite(t, Settings{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "s-maxage=60")
		w.(http.Flusher).Flush()
		if begun != nil {
			close(begun)
			<-end
		}
	})
	done := make(chan answer)
	go func() { done <- s.ask("/a", policy.VariantHTML) }()
	<-begun
	s.cache.Invalidate(httptest.NewRequest(http.MethodPost, "/a", nil), s.facts("/a", policy.VariantHTML), http.StatusOK, nil)
	begun = nil
	close(end)
	<-done
	assert.Equal(t, policy.ResultMiss, s.ask("/a", policy.VariantHTML).result.Kind)
	assert.Equal(t, hit, s.ask("/a", policy.VariantHTML).result)
}

// Requests that change nothing which is kept leave nothing behind, however many there are.
func TestAnUnsafeRequestLeavesNothingInTheStore(t *testing.T) {
	s := newSite(t, Settings{}, page(text("one")))
	s.ask("/a", policy.VariantHTML)
	before := s.store.Stats().Disk.Entries
	require.NotZero(t, before)
	s.cache.Invalidate(httptest.NewRequest(http.MethodPost, "/b", nil), s.facts("/b", policy.VariantHTML), http.StatusOK, fields("Location", "/c?x=1"))
	assert.Equal(t, before, s.store.Stats().Disk.Entries)
}
