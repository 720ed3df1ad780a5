//go:build e2e

package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A route handler that redirects by the URL of its request names the address that next start listens on. Through the
// edge a visitor stays on the site, whether or not the answer was kept.
func TestRedirectsOfRouteHandlersStayOnTheSite(t *testing.T) {
	f := fixtures(t).next16
	for _, listens := range []string{"0.0.0.0", "::", "localhost", "127.0.0.1"} {
		t.Run(strings.ReplaceAll(listens, ":", "x"), func(t *testing.T) {
			a := &app{zone: "leaving", dir: f.dir, ready: "/open", listen: listens}
			require.NoError(t, a.start())
			t.Cleanup(a.kill)
			require.NoError(t, a.waitUntilReady())
			a.showLogOnFailure(t)
			zone := fmt.Sprintf("\t\tzone next16 %s {\n\t\t\tbuild %s\n\t\t}\n", a.upstream(), f.build.Dir)
			e := startEdge(t, nil, setup{zones: zone})

			for _, base := range []string{e.url(""), e.tlsURL("")} {
				client := e.client(t, map[bool]string{true: "HTTP/2.0", false: "HTTP/1.1"}[base == e.tlsURL("")])
				for _, to := range []string{"/open", "/items/one?a=b#c"} {
					query := "?to=" + url.QueryEscape(to)
					direct := get(t, plainClient(t), a.url("/api/leave"+query), "X-Forwarded-Proto", "https")
					require.Equal(t, http.StatusTemporaryRedirect, direct.StatusCode)
					named := direct.Header.Get("Location")
					require.True(t, strings.HasPrefix(named, "https://"), "%s names the upstream", named)
					for range 3 {
						through := get(t, client, base+"/api/leave"+query)
						assert.Equal(t, http.StatusTemporaryRedirect, through.StatusCode)
						assert.Equal(t, to, through.Header.Get("Location"))
					}
				}
				// One that is kept says the same.
				for _, status := range []string{"; fwd=", "; hit", "; hit"} {
					through := get(t, client, base+"/api/leave")
					assert.Equal(t, "/open", through.Header.Get("Location"))
					assert.Contains(t, through.Header.Get("Cache-Status"), status)
				}
				// Elsewhere is elsewhere, whatever its query says.
				away := "https://id.example.test/authorize?redirect_uri=" + url.QueryEscape(a.url("/callback"))
				through := get(t, client, base+"/api/leave?to="+url.QueryEscape(away))
				assert.Equal(t, away, through.Header.Get("Location"))
				// A browser stays where it is.
				w := openWindowAt(t, e, base, "/api/leave", func(any) {})
				w.waitFor(t, `location.pathname === "/open" && `+heading+` === "Open"`)
			}
		})
	}
}
