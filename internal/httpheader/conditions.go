package httpheader

import (
	"net/http"
	"strings"
)

// Conditions are the headers by which a request may be answered with less than the whole (RFC 9110, 13.1 and 14.2).
var Conditions = [...]string{
	"Range", "If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since", "If-Range",
}

// HasCondition reports whether a request has one of Conditions.
func HasCondition(h http.Header) bool {
	for _, name := range Conditions {
		if len(h[name]) > 0 {
			return true
		}
	}
	return false
}

// NeedsUncoded reports whether a request must be answered from the body without a content coding: it asks for a part of
// it, or under a condition that is about parts or about changing it.
func NeedsUncoded(h http.Header) bool {
	return len(h["Range"]) > 0 || len(h["If-Range"]) > 0 || len(h["If-Match"]) > 0 || len(h["If-Unmodified-Since"]) > 0
}

// MatchesETag reports whether the lines of If-None-Match name the entity tag of an answer (etag, "" if it has none), or
// are "*". Tags are compared weakly (RFC 9110, 13.1.2). A tag with a comma in it is not found, so it costs an answer.
func MatchesETag(lines []string, etag string) bool {
	for named := range Tokens(lines) {
		if named == "*" || etag != "" && strings.TrimPrefix(named, "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}
