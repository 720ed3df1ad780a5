package imageopt

import (
	"net/http"
	"strconv"
)

// SetHeaders sets the headers of an answer with a picture (setResponseHeaders of next/dist/server/image-optimizer.js), apart from X-Nextjs-Cache and
// Content-Length. mime is the type of the body, maxAge in seconds, etag as ETagOf or PassedETag made it. What may be compressed (SVG, ICO and
// BMP) gets its Vary: Accept-Encoding from who compresses it.
func (s *Settings) SetHeaders(h http.Header, r Request, mime string, maxAge int, etag string) {
	values := [...]string{
		"Accept", "public, max-age=" + strconv.Itoa(maxAge) + ", must-revalidate", etag, mime,
		disposition(s.ContentDispositionType, fileName(r.Href, mime)), s.ContentSecurityPolicy,
	}
	if r.Static {
		values[1] = "public, max-age=315360000, immutable"
	}
	// Etag is without quotes, which Next.js leaves out too: clients that hold an answer of Next.js compare byte by byte.
	for i, name := range [...]string{"Vary", "Cache-Control", "Etag", "Content-Type", "Content-Disposition", "Content-Security-Policy"} {
		if values[i] != "" {
			h[name] = values[i : i+1 : i+1]
		}
	}
}

// KeepFor304 takes away what an answer 304 does not have.
func KeepFor304(h http.Header) {
	for _, name := range []string{"Content-Type", "Content-Disposition", "Content-Security-Policy", "Content-Length", "X-Nextjs-Cache"} {
		h.Del(name)
	}
}

// MaxAge is how long a picture is fresh, in seconds: what upstream says of its source, and at least minimumCacheTTL. A source that could not be
// decoded has minimumCacheTTL only.
func (s *Settings) MaxAge(upstreamCacheControl string) int {
	return max(s.MinimumCacheTTL, UpstreamMaxAge(upstreamCacheControl))
}

// Write answers with a refusal: the text, and no headers that say anything of it.
func (r *Refusal) Write(w http.ResponseWriter) {
	w.Header()["Content-Type"] = nil // or package net/http would guess one
	w.WriteHeader(r.Status)
	_, _ = w.Write([]byte(r.Text))
}
