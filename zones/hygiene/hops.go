package hygiene

import (
	"net/http"
	"net/textproto"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
)

// hopHeaders are those that Connection may name, and that the proxy and the server handle themselves.
var hopHeaders = map[string]bool{
	"Close": true, "Connection": true, "Keep-Alive": true, "Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true, "Content-Length": true,
}

// DropHops removes the headers that Connection names: they are for the next hop only (RFC 9110, 7.6.1), and the proxy
// does not send them on. What decides on a request must not see what Next.js will not see: a payload would be kept
// under the name of the variant that such a header asks for.
func DropHops(h http.Header) {
	for name := range httpheader.Tokens(h["Connection"]) {
		if name = textproto.CanonicalMIMEHeaderKey(name); !hopHeaders[name] {
			delete(h, name)
		}
	}
}
