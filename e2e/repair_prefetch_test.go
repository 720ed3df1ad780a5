//go:build e2e

package e2e_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The prefetch of a segment that Next.js redirects is empty, each time; whatever else asks for the same path is
// redirected as without the edge.
func TestPrefetchesThatAreRedirectedAreEmpty(t *testing.T) {
	f := fixtures(t).next16
	zone := "\t\tzone next16 " + f.upstream() + " {\n\t\t\tbuild " + f.build.Dir + "\n\t\t}\n"
	e := startEdge(t, nil, setup{zones: zone})
	segment := []string{"RSC", "1", "Next-Router-Prefetch", "1", "Next-Router-Segment-Prefetch", "/_tree"}
	for protocol, base := range map[string]string{"HTTP/1.1": e.url(""), "HTTP/2.0": e.tlsURL("")} {
		client := e.client(t, protocol)
		for path, cookie := range map[string]string{
			"/shelf/was-one": "", "/moved": "", "/open/": "", "//open": "", "/away/x": "",
			"/shelf/sent-one": "sent=yes; Path=/",
		} {
			for range 3 {
				direct := get(t, plainClient(t), f.url(path), segment...)
				assert.Contains(t, []int{307, 308}, direct.StatusCode, path)
				through := get(t, client, base+path, segment...)
				assert.Equal(t, protocol, through.Proto)
				assert.Equal(t, http.StatusNoContent, through.StatusCode, path)
				assert.Equal(t, "private, no-store", through.Header.Get("Cache-Control"), path)
				assert.Equal(t, cookie, through.Header.Get("Set-Cookie"), path)
				for _, name := range []string{"Location", "Refresh", "Content-Type"} {
					assert.Empty(t, through.Header[name], "%s of %s", name, path)
				}
				assert.Empty(t, through.body)

				for _, others := range [][]string{nil, segment[:2], segment[:4]} {
					direct := get(t, plainClient(t), f.url(path), others...)
					through := get(t, client, base+path, others...)
					assert.Equal(t, direct.StatusCode, through.StatusCode, "%s %v", path, others)
					assert.Equal(t, direct.Header["Location"], through.Header["Location"], "%s %v", path, others)
				}
			}
		}
		// What is there comes as it is, also when it is kept.
		for range 3 {
			target := withItsRSC(t, f.app, "/shelf/one", segment)
			direct := get(t, plainClient(t), f.url(target), segment...)
			through := get(t, client, base+target, segment...)
			assert.Equal(t, direct.StatusCode, through.StatusCode)
			assert.Equal(t, direct.body, through.body)
		}
	}
}
