//go:build e2e

package harness

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// EchoServer is an upstream that sends WebSocket messages back, and answers anything else with what it was sent. It
// returns the upstream's address.
func EchoServer(t testing.TB) string {
	t.Helper()
	return edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" {
			_, _ = w.Write([]byte(r.Method + " answered"))
			return
		}
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = conn.CloseNow() }()
		for {
			kind, message, err := conn.Read(r.Context())
			if err != nil || conn.Write(r.Context(), kind, message) != nil {
				return
			}
		}
	})
}

// DialSocket opens a WebSocket through the edge.
func DialSocket(t testing.TB, ctx context.Context, e *Edge, path string) *websocket.Conn {
	t.Helper()
	conn, res, err := websocket.Dial(ctx, strings.Replace(e.TLSURL(path), "https", "wss", 1),
		&websocket.DialOptions{HTTPClient: e.Client(t, edgetest.H1)})
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, res.StatusCode)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return conn
}

// SayAndHear sends a message and waits for its echo.
func SayAndHear(t testing.TB, ctx context.Context, conn *websocket.Conn, text string) {
	t.Helper()
	require.NoError(t, conn.Write(ctx, websocket.MessageText, []byte(text)))
	_, heard, err := conn.Read(ctx)
	require.NoError(t, err)
	require.Equal(t, text, string(heard))
}
