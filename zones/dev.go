package zones

import (
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// devOrigin is an origin that every `next dev` takes for its own: "localhost" is on its list, whatever it was told.
const devOrigin = "http://localhost"

// devHeaders are request headers of the client that `next dev` has sent, by which it finds the debug information of a payload on the HMR
// socket (app-router-headers.js of 16.4). From any other client they would be forged.
var devHeaders = []string{"X-Nextjs-Request-Id", "X-Nextjs-Html-Request-Id"}

// isDevEndpoint reports whether `next dev` answers a path itself and asks first where the page that wants it comes from
// (block-cross-site-dev.js of 16.4, block-cross-site.js of 15.5). These look for the names anywhere in the URL; an application's own
// path that happens to contain one keeps its Origin, which a server action compares with its host.
func isDevEndpoint(path string) bool {
	return strings.HasPrefix(path, "/_next/") || strings.HasPrefix(path, "/__nextjs")
}

// allowDev makes the origin check of `next dev` pass for the site's own pages, which the dev server does not know to be its own: it knows
// localhost and what allowedDevOrigins lists. What comes from anywhere else keeps its Origin, and the dev server refuses it.
//
// The check reads Origin, and Referer alone for what a page loads without CORS where a browser says "cross-site" (16.4 only).
func allowDev(r *http.Request, m Match) {
	if !isDevEndpoint(m.Path) {
		return
	}
	if origin := r.Header["Origin"]; len(origin) == 1 && isOwnOrigin(origin[0], r, m.Zone) {
		r.Header["Origin"] = []string{devOrigin}
	}
	if first(r.Header, "Sec-Fetch-Mode") != "no-cors" || first(r.Header, "Sec-Fetch-Site") != "cross-site" {
		return
	}
	referer, err := url.Parse(first(r.Header, "Referer"))
	if err == nil && isOwnOrigin(referer.Scheme+"://"+referer.Host, r, m.Zone) {
		r.Header["Referer"] = []string{devOrigin + referer.RequestURI()}
	}
}

// isOwnOrigin reports whether a page of that origin is one of the site that r is sent to.
//
// That the names are the same is not enough: a page of another site may let its name mean this machine after it was loaded (DNS
// rebinding), and the dev server would be open to it. It cannot do that over TLS, for which it would need a certificate, nor to
// localhost or an address, nor where the zone is limited to hosts.
func isOwnOrigin(origin string, r *http.Request, zone *Zone) bool {
	scheme, host, ok := strings.Cut(origin, "://")
	if !ok || host == "" || !strings.EqualFold(withoutDefaultPort(host, scheme), withoutDefaultPort(r.Host, scheme)) {
		return false
	}
	switch scheme {
	case "https":
		return true
	case "http":
		return r.TLS == nil && (len(zone.Hosts) > 0 || cannotBeRebound(hostname(host)))
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

// devZone returns the zone under `next dev` whose page asks for something below the root of the site, or nil. The error overlay and the
// dev tools ask there for what they need, whatever basePath the page has (next/dist/compiled/next-devtools of 15.5 and 16.4 fetch
// "/__nextjs_original-stack-frames"), and a zone with an assetPrefix alone asks for pictures and data there; every dev server answers
// at both places. Files are not concerned: a page may use those of another zone.
func (t *Table) devZone(r *http.Request, path string) *Zone {
	if !isDevEndpoint(path) || strings.HasPrefix(path, "/_next/static/") {
		return nil
	}
	referer, ok := refererPath(r)
	if !ok {
		return nil
	}
	if m, ok := t.Find(r.Host, referer); ok && m.Zone.Dev {
		return m.Zone
	}
	return nil
}

// CleanDevRequest is CleanRequest for a zone under `next dev`, with what that understands beyond `next start`.
func CleanDevRequest(r *http.Request, m Match, kind Kind, trusted bool) {
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
