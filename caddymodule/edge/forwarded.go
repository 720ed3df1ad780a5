package edge

import (
	"net/http"
	"slices"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// forwarded is what the proxy before the edge says of how its visitor has come. Requests that the edge makes itself say
// the same, or an application that redirects to https would do so for each of them. The visitor's address is not among
// it.
type forwarded struct {
	proto, host []string
	trusted     bool   // the server's trusted_proxies name the proxy
	peer        string // its address, where only reverse_proxy can tell whether its own trusted_proxies do
}

// forwardedBy reads what a request says of itself. It is the zero value where nobody says anything.
func forwardedBy(r *http.Request) forwarded {
	f := forwarded{proto: r.Header["X-Forwarded-Proto"], host: r.Header["X-Forwarded-Host"]}
	if len(f.proto)+len(f.host) == 0 {
		return forwarded{}
	}
	if f.trusted, _ = caddyhttp.GetVar(r.Context(), caddyhttp.TrustedProxyVarKey).(bool); !f.trusted {
		f.peer = r.RemoteAddr
	}
	return f
}

// apply makes a request of the edge say the same.
func (f forwarded) apply(r *http.Request) {
	f.ApplyScheme(r)
	if len(f.host) > 0 {
		r.Header["X-Forwarded-Host"] = slices.Clone(f.host)
	}
}

// ApplyScheme makes a request say the scheme only, and not by which name the visitor has come.
func (f forwarded) ApplyScheme(r *http.Request) {
	if len(f.proto) > 0 {
		r.Header["X-Forwarded-Proto"] = slices.Clone(f.proto)
	}
	if f.peer != "" {
		r.Header["X-Forwarded-For"] = nil // reverse_proxy adds no address then
	}
}
