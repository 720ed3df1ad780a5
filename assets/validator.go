package assets

import (
	"net/http"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
)

// isUnmodified evaluates the conditions of a GET or HEAD for a representation (RFC 9110, 13.2.2), those of
// If-None-Match and If-Modified-Since.
func isUnmodified(h http.Header, modTime time.Time, etag string) bool {
	if tags := h["If-None-Match"]; len(tags) > 0 {
		return httpheader.MatchesETag(tags, etag)
	}
	if since := h["If-Modified-Since"]; len(since) > 0 && !modTime.IsZero() {
		t, err := http.ParseTime(since[0])
		return err == nil && !modTime.Truncate(time.Second).After(t)
	}
	return false
}

// writeUnmodified answers 304 (RFC 9110, 15.4.5).
func writeUnmodified(w http.ResponseWriter) {
	h := w.Header()
	for _, name := range []string{"Content-Type", "Content-Length", "Content-Encoding"} {
		delete(h, name)
	}
	if len(h["Etag"]) > 0 {
		delete(h, "Last-Modified")
	}
	w.WriteHeader(http.StatusNotModified)
}
