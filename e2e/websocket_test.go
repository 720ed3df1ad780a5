//go:build e2e

package e2e_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// echoServer is an upstream that sends WebSocket messages back, and answers anything else with what it was sent. It returns the
// upstream's address.
func echoServer(t testing.TB) string {
	t.Helper()
	return upstreamOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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
	}))
}

func upstreamOf(t testing.TB, handler http.Handler) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: handler}}
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return listener.Addr().String()
}

// dialSocket opens a WebSocket through the edge.
func dialSocket(t testing.TB, ctx context.Context, e *edge, path string) *websocket.Conn {
	t.Helper()
	conn, res, err := websocket.Dial(ctx, strings.Replace(e.tlsURL(path), "https", "wss", 1),
		&websocket.DialOptions{HTTPClient: e.client(t, "HTTP/1.1")})
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, res.StatusCode)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return conn
}

// sayAndHear sends a message and waits for its echo.
func sayAndHear(t testing.TB, ctx context.Context, conn *websocket.Conn, text string) {
	t.Helper()
	require.NoError(t, conn.Write(ctx, websocket.MessageText, []byte(text)))
	_, heard, err := conn.Read(ctx)
	require.NoError(t, err)
	require.Equal(t, text, string(heard))
}
