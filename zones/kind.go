package zones

import (
	"net/http"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
)

// Kind is what a request asks of Next.js. It names the request in logs and metrics and decides which rules of the edge
// apply to it.
type Kind uint8

// The kinds that can be told from the request alone.
const (
	// KindDocument is everything that no other kind describes: pages, and files whose kind only a build can tell.
	KindDocument Kind = iota
	// KindRSC is the React Server Components payload of a soft navigation.
	KindRSC
	// KindPrefetch is an RSC payload asked for ahead of a navigation.
	KindPrefetch
	// KindSegment is one segment of a prefetched RSC payload (client segment cache, Next.js 15.3 and later).
	KindSegment
	// KindData is the JSON of a Pages Router page (/_next/data).
	KindData
	// KindAction is a server action, called by script or by a form without script.
	KindAction
	// KindAPI is anything below /api.
	KindAPI
	// KindStatic is a file of the build below /_next/static.
	KindStatic
	// KindImage is a request to the image optimizer.
	KindImage
	// KindUpgrade asks for a WebSocket on the connection.
	KindUpgrade
	// KindDev is an endpoint that only `next dev` has.
	KindDev
	// KindRefused is what the edge does not pass on; Refusal says why.
	KindRefused

	// Kinds is the number of kinds, for tables that are indexed by one.
	Kinds = iota
)

var kindNames = [Kinds]string{
	"document", "rsc", "prefetch", "segment", "data", "action", "api", "static", "image", "upgrade", "dev", "refused",
}

// String returns the kind's name as it stands in logs and metrics.
func (k Kind) String() string { return kindNames[k] }

// KindOf tells the kind of a request by its zone's view of it.
//
// A path that the client wrote in another way than Next.js reads it is always a document: the edge has no opinion of
// it, and Next.js redirects or decides. The header names and values are those of Next.js 15 and 16
// (next/dist/client/components/app-router-headers.js): RSC counts only when it is exactly "1", and the router headers
// mean nothing without it.
func KindOf(r *http.Request, m Match) Kind {
	if Refusal(r, m) != nil {
		return KindRefused
	}
	if IsUpgrade(r) {
		return KindUpgrade
	}
	if !m.AsWritten {
		return KindDocument
	}
	if kind, ok := frameworkKind(m.Path); ok {
		return kind
	}
	if spelling.HasPathPrefix(m.Path, "/api") {
		return KindAPI
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return navigationKind(r.Header)
	case http.MethodPost:
		if isAction(r.Header) {
			return KindAction
		}
	}
	return KindDocument
}

// frameworkKind tells the kind of the paths that Next.js keeps to itself.
func frameworkKind(path string) (Kind, bool) {
	if strings.HasPrefix(path, "/__nextjs_") {
		return KindDev, true
	}
	below, ok := strings.CutPrefix(path, "/_next/")
	if !ok {
		return 0, false
	}
	switch area, _, _ := strings.Cut(below, "/"); area {
	case "static":
		return KindStatic, true
	case "image":
		return KindImage, true
	case "data":
		return KindData, true
	case "hmr", "webpack-hmr", "mcp":
		return KindDev, true
	}
	return 0, false
}

func navigationKind(h http.Header) Kind {
	switch {
	case !IsRSC(h):
		return KindDocument
	case SegmentHeader.IsValid(h):
		return KindSegment
	case prefetchHeader.IsValid(h):
		return KindPrefetch
	}
	return KindRSC
}

// isAction reports whether a POST calls a server action: by script it carries the action's id in a header, without
// script it is a multipart form. (A multipart POST to a route handler outside /api looks the same; only the build knows
// better.)
func isAction(h http.Header) bool {
	return httpheader.First(h, "Next-Action") != "" || strings.HasPrefix(strings.ToLower(httpheader.First(h, "Content-Type")), "multipart/form-data")
}
