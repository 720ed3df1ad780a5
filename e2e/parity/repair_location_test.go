//go:build e2e

package parity_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// A route handler that redirects by the URL of its request names the address that next start listens on. Through the
// edge a visitor stays on the site, whether or not the answer was kept.
func TestRedirectsOfRouteHandlersStayOnTheSite(t *testing.T) {
	f := harness.Fixtures(t).Next16
	for _, listens := range []string{"0.0.0.0", "::", "localhost", "127.0.0.1"} {
		t.Run(strings.ReplaceAll(listens, ":", "x"), func(t *testing.T) {
			a := &harness.App{Zone: "leaving", Dir: f.Dir, Ready: "/open", Listen: listens}
			a.Serve(t)
			zone := fmt.Sprintf("\t\tzone next16 %s {\n\t\t\tbuild %s\n\t\t}\n", a.Upstream(), f.Build.Dir)
			e := harness.StartEdge(t, nil, harness.Setup{Zones: zone})

			for _, base := range []string{e.URL(""), e.TLSURL("")} {
				client := e.Client(t, map[bool]string{true: edgetest.H2, false: edgetest.H1}[base == e.TLSURL("")])
				for _, to := range []string{"/open", "/items/one?a=b#c"} {
					query := "?to=" + url.QueryEscape(to)
					direct := edgetest.Get(t, edgetest.PlainClient(t), a.URL("/api/leave"+query), "X-Forwarded-Proto", "https")
					require.Equal(t, http.StatusTemporaryRedirect, direct.StatusCode)
					named := direct.Header.Get("Location")
					require.True(t, strings.HasPrefix(named, "https://"), "%s names the upstream", named)
					for range 3 {
						through := edgetest.Get(t, client, base+"/api/leave"+query)
						assert.Equal(t, http.StatusTemporaryRedirect, through.StatusCode)
						assert.Equal(t, to, through.Header.Get("Location"))
					}
				}
				// One that is kept says the same.
				for _, status := range []string{"; fwd=", "; hit", "; hit"} {
					through := edgetest.Get(t, client, base+"/api/leave")
					assert.Equal(t, "/open", through.Header.Get("Location"))
					assert.Contains(t, through.Header.Get("Cache-Status"), status)
				}
				// Elsewhere is elsewhere, whatever its query says.
				away := "https://id.example.test/authorize?redirect_uri=" + url.QueryEscape(a.URL("/callback"))
				through := edgetest.Get(t, client, base+"/api/leave?to="+url.QueryEscape(away))
				assert.Equal(t, away, through.Header.Get("Location"))
				// A browser stays where it is.
				w := harness.OpenWindowAt(t, e, base, "/api/leave", func(any) {})
				w.WaitFor(t, `location.pathname === "/open" && `+harness.Heading+` === "Open"`)
			}
		})
	}
}
