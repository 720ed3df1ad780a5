package zones

import (
	"net/http"
	"strings"
)

// IsDevEndpoint reports whether `next dev` answers a path itself and asks first where the page that wants it comes from
// (block-cross-site-dev.js of 16.4, block-cross-site.js of 15.5). These look for the names anywhere in the URL; an
// application's own path that happens to contain one keeps its Origin, which a server action compares with its host.
func IsDevEndpoint(path string) bool {
	return strings.HasPrefix(path, "/_next/") || strings.HasPrefix(path, "/__nextjs")
}

// devZone returns the zone under `next dev` whose page asks for something below the root of the site, or nil. The error
// overlay and the dev tools ask there for what they need, whatever basePath the page has
// (next/dist/compiled/next-devtools of 15.5 and 16.4 fetch "/__nextjs_original-stack-frames"), and a zone with an
// assetPrefix alone asks for pictures and data there; every dev server answers at both places. Files are not concerned:
// a page may use those of another zone.
func (t *Table) devZone(r *http.Request, path string) *Zone {
	if !IsDevEndpoint(path) || strings.HasPrefix(path, "/_next/static/") {
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
