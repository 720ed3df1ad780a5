package zones

import (
	"net/http"
	"strings"
)

// protocolHeader is where net/http puts the :protocol of an extended CONNECT over HTTP/2. quic-go has it in
// Request.Proto.
const protocolHeader = ":protocol"

// isUpgrade reports whether r asks for a WebSocket, the only protocol besides HTTP that Next.js speaks: by a GET with
// Upgrade (RFC 9110, 7.8; RFC 6455, 4.1) or by an extended CONNECT (RFC 8441, RFC 9220).
func isUpgrade(r *http.Request) bool {
	const webSocket = "websocket"
	switch r.Method {
	case http.MethodConnect:
		return r.Proto == webSocket || first(r.Header, protocolHeader) == webSocket
	case http.MethodGet:
		// HTTP/1.0 has no Upgrade.
		return len(r.Header["Upgrade"]) > 0 && r.ProtoAtLeast(1, 1) &&
			hasToken(r.Header["Connection"], "upgrade") && hasToken(r.Header["Upgrade"], webSocket)
	}
	return false
}

// DropUpgrade removes what asks for another protocol than WebSocket: a server may ignore Upgrade, and answers as if it
// were not there (RFC 9110, 7.8). Node.js would take any Upgrade for one, and Next.js close the connection. Of a list
// that names WebSocket only that is left, for servers of WebSockets understand no list. HTTP2-Settings goes with them
// (RFC 7540, 3.2.1).
func DropUpgrade(r *http.Request) {
	delete(r.Header, "Http2-Settings")
	protocols := r.Header["Upgrade"]
	if len(protocols) == 0 {
		return
	}
	if isUpgrade(r) {
		if len(protocols) > 1 || !strings.EqualFold(protocols[0], "websocket") {
			r.Header["Upgrade"] = []string{"websocket"}
		}
		return
	}
	delete(r.Header, "Upgrade")
	dropConnectionTokens(r.Header, "upgrade", "http2-settings")
}

// dropConnectionTokens removes tokens, which are in lower case, from Connection.
func dropConnectionTokens(h http.Header, tokens ...string) {
	var kept []string
	for token := range listTokens(h["Connection"]) {
		dropped := false
		for _, drop := range tokens {
			dropped = dropped || strings.EqualFold(token, drop)
		}
		if !dropped {
			kept = append(kept, token)
		}
	}
	delete(h, "Connection")
	if len(kept) > 0 {
		h["Connection"] = []string{strings.Join(kept, ", ")}
	}
}

// hasToken reports whether a header that is a list names token, whatever its case.
func hasToken(lines []string, token string) bool {
	for have := range listTokens(lines) {
		if strings.EqualFold(have, token) {
			return true
		}
	}
	return false
}

// listTokens yields what the lines of a header that is a list name.
func listTokens(lines []string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, line := range lines {
			for token := range strings.SplitSeq(line, ",") {
				if token = strings.TrimSpace(token); token != "" && !yield(token) {
					return
				}
			}
		}
	}
}
