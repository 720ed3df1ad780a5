package edge

import (
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// OriginOf is the origin of a request as the application is told of it, for the key of its answer: scheme and host, and
// the host that a trusted proxy says besides.
func OriginOf(r *http.Request) string {
	origin := schemeOf(r) + "://" + strings.ToLower(r.Host)
	if said := forwardedAs(r, "X-Forwarded-Host"); said != "" && !strings.EqualFold(said, r.Host) {
		origin += " " + strings.ToLower(said)
	}
	return origin
}

// schemeOf is what the application is told of a request in X-Forwarded-Proto: what a trusted proxy says, else the
// scheme of the connection.
func schemeOf(r *http.Request) string {
	switch said := forwardedAs(r, "X-Forwarded-Proto"); {
	case said != "":
		return strings.ToLower(said)
	case r.TLS != nil:
		return "https"
	}
	return "http"
}

// forwardedAs is the value of a header of a trusted proxy that reverse_proxy hands on, "" if there is none
// (reverseproxy.Handler.addForwardedHeaders). What is said to reverse_proxy alone (`proxy { trusted_proxies … }`) is
// not known here.
func forwardedAs(r *http.Request, name string) string {
	values := r.Header[name]
	if trusted, _ := caddyhttp.GetVar(r.Context(), caddyhttp.TrustedProxyVarKey).(bool); !trusted || len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}
