package zones

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// EscapedPath returns the path of u as the client wrote it, percent-encoding included. Next.js compares its basePath and
// its own /_next paths with these bytes, not with decoded ones (next/dist/server/lib/router-utils/resolve-routes.js, 15.5
// and 16.4), so the edge must too: /blog%2Fa and /%62log are not below /blog.
func EscapedPath(u *url.URL) string {
	if u.RawPath != "" {
		return u.RawPath
	}
	return u.EscapedPath()
}

// canonicalPath collapses what Next.js answers with a redirect before anything else happens: repeated slashes and
// backslashes (308 to the collapsed form, next/dist/server/lib/router-server.js). Zones and kinds are found by the
// collapsed form, so the zone that sends the redirect is the one the client ends in.
func canonicalPath(path string) string {
	if !strings.Contains(path, "//") && strings.IndexByte(path, '\\') < 0 {
		return path
	}
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

// hasDotSegment reports whether a segment of an escaped path is "." or "..", plainly or percent-encoded (WHATWG URL treats
// %2e like a dot). Such a path may mean one thing to one part of Next.js and another to the next, so the edge gives it
// no meaning at all: see KindOf.
func hasDotSegment(path string) bool {
	if !strings.Contains(path, "/.") && !strings.Contains(path, "/%2") {
		return false
	}
	for segment := range strings.SplitSeq(path, "/") {
		switch len(segment) {
		case 1, 2, 3, 4, 6:
			switch strings.ReplaceAll(strings.ToLower(segment), "%2e", ".") {
			case ".", "..":
				return true
			}
		}
	}
	return false
}

// hasPathPrefix reports whether path is prefix or lies below it, on segment boundaries. The empty prefix holds every path.
func hasPathPrefix(path, prefix string) bool {
	return strings.HasPrefix(path, prefix) && (len(path) == len(prefix) || path[len(prefix)] == '/' || prefix == "")
}

// cleanPrefix checks a path prefix that a zone claims and returns it as it is compared: without a trailing slash ("/" is
// ""), percent-encoded as a browser would send it.
func cleanPrefix(prefix string) (string, error) {
	switch {
	case !strings.HasPrefix(prefix, "/"):
		return "", errors.New("a path must begin with /")
	case strings.ContainsAny(prefix, "?#"):
		return "", errors.New("a path cannot have a query or fragment")
	case strings.ContainsAny(prefix, "*{}"):
		return "", errors.New("a path is a prefix: it cannot have wildcards or placeholders")
	case canonicalPath(prefix) != prefix:
		return "", errors.New("a path cannot have repeated slashes or backslashes")
	case hasDotSegment(prefix):
		return "", errors.New("a path cannot have dot segments")
	}
	prefix = strings.TrimSuffix(prefix, "/")
	if !strings.Contains(prefix, "%") {
		return (&url.URL{Path: prefix}).EscapedPath(), nil
	}
	if _, err := url.PathUnescape(prefix); err != nil {
		return "", fmt.Errorf("decoding the path: %w", err)
	}
	return prefix, nil
}
