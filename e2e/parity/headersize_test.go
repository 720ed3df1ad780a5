//go:build e2e

package parity_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// Node.js refuses headers of 16 KiB and closes the connection, of which a client with a body learns only 502. The edge
// refuses them itself, at most margin bytes before Node.js would, and never lets through what Node.js refuses.
func TestTheEdgeRefusesHeadersBeforeNodeDoes(t *testing.T) {
	const margin = 64
	f := harness.NextApps(t)
	e := harness.StartEdge(t, f, harness.Setup{})
	// What the edge adds to each of them.
	added := 0
	through := echoOf(t, edgetest.Get(t, edgetest.PlainClient(t), e.URL("/api/echo")))
	for _, name := range []string{"via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"} {
		require.NotEmpty(t, through.Headers[name], name)
		added += len(name) + len(through.Headers[name])
	}
	for _, test := range []struct{ name, method, target, fields, body string }{
		{"GET", "GET", "/api/echo", "", ""},
		{"long target", "GET", "/api/echo?" + strings.Repeat("a", 3000), "", ""},
		{"many fields", "GET", "/api/echo", strings.Repeat("X-Field: 1\r\n", 500), ""},
		{"POST", "POST", "/api/echo", "Content-Length: 5\r\n", "hello"},
		{"chunked POST", "POST", "/api/echo", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"},
	} {
		t.Run(harness.NoSlash(test.name), func(t *testing.T) {
			// refused reports whether a request whose head is filled up with length bytes is refused with 431.
			refused := func(address string, length int) bool {
				conn, err := net.DialTimeout("tcp", address, edgetest.Patience)
				require.NoError(t, err)
				defer conn.Close()
				require.NoError(t, conn.SetDeadline(time.Now().Add(2*edgetest.Patience)))
				_, err = fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: x\r\n%sX-Fill: %s\r\n\r\n%s",
					test.method, test.target, e.Address(), test.fields, strings.Repeat("x", length), test.body)
				require.NoError(t, err)
				res, err := http.ReadResponse(bufio.NewReader(conn), nil)
				require.NoError(t, err)
				_ = res.Body.Close()
				require.NotEqual(t, http.StatusBadGateway, res.StatusCode)
				return res.StatusCode == http.StatusRequestHeaderFieldsTooLarge
			}
			// largest returns the longest filling that is not refused.
			largest := func(address string) int {
				fits, tooLong := 0, 16384
				for tooLong-fits > 1 {
					if middle := (fits + tooLong) / 2; refused(address, middle) {
						tooLong = middle
					} else {
						fits = middle
					}
				}
				return fits
			}
			node, edge := largest(f.Home.Upstream()), largest(e.Address())
			t.Logf("Node.js takes %d bytes, the edge %d and adds %d: %d bytes of margin", node, edge, added, node-added-edge)
			assert.LessOrEqual(t, edge+added, node, "what Node.js refuses is refused by the edge")
			assert.GreaterOrEqual(t, edge+added, node-margin)
		})
	}
}
