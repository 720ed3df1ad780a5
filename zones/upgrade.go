package zones

import (
	"net/http"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
)

// protocolHeader is where net/http puts the :protocol of an extended CONNECT over HTTP/2. quic-go has it in
// Request.Proto.
const protocolHeader = ":protocol"

// IsUpgrade reports whether r asks for a WebSocket, the only protocol besides HTTP that Next.js speaks: by a GET with
// Upgrade (RFC 9110, 7.8; RFC 6455, 4.1) or by an extended CONNECT (RFC 8441, RFC 9220).
func IsUpgrade(r *http.Request) bool {
	const webSocket = "websocket"
	switch r.Method {
	case http.MethodConnect:
		return r.Proto == webSocket || httpheader.First(r.Header, protocolHeader) == webSocket
	case http.MethodGet:
		// HTTP/1.0 has no Upgrade.
		return len(r.Header["Upgrade"]) > 0 && r.ProtoAtLeast(1, 1) &&
			httpheader.HasToken(r.Header["Connection"], "upgrade") && httpheader.HasToken(r.Header["Upgrade"], webSocket)
	}
	return false
}
