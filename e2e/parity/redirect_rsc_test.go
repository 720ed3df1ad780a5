//go:build e2e

package parity_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

// A rule that redirects carries the query along. What it says of _rsc is what the client has sent, whatever the edge
// tells Next.js.
func TestARedirectOfASoftNavigationSaysWhatItsClientSent(t *testing.T) {
	set := harness.Fixtures(t)
	for _, f := range []*harness.Fixture{set.Next14, set.Next15, set.Next16} {
		slash := ""
		if f.Build.TrailingSlash {
			slash = "/"
		}
		for _, path := range []string{"/moved", "/gone", "/old/one", "/with-query", "/away/x"} {
			for _, query := range []string{"", "?a=1", "?_rsc=bad&b=2", "?_rsc", "?c=%20&_rsc=a+b", "?_rsc=1&_rsc=2"} {
				for _, method := range []string{http.MethodGet, http.MethodHead} {
					target := f.Path(path) + slash + query
					headers := []string{"RSC", "1", "Next-Router-Prefetch", "1"}
					direct, through := f.Ask(t, false, method, target, headers...), f.Ask(t, true, method, target, headers...)
					require.Contains(t, []int{301, 302, 303, 307, 308}, direct.StatusCode, "%s %s", f.Zone, target)
					assert.Equal(t, direct.StatusCode, through.StatusCode, "%s %s", f.Zone, target)
					for _, name := range []string{"Location", "Refresh"} {
						assert.Equal(t, direct.Header[name], through.Header[name], "%s %s %s", f.Zone, method, target)
					}
					assert.Equal(t, direct.Text, through.Text, "%s %s", f.Zone, target)
					if method == http.MethodHead {
						assert.Equal(t, direct.ContentLength, through.ContentLength, "%s %s", f.Zone, target)
					}
				}
			}
		}
	}
}
