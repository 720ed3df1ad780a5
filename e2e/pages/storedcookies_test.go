//go:build e2e

package pages_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// Next.js stores the cookies of a prerendered route handler with its answer, and gives the cookie of the first visitor
// to everybody. Through the edge it reaches one visitor, whether the handler was made by the build or for him, whatever
// becomes of the answer in the cache; the rest of the answer is Next.js's.
func TestACookieOfOneVisitorIsNotGivenToOthers(t *testing.T) {
	f := harness.Fixtures(t).Next16
	door := harness.StartDoor(t, f.App)
	visitor := func(a edgetest.Answer) string {
		for _, cookie := range a.Cookies() {
			if cookie.Name == "visitor" {
				return cookie.Value
			}
		}
		return ""
	}
	for _, words := range []string{"cache", "cache off", "repair {\n stored_cookies off\n}"} {
		s := querySite(t, f, door, words)
		for _, path := range []string{"/api/stored", fmt.Sprintf("/api/stored/%d", time.Now().UnixNano())} {
			what := words + ": " + path
			first, _ := s.Ask(t, path)
			second, _ := s.Ask(t, path)
			head := edgetest.Do(t, edgetest.PlainClient(t), edgetest.Request(t, t.Context(), http.MethodHead, s.URL(path), nil))
			direct := f.Ask(t, false, http.MethodGet, path)
			require.NotEmpty(t, visitor(first), what)
			require.Equal(t, visitor(first), visitor(direct), "%s: the test is sharp, asked directly Next.js gives it to others", what)
			for _, other := range []edgetest.Answer{second, head} {
				want := ""
				if words == "repair {\n stored_cookies off\n}" {
					want = visitor(first)
				}
				assert.Equal(t, want, visitor(other), what)
				assert.Equal(t, direct.StatusCode, other.StatusCode, what)
				assert.Equal(t, direct.Header["Content-Type"], other.Header["Content-Type"], what)
			}
			assert.Equal(t, direct.Text, second.Text, what)
		}
		s.Kill()
	}
}

// A handler that answers each request itself sets its cookies each time, the same ones too; and draft mode goes on and
// off.
func TestCookiesThatAreMadeForEachRequestComeThrough(t *testing.T) {
	f := harness.Fixtures(t).Next16
	s := querySite(t, f, harness.StartDoor(t, f.App), "cache")
	defer s.Kill()
	for _, path := range []string{answering("200", "set-cookie", "a=1; Path=/"), "/draft/enable", "/draft/disable"} {
		direct := f.Ask(t, false, http.MethodGet, path)
		require.NotEmpty(t, direct.Header["Set-Cookie"], path)
		for range 3 {
			through, _ := s.Ask(t, path)
			assert.Equal(t, direct.Header["Set-Cookie"], through.Header["Set-Cookie"], path)
		}
	}
}
