//go:build e2e

package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Next.js makes a picture whatever the method is. The edge lets it be read only, unless middleware of the build looks at it, or the
// repair is off.
func TestNextJSMakesNoPictureForOtherMethods(t *testing.T) {
	const picture = "/_next/image?url=%2Fphoto.jpg&w=640&q=75"
	set := fixtures(t)
	for _, f := range []*fixture{set.next14, set.next15, set.next16} {
		target := strings.Replace(f.path(picture), "url=%2F", "url="+strings.ReplaceAll(f.path("/"), "/", "%2F"), 1)
		if f.build.TrailingSlash {
			target = strings.Replace(target, "/image?", "/image/?", 1)
		}
		require.Equal(t, http.StatusOK, f.ask(t, false, http.MethodGet, target).StatusCode)
		zone := fmt.Sprintf("\t\tzone %s / %s\n", f.zone, f.upstream())
		if f.build.BasePath != "" {
			zone = fmt.Sprintf("\t\tzone %s %s %s\n", f.zone, f.build.BasePath, f.upstream())
		}
		e, off := startEdge(t, nil, setup{zones: zone}), startEdge(t, nil, setup{zones: zone + "\t\trepair off\n"})
		for _, method := range []string{http.MethodOptions, http.MethodPost, http.MethodPut, http.MethodDelete, "BREW"} {
			what := f.zone + " " + method
			want, allow := http.StatusMethodNotAllowed, "GET, HEAD"
			if method == http.MethodOptions {
				want, allow = http.StatusNoContent, "GET, HEAD, OPTIONS"
			}
			through := rawRequest(t, e.address(), method, target, e.address(), "")
			assert.Equal(t, want, through.StatusCode, what)
			assert.Equal(t, allow, through.Header.Get("Allow"), what)
			assert.Empty(t, through.Header["X-Nextjs-Cache"], "Next.js is not asked")

			direct := f.ask(t, false, method, target)
			if method != "BREW" { // Node.js knows none
				assert.Equal(t, http.StatusOK, direct.StatusCode, "%s: without the edge: this test is sharp", what)
			}
			assert.Equal(t, direct.StatusCode, rawRequest(t, off.address(), method, target, off.address(), "").StatusCode, "%s: off", what)
			// Its middleware looks at pictures.
			assert.Equal(t, direct.StatusCode, f.ask(t, true, method, target).StatusCode, "%s: middleware", what)
		}
		assert.Contains(t, e.log.since(0), `"repair":"image_methods"`)
	}
}
