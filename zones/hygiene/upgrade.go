package hygiene

import (
	"net/http"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

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
	if zones.IsUpgrade(r) {
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
	for token := range httpheader.Tokens(h["Connection"]) {
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
