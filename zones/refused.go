package zones

import (
	"errors"
	"net/http"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
)

// Reasons to refuse a request. No client of Next.js sends any of them.
var (
	// ErrTarget refuses a request target that names a host, "GET http://host/path" or "CONNECT host:port": the edge is
	// no forward proxy, and Next.js sent requests on to such hosts (CVE-2026-44578). It is a bad request.
	ErrTarget = errors.New("the request target is not a path")
	// ErrConnect refuses tunnels that are no WebSocket (RFC 9220, 3). Next.js closes the connection of who asks for
	// one.
	ErrConnect = errors.New("CONNECT asks for no WebSocket")
	// ErrPayloadPath refuses paths that stand for the payload of another page, /page.rsc and /page.segments/…: Next.js
	// 16 answers them with it, and middleware that compares paths does not see which page that is (CVE-2026-44575).
	// Clients ask by the header RSC. For everybody else there is nothing at such a path.
	ErrPayloadPath = errors.New("the path is that of a prerendered payload, which is asked for by the RSC header")
)

// Refusal says why the edge does not pass on r, or returns nil.
func Refusal(r *http.Request, m Match) error {
	switch target := r.URL; {
	case target.Host != "" || target.Scheme != "" || target.Opaque != "":
		return ErrTarget
	case r.Method == http.MethodConnect && !IsUpgrade(r):
		return ErrConnect
	case isPayloadPath(m.Path) && !spelling.HasPathPrefix(m.Path, "/api") && !m.hasFile() && !m.isDev():
		// Below /api are route handlers, to which such a path is one like any other.
		return ErrPayloadPath
	}
	return nil
}

// isPayloadPath reports whether Next.js may take a path for one of a payload. It compares the path as it is written:
// /a%2Ersc and /a.RSC are pages of that name (normalizeUrl in next/dist/server/route-modules/app-page/module.js, 16.4).
func isPayloadPath(path string) bool {
	return strings.HasSuffix(path, ".rsc") || strings.Contains(path, ".segments/")
}

// isDev reports whether the zone is served by `next dev`, whose files nobody knows beforehand.
func (m Match) isDev() bool { return m.Zone != nil && m.Zone.Dev }

// hasFile reports whether the zone's build is known to have a file at the path.
func (m Match) hasFile() bool {
	return m.Zone != nil && m.Zone.HasFile != nil && m.Zone.HasFile(m.Path)
}
