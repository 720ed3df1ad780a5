// Package spelling reads and writes paths and queries as Next.js, JavaScript and browsers do.
package spelling

import (
	"net/url"
	"strings"
)

// EscapedPath returns the path of u as the client wrote it, percent-encoding included. Next.js compares its basePath
// and its own /_next paths with these bytes, not with decoded ones
// (next/dist/server/lib/router-utils/resolve-routes.js, 15.5 and 16.4), so the edge must too: /blog%2Fa and /%62log are
// not below /blog.
func EscapedPath(u *url.URL) string {
	if u.RawPath != "" {
		return u.RawPath
	}
	return u.EscapedPath()
}

// CanonicalPath returns the path that Next.js will route by, and whether that is what the client wrote. Next.js 15 and
// 16 answer repeated slashes and backslashes with a redirect to the collapsed form, and take what is left through the
// WHATWG URL parser, which resolves dot segments and ends the path at "#" (resolve-routes.js and
// parse-relative-url.js).
func CanonicalPath(path string) (canonical string, asWritten bool) {
	if IsCanonical(path) {
		return path, true
	}
	path, _, _ = strings.Cut(path, "#")
	return resolveDots(collapseSlashes(path)), false
}

// IsCanonical reports whether a path is what Next.js will route by.
func IsCanonical(path string) bool {
	for i := range len(path) {
		switch path[i] {
		case '\\', '#':
			return false
		case '/':
			if i+1 == len(path) {
				return true
			}
			switch path[i+1] {
			case '/', '.', '%':
				return !strings.ContainsAny(path, "\\#") && !strings.Contains(path, "//") && !hasDotSegment(path)
			}
		}
	}
	return true
}

// collapseSlashes is normalizeRepeatedSlashes of next/dist/shared/lib/utils.js.
func collapseSlashes(path string) string {
	b := make([]byte, 0, len(path))
	for i := range len(path) {
		c := path[i]
		if c == '\\' {
			c = '/'
		}
		if c == '/' && len(b) > 0 && b[len(b)-1] == '/' {
			continue
		}
		b = append(b, c)
	}
	return string(b)
}

// resolveDots resolves dot segments as the WHATWG URL standard does: they may be percent-encoded, and one at the end
// leaves a trailing slash.
func resolveDots(path string) string {
	if !hasDotSegment(path) {
		return path
	}
	var kept []string
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, segment := range segments {
		dots := dotsOf(segment)
		if dots == 0 {
			kept = append(kept, segment)
			continue
		}
		if dots == 2 && len(kept) > 0 {
			kept = kept[:len(kept)-1]
		}
		if i == len(segments)-1 {
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/")
}

// hasDotSegment reports whether a segment of an escaped path is "." or "..", plainly or percent-encoded.
func hasDotSegment(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if dotsOf(segment) > 0 {
			return true
		}
	}
	return false
}

// dotsOf returns 1 for a "." segment, 2 for "..", 0 for any other.
func dotsOf(segment string) int {
	dots := 0
	for rest := segment; rest != ""; dots++ {
		switch {
		case rest[0] == '.':
			rest = rest[1:]
		case len(rest) >= 3 && strings.EqualFold(rest[:3], "%2e"):
			rest = rest[3:]
		default:
			return 0
		}
		if dots == 2 {
			return 0
		}
	}
	return dots
}

// HasPathPrefix reports whether path is prefix or lies below it, on segment boundaries.
func HasPathPrefix(path, prefix string) bool {
	return strings.HasPrefix(path, prefix) && (len(path) == len(prefix) || path[len(prefix)] == '/')
}
