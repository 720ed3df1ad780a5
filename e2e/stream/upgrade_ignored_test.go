//go:build e2e

package stream_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// Next.js closes the connection of every Upgrade that it does not know. Of those to other protocols than WebSocket it
// learns nothing, so clients that offer them get their answer.
func TestOtherUpgradesThanThatOfAWebSocketAreIgnored(t *testing.T) {
	f := harness.NextApps(t)
	e := harness.StartEdge(t, f, harness.Setup{})
	for _, upgrade := range []string{
		"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n",
		"Connection: keep-alive, Upgrade\r\nUpgrade: TLS/1.0\r\n",
	} {
		for _, path := range []string{"/about", "/blog/fog-signal", "/api/echo"} {
			t.Run(harness.NoSlash(path), func(t *testing.T) {
				want := edgetest.Get(t, edgetest.PlainClient(t), e.URL(path))
				conn, err := net.DialTimeout("tcp", e.Address(), edgetest.Patience)
				require.NoError(t, err)
				defer conn.Close()
				require.NoError(t, conn.SetDeadline(time.Now().Add(edgetest.Patience)))
				_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", path, e.Address(), upgrade)
				require.NoError(t, err)
				res, err := http.ReadResponse(bufio.NewReader(conn), nil)
				require.NoError(t, err)
				_, err = io.Copy(io.Discard, res.Body)
				require.NoError(t, err)
				assert.Equal(t, want.StatusCode, res.StatusCode)
				assert.Equal(t, http.StatusOK, res.StatusCode)
				assert.Equal(t, want.Header.Get("Content-Type"), res.Header.Get("Content-Type"))
			})
		}
	}
}
