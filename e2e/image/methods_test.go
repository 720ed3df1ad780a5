//go:build e2e

package image_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

// Next.js makes a picture whatever the method is. The edge lets it be read only, unless middleware of the build looks
// at it, or the repair is off.
func TestNextJSMakesNoPictureForOtherMethods(t *testing.T) {
	const picture = "/_next/image?url=%2Fphoto.jpg&w=640&q=75"
	set := harness.Fixtures(t)
	for _, f := range []*harness.Fixture{set.Next14, set.Next15, set.Next16} {
		target := strings.Replace(f.Path(picture), "url=%2F", "url="+strings.ReplaceAll(f.Path("/"), "/", "%2F"), 1)
		if f.Build.TrailingSlash {
			target = strings.Replace(target, "/image?", "/image/?", 1)
		}
		require.Equal(t, http.StatusOK, f.Ask(t, false, http.MethodGet, target).StatusCode)
		zone := fmt.Sprintf("\t\tzone %s / %s\n", f.Zone, f.Upstream())
		if f.Build.BasePath != "" {
			zone = fmt.Sprintf("\t\tzone %s %s %s\n", f.Zone, f.Build.BasePath, f.Upstream())
		}
		e, off := harness.StartEdge(t, nil, harness.Setup{Zones: zone}), harness.StartEdge(t, nil,
			harness.Setup{Zones: zone + "\t\trepair off\n"})
		for _, method := range []string{http.MethodOptions, http.MethodPost, http.MethodPut, http.MethodDelete, "BREW"} {
			what := f.Zone + " " + method
			want, allow := http.StatusMethodNotAllowed, "GET, HEAD"
			if method == http.MethodOptions {
				want, allow = http.StatusNoContent, "GET, HEAD, OPTIONS"
			}
			through := harness.RawRequest(t, e.Address(), method, target, e.Address(), "")
			assert.Equal(t, want, through.StatusCode, what)
			assert.Equal(t, allow, through.Header.Get("Allow"), what)
			assert.Empty(t, through.Header["X-Nextjs-Cache"], "Next.js is not asked")

			direct := f.Ask(t, false, method, target)
			if method != "BREW" { // Node.js knows none
				assert.Equal(t, http.StatusOK, direct.StatusCode, "%s: without the edge: this test is sharp", what)
			}
			assert.Equal(t, direct.StatusCode, harness.RawRequest(t, off.Address(), method, target, off.Address(),
				"").StatusCode, "%s: off", what)
			// Its middleware looks at pictures.
			assert.Equal(t, direct.StatusCode, f.Ask(t, true, method, target).StatusCode, "%s: middleware", what)
		}
		assert.Contains(t, e.Log.Since(0), `"repair":"image_methods"`)
	}
}
