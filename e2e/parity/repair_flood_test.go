//go:build e2e

package parity_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// A client that asks for the same segment over and over is answered as by Next.js at first, and then with nothing,
// whether the page is kept or made each time.
func TestPrefetchesThatAreMadeOverAndOverAreEmpty(t *testing.T) {
	f := harness.Fixtures(t).Next16
	// The default is less than an hour; the test does not depend on how fast it is.
	zone := "\t\trepair {\n\t\t\tprefetch_flood 20 1h\n\t\t}\n" +
		"\t\tzone next16 " + f.Upstream() + " {\n\t\t\tbuild " + f.Build.Dir + "\n\t\t}\n"
	segment := []string{"RSC", "1", "Next-Router-Prefetch", "1", "Next-Router-Segment-Prefetch", "/_tree"}
	fronts := map[string]func(*harness.Edge, string) string{
		edgetest.H1: (*harness.Edge).URL,
		edgetest.H2: (*harness.Edge).TLSURL,
	}
	for protocol, address := range fronts {
		t.Run(edgetest.InShort(protocol), func(t *testing.T) {
			e := harness.StartEdge(t, nil, harness.Setup{Zones: zone})
			client := e.Client(t, protocol)
			for _, path := range []string{"/shelf/one", "/dynamic"} {
				target := harness.WithItsRSC(t, f.App, path, segment)
				for i := range 25 {
					through := edgetest.Get(t, client, address(e, target), segment...)
					assert.Equal(t, protocol, through.Proto)
					if i >= 20 {
						assert.Equal(t, http.StatusNoContent, through.StatusCode, "%s, number %d", path, i+1)
						assert.Equal(t, "private, no-store", through.Header.Get("Cache-Control"))
						assert.Empty(t, through.Text)
						continue
					}
					direct := edgetest.Get(t, edgetest.PlainClient(t), f.URL(target), segment...)
					assert.Equal(t, direct.StatusCode, through.StatusCode, "%s, number %d", path, i+1)
					assert.Equal(t, direct.Text, through.Text, "%s, number %d", path, i+1)
				}
				// A click, and another segment, are answered.
				assert.Equal(t, http.StatusOK, edgetest.Get(t, client, address(e, path)).StatusCode)
				another := append(segment[:5:5], "/_index")
				target = harness.WithItsRSC(t, f.App, path, another)
				direct := edgetest.Get(t, edgetest.PlainClient(t), f.URL(target), another...)
				assert.Equal(t, direct.StatusCode, edgetest.Get(t, client, address(e, target), another...).StatusCode)
			}
			log := e.Log.Since(0)
			assert.Equal(t, 1, strings.Count(log, "over and over"), "it is said once, with the page that came first")
			assert.Contains(t, log, `"repair":"prefetch_flood","path":"/shelf/one"`)
		})
	}
}
