//go:build e2e

package pages_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// secretQuery is what a visitor has in the link of a mail.
const secretQuery = "reset_token=S3CR3T"

// querySite is an edge before an application, as a word of the site makes it.
func querySite(t *testing.T, f *harness.Fixture, door *harness.Door, words string) *harness.PageSite {
	t.Helper()
	return &harness.PageSite{Edge: harness.StartEdge(t, nil, harness.Setup{
		Global: fmt.Sprintf("\tnextjs {\n\t\tstate %s\n\t}\n", t.TempDir()),
		Zones:  fmt.Sprintf("\t\tzone %s %s {\n\t\t\tbuild %s\n\t\t}\n\t\t%s\n", f.Zone, door.Upstream(), f.Build.Dir, words),
	}), Door: door}
}

// A page that is made on demand has in it the query of whoever has it made, if Next.js is told of it. Two visitors: the
// first has a secret, the second must not see it, in the document nor in a payload, whatever the first has asked and
// whether the edge keeps pages or not.
func TestAVisitorsQueryIsNotInThePageOfOthers(t *testing.T) {
	set := harness.Fixtures(t)
	rsc := []string{"RSC", "1"}
	n := 0
	for _, f := range []*harness.Fixture{set.Next14, set.Next16} {
		door := harness.StartDoor(t, f.App)
		for _, words := range []string{"cache", "cache off", "show_query"} {
			s := querySite(t, f, door, words)
			for _, first := range []struct {
				method  string
				headers []string
			}{
				{http.MethodGet, nil},
				{http.MethodHead, nil},
				{http.MethodGet, rsc},
				{http.MethodHead, rsc},
				{http.MethodGet, []string{"Range", "bytes=0-9"}},
				{http.MethodGet, []string{"Authorization", "Basic eDp5"}},
				{http.MethodGet, []string{"Cookie", "session=x"}},
			} {
				n++
				path := fmt.Sprintf("/items/%d-%d", time.Now().UnixNano(), n) // Next.js keeps what earlier runs have had made
				what := fmt.Sprintf("%s, %s: %s %s %q", f.Zone, words, first.method, path, first.headers)
				req := edgetest.Request(t, t.Context(), first.method, s.URL(path+"?"+secretQuery), nil)
				for i := 0; i < len(first.headers); i += 2 {
					req.Header.Set(first.headers[i], first.headers[i+1])
				}
				res, err := edgetest.PlainClient(t).Do(req)
				require.NoError(t, err)
				require.NoError(t, res.Body.Close())
				require.Less(t, res.StatusCode, http.StatusMultipleChoices, what)
				page, _ := s.Ask(t, path)
				payload, _ := s.Ask(t, path+"?_rsc=", rsc...)
				require.Contains(t, page.Header.Get("Content-Type"), "text/html")
				require.Contains(t, payload.Header.Get("Content-Type"), "text/x-component")
				leaks := strings.Contains(page.Text+payload.Text, "S3CR3T")
				assert.Equal(t, words == "show_query", leaks, "%s: the test is sharp, and the edge helps", what)
				told := door.Count(path + "?" + secretQuery)
				assert.Equal(t, words == "show_query", told > 0, "%s: Next.js is told", what)
			}
			s.Kill()
		}
	}
}

// All that Next.js answers by the query comes through as it is: pages that see it, what rules make of it, redirects
// that carry it along, and what middleware sees.
func TestWhatDependsOnTheQueryIsAsWithoutTheEdge(t *testing.T) {
	set := harness.Fixtures(t)
	for _, f := range set.All() {
		// Not among these are pages that are made anew after seconds: asked directly, Next.js would print this query
		// into them, for all other tests.
		slash := ""
		if f.Build.TrailingSlash {
			slash = "/"
		}
		for _, path := range []string{
			"/dynamic", "/ssr", "/after", "/open", "/leave", "/absent", "/moved", "/by-query", "/with-query", "/api/echo", "/api/static", "/items/one", "/items/nobody", "/alias/one",
			"/late/x", "/mw/redirect", "/mw/rewrite", "/private", "/p/auto", "/p/ssr", "/robots.txt", "/draft", "/edge", "/opt", "/docs/a/b", "/gallery/1", "/later/none", "/secret",
		} {
			if !strings.Contains(path, ".") && !strings.HasPrefix(path, "/api") {
				path += slash
			}
			for _, query := range []string{"?a=1&b=%20", "?to=one&who=me&x=y", "?name=x"} {
				for _, headers := range [][]string{nil, {"RSC", "1"}, {"Cookie", "pass=1"}} {
					target := f.Path(path) + query
					if headers != nil && headers[0] == "RSC" {
						target += "&_rsc="
					}
					direct, through := f.Ask(t, false, http.MethodGet, target, headers...), f.Ask(t, true, http.MethodGet, target,
						headers...)
					what := fmt.Sprintf("%s %s %q", f.Zone, target, headers)
					assert.Equal(t, direct.StatusCode, through.StatusCode, what)
					for _, name := range []string{"Location", "Content-Type", "X-Who", "X-Slug", "X-Nextjs-Rewritten-Path", "X-Nextjs-Rewritten-Query", "X-Middleware-Was-Here", "Set-Cookie"} {
						assert.Equal(t, direct.Header[name], through.Header[name], "%s: %s", what, name)
					}
					if path != "/edge" { // a payload that is made anew has ids of its own
						assert.Equal(t, seenOf(direct).body, seenOf(through).body, what)
					}
				}
			}
		}
	}
}
