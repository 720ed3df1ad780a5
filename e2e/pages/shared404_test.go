//go:build e2e

package pages_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// Next.js lets shared caches keep notFound() of a prerendered page for a year. Through the edge they have a minute from
// when they get it, as it comes and from the edge's cache, and nothing to ask by that would begin a year.
func TestSharedCachesKeepA404ForAMinute(t *testing.T) {
	set := harness.Fixtures(t)
	variants := map[string][]string{
		"": nil, "?_rsc=": {"RSC", "1"}, "?_rsc=bl95g": {"RSC", "1", "Next-Router-Prefetch", "1"},
	}
	for _, words := range []string{"", "\t\tcdn\n", "\t\tcache off\n"} {
		for _, f := range []*harness.Fixture{set.Next14, set.Next15, set.Next16} {
			zone := fmt.Sprintf("\t\tzone %s %s {\n\t\t\tbuild %s\n\t\t}\n", f.Zone, f.Upstream(), f.Build.Dir)
			e := harness.StartEdge(t, nil, harness.Setup{Zones: words + zone})
			path := f.Path("/absent")
			if f.Build.TrailingSlash {
				path += "/"
			}
			for query, headers := range variants {
				direct := f.Ask(t, false, http.MethodGet, path+query, headers...)
				require.Equal(t, http.StatusNotFound, direct.StatusCode)
				require.Contains(t, direct.Header.Get("Cache-Control"), "s-maxage=31536000", "this test is sharp")
				for _, protocol := range []string{edgetest.H1, edgetest.H2} {
					client := e.Client(t, protocol)
					for n := range 3 {
						what := fmt.Sprintf("%s %q %s over %s, request %d", f.Zone, words, query, protocol, n)
						through := edgetest.Get(t, client, e.TLSURL(path+query), headers...)
						assert.Equal(t, http.StatusNotFound, through.StatusCode, what)
						age, _ := strconv.Atoi(through.Header.Get("Age"))
						want := fmt.Sprintf("public, max-age=0, s-maxage=%d, must-revalidate", age+60)
						assert.Equal(t, want, through.Header.Get("Cache-Control"), what)
						assert.Empty(t, through.Header["Etag"], what)
						// Other tests may have had it made again.
						assert.Equal(t, seenOf(direct).body, seenOf(through).body, what)
					}
				}
			}
			if words != "\t\tcache off\n" && f != set.Next15 { // whose middleware sees all pages
				hit := edgetest.Get(t, edgetest.PlainClient(t), e.URL(path))
				assert.Contains(t, hit.Header.Get("Cache-Status"), "nextjs; hit; ttl=315", "kept for as long as Next.js says")
			}
		}
	}
}
