package codings

import (
	"net/http"
	"slices"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
)

// ETag returns the entity tag of an answer in a coding: each representation has its own (RFC 9110, 8.8.3.3). The
// handler that compresses answers on their way, and Caddy's, make the same of it.
func ETag(etag, name string) string {
	plain, ok := strings.CutSuffix(etag, `"`)
	if !ok || IsETag(etag) {
		return etag
	}
	return plain + "-" + name + `"`
}

// IsETag reports whether an entity tag is one that ETag has made.
func IsETag(etag string) bool {
	return slices.ContainsFunc(Names[:], func(name string) bool { return endsIn(etag, name) })
}

// endsIn reports whether an entity tag is that of an answer in a coding.
func endsIn(etag, name string) bool {
	rest, ok := strings.CutSuffix(etag, `"`)
	if ok {
		rest, ok = strings.CutSuffix(rest, name)
	}
	return ok && strings.HasSuffix(rest, "-")
}

// SameETag reports whether an entity tag that a client names, alone or of the answer in a coding of Names, is that of
// an answer. They are compared weakly. name is the coding, "" for the answer as it is.
func SameETag(named, etag string) (name string, same bool) {
	named, etag = strings.TrimPrefix(named, "W/"), strings.TrimPrefix(etag, "W/")
	if named == etag {
		return "", true
	}
	plain, ok := strings.CutSuffix(etag, `"`)
	if !ok || !strings.HasPrefix(named, plain) || IsETag(etag) {
		return "", false
	}
	for _, name := range Names {
		if len(named) == len(plain)+len(name)+2 && endsIn(named, name) {
			return name, true
		}
	}
	return "", false
}

// AddVary says that another client may get the answer in another coding.
func AddVary(h http.Header) {
	if vary := h["Vary"]; !httpheader.HasToken(vary, "*") && !httpheader.HasToken(vary, "Accept-Encoding") {
		h["Vary"] = append(vary, "Accept-Encoding")
	}
}
