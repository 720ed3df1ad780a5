//go:build e2e

package parity_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// The prefetch of a segment that Next.js redirects is empty, each time; whatever else asks for the same path is
// redirected as without the edge.
func TestPrefetchesThatAreRedirectedAreEmpty(t *testing.T) {
	f := harness.Fixtures(t).Next16
	zone := "\t\tzone next16 " + f.Upstream() + " {\n\t\t\tbuild " + f.Build.Dir + "\n\t\t}\n"
	e := harness.StartEdge(t, nil, harness.Setup{Zones: zone})
	segment := []string{"RSC", "1", "Next-Router-Prefetch", "1", "Next-Router-Segment-Prefetch", "/_tree"}
	for protocol, base := range map[string]string{edgetest.H1: e.URL(""), edgetest.H2: e.TLSURL("")} {
		client := e.Client(t, protocol)
		for path, cookie := range map[string]string{
			"/shelf/was-one": "", "/moved": "", "/open/": "", "//open": "", "/away/x": "",
			"/shelf/sent-one": "sent=yes; Path=/",
		} {
			for range 3 {
				direct := edgetest.Get(t, edgetest.PlainClient(t), f.URL(path), segment...)
				assert.Contains(t, []int{307, 308}, direct.StatusCode, path)
				through := edgetest.Get(t, client, base+path, segment...)
				assert.Equal(t, protocol, through.Proto)
				assert.Equal(t, http.StatusNoContent, through.StatusCode, path)
				assert.Equal(t, "private, no-store", through.Header.Get("Cache-Control"), path)
				assert.Equal(t, cookie, through.Header.Get("Set-Cookie"), path)
				for _, name := range []string{"Location", "Refresh", "Content-Type"} {
					assert.Empty(t, through.Header[name], "%s of %s", name, path)
				}
				assert.Empty(t, through.Text)

				for _, others := range [][]string{nil, segment[:2], segment[:4]} {
					direct := edgetest.Get(t, edgetest.PlainClient(t), f.URL(path), others...)
					through := edgetest.Get(t, client, base+path, others...)
					assert.Equal(t, direct.StatusCode, through.StatusCode, "%s %v", path, others)
					assert.Equal(t, direct.Header["Location"], through.Header["Location"], "%s %v", path, others)
				}
			}
		}
		// What is there comes as it is, also when it is kept.
		for range 3 {
			target := harness.WithItsRSC(t, f.App, "/shelf/one", segment)
			direct := edgetest.Get(t, edgetest.PlainClient(t), f.URL(target), segment...)
			through := edgetest.Get(t, client, base+target, segment...)
			assert.Equal(t, direct.StatusCode, through.StatusCode)
			assert.Equal(t, direct.Text, through.Text)
		}
	}
}
