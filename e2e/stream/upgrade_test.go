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

func TestAnUpgradeThatNextJSIgnoresEnds(t *testing.T) {
	f := harness.NextApps(t)
	e := harness.StartEdge(t, f, harness.Setup{Zones: "\t\tupgrade_timeout 2s\n"})
	tests := []struct {
		path   string
		status int
	}{
		// Next.js says nothing, ever.
		{"/no-such-socket", http.StatusGatewayTimeout},
		{"/blog/no/such/socket", http.StatusGatewayTimeout},
		{"/shop/no-such-socket", http.StatusGatewayTimeout},
		// Next.js knows these as pages, and closes the connection.
		{"/about", http.StatusBadGateway},
		{"/blog/fog-signal", http.StatusBadGateway},
	}
	var answers []*bufio.Reader // all are waited for at once
	for _, test := range tests {
		answers = append(answers, sendUpgrade(t, e.Address(), test.path))
	}
	for i, test := range tests {
		t.Run(harness.NoSlash(test.path), func(t *testing.T) {
			res, err := http.ReadResponse(answers[i], nil)
			require.NoError(t, err)
			defer res.Body.Close()
			assert.Equal(t, test.status, res.StatusCode)
		})
	}
	assert.Equal(t, http.StatusOK, edgetest.Get(t, edgetest.PlainClient(t), e.URL("/about")).StatusCode,
		"other requests go on")
}

// sendUpgrade asks for a WebSocket.
func sendUpgrade(t testing.TB, address, path string) *bufio.Reader {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, edgetest.Patience)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(edgetest.Patience)))
	_, err = io.WriteString(conn, fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", path, address))
	require.NoError(t, err)
	return bufio.NewReader(conn)
}
