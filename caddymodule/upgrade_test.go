package caddymodule

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// upgradingUpstream does what Next.js does: it takes every Upgrade for that of a WebSocket, opens one at /ws, and
// closes the connection elsewhere.
func upgradingUpstream(t *testing.T, asked *atomic.Int64) string {
	t.Helper()
	return edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if upgrade := r.Header.Get("Upgrade"); upgrade != "" || r.Method == http.MethodConnect {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			defer conn.Close()
			if r.URL.Path == "/ws" && strings.EqualFold(upgrade, "websocket") {
				_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello")
			}
			return
		}
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Cache-Control", "s-maxage=31536000")
		w.Header().Set("X-Nextjs-Cache", "HIT")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, "%s %s %q connection=%q settings=%q", r.Method, r.URL.Path, body, r.Header["Connection"], r.Header["Http2-Settings"])
	})
}

// rawAnswer sends a request as it is written and returns the answer, and its body unless the protocol was switched.
func rawAnswer(t *testing.T, e *edgetest.Edge, request string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", "localhost:"+e.Port)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(edgetest.Patience)))
	_, err = io.WriteString(conn, request)
	require.NoError(t, err)
	method, _, _ := strings.Cut(request, " ")
	reader := bufio.NewReader(conn)
	res, err := http.ReadResponse(reader, &http.Request{Method: method})
	require.NoError(t, err, request)
	if res.StatusCode == http.StatusSwitchingProtocols {
		hello := make([]byte, len("hello"))
		_, err = io.ReadFull(reader, hello)
		require.NoError(t, err)
		return res, string(hello)
	}
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res, string(body)
}

// A request that asks for another protocol than WebSocket gets the answer that it would get without asking.
func TestAnUpgradeToAnythingButWebSocketIsIgnored(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".next")
	buildtest.Write(t, dir, buildtest.Build{
		App:   map[string]string{"/kept/page": "/kept"},
		Files: map[string]string{"../public/a.txt": "public", "static/chunks/a.js": "script"},
	})
	var asked atomic.Int64
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone upgraded / %s {\n build %s\n }\n}", upgradingUpstream(t, &asked),
		dir))
	_, _ = rawAnswer(t, e, "GET /kept HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	for _, upgrade := range []string{
		"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n",
		"Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n",
		"Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n",
		"Connection: keep-alive, upgrade\r\nUpgrade: HTTP/2.0, SHTTP/1.3, IRC/6.9, RTA/x11\r\n",
		"Connection: Upgrade\r\nUpgrade: websockets\r\n",
		"Upgrade: websocket\r\n",
	} {
		for _, c := range []struct {
			line, body, want string
			asks             int64
		}{
			{"GET /_next/static/chunks/a.js", "", "script", 0},
			{"GET /a.txt", "", "public", 0},
			{"GET /kept", "", `GET /kept "" connection=[] settings=[]`, 0},
			{"GET /new", "", `GET /new "" connection=[] settings=[]`, 1},
			{"POST /new", "five!", `POST /new "five!" connection=[] settings=[]`, 1},
		} {
			before := asked.Load()
			res, body := rawAnswer(t, e, fmt.Sprintf("%s HTTP/1.1\r\nHost: localhost\r\n%sConnection: close\r\nContent-Length: %d\r\n\r\n%s",
				c.line, upgrade, len(c.body), c.body))
			assert.Equal(t, http.StatusOK, res.StatusCode, "%s %s", c.line, upgrade)
			assert.Equal(t, c.want, body, "%s %s", c.line, upgrade)
			assert.Equal(t, before+c.asks, asked.Load(), "%s %s", c.line, upgrade)
			assert.True(t, res.Close, "the client has asked for that")
		}
	}
	// No WebSocket begins so (RFC 6455, 4.1; RFC 9110, 7.8).
	const webSocket = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
	_, body := rawAnswer(t, e, "POST /ws HTTP/1.1\r\nHost: localhost\r\n"+webSocket+"Content-Length: 2\r\n\r\nok")
	assert.Equal(t, `POST /ws "ok" connection=[] settings=[]`, body)
	_, body = rawAnswer(t, e, "GET /ws HTTP/1.0\r\nHost: localhost\r\n"+webSocket+"\r\n")
	assert.Equal(t, `GET /ws "" connection=[] settings=[]`, body)
}

// Servers of WebSockets understand no list, so the edge chooses WebSocket of it.
func TestAWebSocketMayBeOneOfSeveralUpgrades(t *testing.T) {
	var asked atomic.Int64
	e := edgetest.Serve(t, "nextjs "+upgradingUpstream(t, &asked))
	for _, upgrade := range []string{"websocket", "WebSocket", "websocket, h2c", "h2c,websocket", "h2c\r\nUpgrade: websocket"} {
		res, hello := rawAnswer(t, e, "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: "+upgrade+"\r\nHTTP2-Settings: x\r\n\r\n")
		assert.Equal(t, http.StatusSwitchingProtocols, res.StatusCode, upgrade)
		assert.Equal(t, "websocket", res.Header.Get("Upgrade"))
		assert.Equal(t, "hello", hello)
	}
}

// Whoever asks for a tunnel of another kind is told that there is none.
func TestCONNECTForAnythingButAWebSocket(t *testing.T) {
	var asked atomic.Int64
	e := edgetest.Serve(t, "nextjs "+upgradingUpstream(t, &asked))
	res, _ := rawAnswer(t, e, "CONNECT /ws HTTP/1.1\r\nHost: localhost\r\n\r\n")
	assert.Equal(t, http.StatusNotImplemented, res.StatusCode)
	assert.Equal(t, []string{"no-store"}, res.Header["Cache-Control"])

	_, base := e.Client(t, edgetest.H3)
	transport := &http3.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	t.Cleanup(func() { _ = transport.Close() })
	req, err := http.NewRequestWithContext(t.Context(), http.MethodConnect, base+"/ws", nil)
	require.NoError(t, err)
	req.Proto = "connect-udp"
	res, err = transport.RoundTrip(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, http.StatusNotImplemented, res.StatusCode)
	assert.Zero(t, asked.Load())
}
