//go:build e2e

package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A client that asks for the same segment over and over is answered as by Next.js at first, and then with nothing,
// whether the page is kept or made each time.
func TestPrefetchesThatAreMadeOverAndOverAreEmpty(t *testing.T) {
	f := fixtures(t).next16
	// The default is less than an hour; the test does not depend on how fast it is.
	zone := "\t\trepair {\n\t\t\tprefetch_flood 20 1h\n\t\t}\n" +
		"\t\tzone next16 " + f.upstream() + " {\n\t\t\tbuild " + f.build.Dir + "\n\t\t}\n"
	segment := []string{"RSC", "1", "Next-Router-Prefetch", "1", "Next-Router-Segment-Prefetch", "/_tree"}
	fronts := map[string]func(*edge, string) string{"HTTP/1.1": (*edge).url, "HTTP/2.0": (*edge).tlsURL}
	for protocol, address := range fronts {
		t.Run(inShort(protocol), func(t *testing.T) {
			e := startEdge(t, nil, setup{zones: zone})
			client := e.client(t, protocol)
			for _, path := range []string{"/shelf/one", "/dynamic"} {
				target := withItsRSC(t, f.app, path, segment)
				for i := range 25 {
					through := get(t, client, address(e, target), segment...)
					assert.Equal(t, protocol, through.Proto)
					if i >= 20 {
						assert.Equal(t, http.StatusNoContent, through.StatusCode, "%s, number %d", path, i+1)
						assert.Equal(t, "private, no-store", through.Header.Get("Cache-Control"))
						assert.Empty(t, through.body)
						continue
					}
					direct := get(t, plainClient(t), f.url(target), segment...)
					assert.Equal(t, direct.StatusCode, through.StatusCode, "%s, number %d", path, i+1)
					assert.Equal(t, direct.body, through.body, "%s, number %d", path, i+1)
				}
				// A click, and another segment, are answered.
				assert.Equal(t, http.StatusOK, get(t, client, address(e, path)).StatusCode)
				another := append(segment[:5:5], "/_index")
				target = withItsRSC(t, f.app, path, another)
				direct := get(t, plainClient(t), f.url(target), another...)
				assert.Equal(t, direct.StatusCode, get(t, client, address(e, target), another...).StatusCode)
			}
			log := e.log.since(0)
			assert.Equal(t, 1, strings.Count(log, "over and over"), "it is said once, with the page that came first")
			assert.Contains(t, log, `"repair":"prefetch_flood","path":"/shelf/one"`)
		})
	}
}
