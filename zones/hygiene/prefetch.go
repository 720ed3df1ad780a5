package hygiene

import (
	"net/http"

	"github.com/caddy-nextjs/caddy-nextjs/zones"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
)

// IsSegmentPrefetch reports whether a request asks for one segment of a page ahead of a click. Its path says nothing:
// it may be one that Next.js redirects to another spelling, of which the edge has no opinion.
func IsSegmentPrefetch(r *http.Request) bool {
	return len(r.Header[zones.SegmentHeader.Name]) > 0 && (r.Method == http.MethodGet || r.Method == http.MethodHead)
}

// Redirects reports whether an answer sends its client to another URL.
func Redirects(status int, h http.Header) bool {
	return 300 <= status && status < 400 && len(h["Location"]) > 0
}

// keepNoPrefetch is for a segment that is not there.
const keepNoPrefetch = "private, no-store"

// aboutBody are the headers of an answer that tell of its body or of where it leads.
var aboutBody = []string{
	"Location", "Refresh", "X-Nextjs-Redirect", "Content-Type", "Content-Length", "Content-Encoding",
	"Transfer-Encoding", "Etag", "Last-Modified", "Accept-Ranges", "Expires", "Age",
	"X-Nextjs-Cache", "X-Nextjs-Prerender", "X-Nextjs-Postponed",
}

// EmptyPrefetch makes the head of an answer that of a 204 without a segment, which nobody keeps. The client of Next.js
// asks for it again after ten seconds, and loads the page at a click. Cookies stay.
func EmptyPrefetch(h http.Header) {
	for _, name := range aboutBody {
		delete(h, name)
	}
	for _, name := range httpheader.TargetedFields {
		delete(h, name)
	}
	h["Cache-Control"] = []string{keepNoPrefetch}
}
