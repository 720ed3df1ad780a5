package zones

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
)

// FindRequest is Find for a request whose path alone does not tell the zone: what Next.js keeps below /_next is the
// same for all zones that share a host without basePath. A picture belongs to the zone that its url names; what nothing
// else tells belongs to the zone of the page that asks, by Referer.
func (t *Table) FindRequest(r *http.Request) (m Match, ok bool) {
	m, ok = t.Find(r.Host, spelling.EscapedPath(r.URL))
	if t.dev && (!ok || m.Path == m.Full) {
		if zone := t.devZone(r, m.Full); zone != nil {
			m.Zone, m.Path = zone, m.Full
			return m, true
		}
	}
	if !ok || !m.shared || !strings.HasPrefix(m.Path, "/_next/") {
		return m, ok
	}
	if zone := t.zoneByHint(r, m); zone != nil {
		m.Zone = zone
	}
	return m, true
}

// zoneByHint returns the zone that a request for something below /_next means, or nil where the path has told it.
func (t *Table) zoneByHint(r *http.Request, m Match) *Zone {
	switch kind, _ := frameworkKind(m.Path); kind {
	case KindImage:
		source, _ := spelling.QueryValue(r.URL.RawQuery, "url")
		if strings.HasPrefix(source, "/") && !strings.HasPrefix(source, "//") {
			path, _, _ := strings.Cut(source, "?")
			return t.sharer(r.Host, (&url.URL{Path: path}).EscapedPath())
		}
	case KindStatic:
		// Files with a hash in their name belong to one build. Those of a constant build id have the same name in all.
		_, name, _ := strings.Cut(strings.TrimPrefix(m.Path, "/_next/static/"), "/")
		if !strings.HasPrefix(name, "_") {
			return nil
		}
	case KindDev:
	default:
		return nil
	}
	referer, err := url.Parse(httpheader.First(r.Header, "Referer"))
	if err != nil || referer.Host != r.Host {
		return nil
	}
	zone := t.sharer(r.Host, spelling.EscapedPath(referer))
	if zone != nil && zone.Claims != nil && strings.HasPrefix(m.Path, "/_next/static/") &&
		!zone.Claims.names(m.Path) && !zone.Claims.mayName(m.Path) {
		return nil
	}
	return zone
}

// sharer returns the zone of a path if it is one of those that share a host, whose own /_next stands at the root.
func (t *Table) sharer(host, path string) *Zone {
	if m, ok := t.Find(host, path); ok && (m.shared || m.Zone.ByRoutes) {
		return m.Zone
	}
	return nil
}
