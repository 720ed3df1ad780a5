package pagecache

import (
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// ofOneAnswer are fields that belong to one answer or one connection, not to what is kept (RFC 9111, 3.1; RFC 9110, 7.6.1). Length and age are told
// anew. Date stays: it says when the entry was made.
var ofOneAnswer = map[string]bool{
	"Age": true, "Alt-Svc": true, "Clear-Site-Data": true, "Connection": true, "Content-Length": true, "Keep-Alive": true, "Proxy-Authenticate": true,
	"Proxy-Authentication-Info": true, "Proxy-Authorization": true, "Proxy-Connection": true, "Set-Cookie": true, "Set-Cookie2": true, "Te": true, "Trailer": true,
	"Transfer-Encoding": true, "Upgrade": true, TagsHeader: true, SaidHeader: true,
}

// Kept returns the fields of an answer that are kept of it. The values are those of h. Names that only look like others are dropped, as are trailers
// that net/http carries among the fields (http.TrailerPrefix).
func Kept(h http.Header) http.Header {
	kept := make(http.Header, len(h))
	for name, values := range h {
		if !ofOneAnswer[name] && textproto.CanonicalMIMEHeaderKey(name) == name && !strings.Contains(name, ":") {
			kept[name] = values
		}
	}
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			delete(kept, textproto.CanonicalMIMEHeaderKey(strings.Trim(name, " \t")))
		}
	}
	return kept
}

// Refreshed returns the head of an entry after Next.js has answered 304 (RFC 9111, 3.2): each field of the 304 replaces that of the entry, except those
// that speak of the body. x-nextjs-cache is the 304's or none: what it once was would make the entry outdated for ever.
func Refreshed(kept, answer http.Header) http.Header {
	refreshed := maps.Clone(kept)
	if refreshed == nil {
		refreshed = make(http.Header, len(answer))
	}
	delete(refreshed, "X-Nextjs-Cache")
	for name, values := range Kept(answer) {
		if name != "Content-Encoding" && name != "Content-Range" {
			refreshed[name] = values
		}
	}
	return refreshed
}

// NotModified reports whether a request has an entry already: its If-None-Match names the entry's ETag by the weak comparison, or, where it has
// none, the entry is not newer than its If-Modified-Since (RFC 9110, 13.2.2). Only a 200 is compared.
func NotModified(r *http.Request, status int, h http.Header) bool {
	if status != http.StatusOK || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	if lines := r.Header["If-None-Match"]; len(lines) > 0 {
		return slices.ContainsFunc(lines, func(line string) bool { return namesTag(line, first(h, "Etag")) })
	}
	since, err := http.ParseTime(first(r.Header, "If-Modified-Since"))
	if err != nil {
		return false
	}
	changed, err := http.ParseTime(first(h, "Last-Modified"))
	return err == nil && !changed.After(since)
}

// namesTag reports whether a line of If-None-Match is * or names the tag. What is no list of tags names none.
func namesTag(line, tag string) bool {
	line = strings.Trim(line, " \t")
	if line == "*" {
		return true
	}
	tag = strings.TrimPrefix(tag, "W/")
	if len(tag) < 2 || tag[0] != '"' {
		return false
	}
	for line != "" {
		line = strings.TrimPrefix(strings.TrimLeft(line, ", \t"), "W/")
		if line == "" || line[0] != '"' {
			return false
		}
		end := strings.IndexByte(line[1:], '"')
		if end < 0 {
			return false
		}
		if line[:end+2] == tag {
			return true
		}
		line = line[end+2:]
	}
	return false
}

// StripBody removes from the head of a 304 what speaks of the body that it does not have (RFC 9110, 15.4.5).
func StripBody(h http.Header) {
	for _, name := range []string{"Content-Type", "Content-Length", "Content-Encoding", "Content-Language", "Content-Range"} {
		delete(h, name)
	}
}
