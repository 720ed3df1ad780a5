package assets

import (
	"net/http"
	"strings"
	"time"
)

// isUnmodified evaluates the conditions of a GET or HEAD for a representation (RFC 9110, 13.2.2), those of
// If-None-Match and If-Modified-Since. Entity tags are compared weakly.
func isUnmodified(h http.Header, modTime time.Time, etag string) bool {
	if lists := h["If-None-Match"]; len(lists) > 0 {
		for _, list := range lists {
			for tag := range strings.SplitSeq(list, ",") {
				tag = strings.TrimSpace(tag)
				if tag == "*" || etag != "" && strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(etag, "W/") {
					return true
				}
			}
		}
		return false
	}
	if since := h["If-Modified-Since"]; len(since) > 0 && !modTime.IsZero() {
		t, err := http.ParseTime(since[0])
		return err == nil && !modTime.Truncate(time.Second).After(t)
	}
	return false
}

// wantsPlainBytes reports whether a request can only be answered with a file as it is: for a part of it, or under a
// condition that is about parts or about changing it.
func wantsPlainBytes(h http.Header) bool {
	return len(h["Range"]) > 0 || len(h["If-Range"]) > 0 || len(h["If-Match"]) > 0 || len(h["If-Unmodified-Since"]) > 0
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
