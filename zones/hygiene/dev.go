package hygiene

import (
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// devOrigin is an origin that every `next dev` takes for its own: "localhost" is on its list, whatever it was told.
const devOrigin = "http://localhost"

// devHeaders are request headers of the client that `next dev` has sent, by which it finds the debug information of a
// payload on the HMR socket (app-router-headers.js of 16.4). From any other client they would be forged.
var devHeaders = []string{"X-Nextjs-Request-Id", "X-Nextjs-Html-Request-Id"}

// allowDev makes the origin check of `next dev` pass for the site's own pages, which the dev server does not know to be
// its own: it knows localhost and what allowedDevOrigins lists. What comes from anywhere else keeps its Origin, and the
// dev server refuses it.
//
// The check reads Origin, and Referer alone for what a page loads without CORS where a browser says "cross-site" (16.4
// only).
func allowDev(r *http.Request, m zones.Match) {
	if !zones.IsDevEndpoint(m.Path) {
		return
	}
	if origin := r.Header["Origin"]; len(origin) == 1 && isOwnOrigin(origin[0], r, m.Zone) {
		r.Header["Origin"] = []string{devOrigin}
	}
	if httpheader.First(r.Header, "Sec-Fetch-Mode") != "no-cors" || httpheader.First(r.Header, "Sec-Fetch-Site") != "cross-site" {
		return
	}
	referer, err := url.Parse(httpheader.First(r.Header, "Referer"))
	if err == nil && isOwnOrigin(referer.Scheme+"://"+referer.Host, r, m.Zone) {
		r.Header["Referer"] = []string{devOrigin + referer.RequestURI()}
	}
}

// isOwnOrigin reports whether a page of that origin is one of the site that r is sent to.
//
// That the names are the same is not enough: a page of another site may let its name mean this machine after it was
// loaded (DNS rebinding), and the dev server would be open to it. It cannot do that over TLS, for which it would need a
// certificate, nor to localhost or an address, nor where the zone is limited to hosts.
func isOwnOrigin(origin string, r *http.Request, zone *zones.Zone) bool {
	scheme, host, ok := strings.Cut(origin, "://")
	if !ok || host == "" || !strings.EqualFold(withoutDefaultPort(host, scheme), withoutDefaultPort(r.Host, scheme)) {
		return false
	}
	switch scheme {
	case "https":
		return true
	case "http":
		return r.TLS == nil && (len(zone.Hosts) > 0 || cannotBeRebound(zones.Hostname(host)))
	}
	return false
}

func withoutDefaultPort(host, scheme string) string {
	if scheme == "https" {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}

// cannotBeRebound reports whether nobody else can say what a host name means: localhost (RFC 6761, 6.3) or an address.
func cannotBeRebound(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}

// CleanDevRequest is CleanRequest for a zone under `next dev`, with what that understands beyond `next start`.
func CleanDevRequest(r *http.Request, m zones.Match, kind zones.Kind, trusted bool) {
	kept := http.Header{}
	for _, name := range devHeaders {
		if values, ok := r.Header[name]; ok {
			kept[name] = values
		}
	}
	CleanRequest(r, kind, trusted)
	maps.Copy(r.Header, kept)
	allowDev(r, m)
}
