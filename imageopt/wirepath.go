package imageopt

import (
	"errors"
	"net/url"
	"strings"
)

const upperHex = "0123456789ABCDEF"

// Bytes besides controls, space and all beyond ASCII that the WHATWG URL standard percent-encodes in a path and in a
// query.
const (
	encodedInPath  = "\"#<>?`{}"
	encodedInQuery = "\"#<>'"
)

// percentEncode encodes bytes that may not stand in a request line, and those of set. What is encoded already stays as
// it is.
func percentEncode(text, set string) string {
	first := strings.IndexFunc(text, func(c rune) bool { return c <= ' ' || c >= 0x7f || strings.ContainsRune(set, c) })
	if first < 0 {
		return text
	}
	var encoded strings.Builder
	encoded.WriteString(text[:first])
	for i := first; i < len(text); i++ {
		c := text[i]
		if c > ' ' && c < 0x7f && strings.IndexByte(set, c) < 0 {
			encoded.WriteByte(c)
			continue
		}
		encoded.WriteByte('%')
		encoded.WriteByte(upperHex[c>>4])
		encoded.WriteByte(upperHex[c&0x0f])
	}
	return encoded.String()
}

// wirePath is the path of u as it is sent: as it was written, for a signature may depend on it. net/url would encode
// bytes that the WHATWG standard leaves alone.
func wirePath(u *url.URL) string {
	path := u.RawPath
	if path == "" {
		path = u.EscapedPath()
	}
	if path == "" {
		return "/"
	}
	return percentEncode(path, encodedInPath)
}

// wireURL is the URL of a request to host that asks for the path and the query of u.
func wireURL(u *url.URL, host string) *url.URL {
	raw := wirePath(u)
	sent := &url.URL{Scheme: u.Scheme, Host: host, RawPath: raw, RawQuery: percentEncode(u.RawQuery, encodedInQuery)}
	path, err := url.PathUnescape(raw)
	if err != nil {
		path = raw
	}
	sent.Path = path
	if raw != sent.EscapedPath() && !strings.HasPrefix(raw, "//") {
		sent.Opaque = raw // net/url sends it as it is
	}
	return sent
}

// LocalURL reads the URL of a local image, which is what a client wrote with its percent-encoding undone once, as the
// request that a browser would make of it: tabs and line ends are dropped, a fragment is not sent. text is the target
// as it would stand in the request line.
func LocalURL(href string) (u *url.URL, text string, err error) {
	href = strings.Map(func(c rune) rune {
		if c == '\t' || c == '\n' || c == '\r' {
			return -1
		}
		return c
	}, href)
	href, _, _ = strings.Cut(href, "#")
	path, query, hasQuery := strings.Cut(href, "?")
	if !strings.HasPrefix(path, "/") {
		return nil, "", errors.New("the URL of a local image begins with a slash")
	}
	text = percentEncode(path, encodedInPath)
	if hasQuery {
		text += "?" + percentEncode(query, encodedInQuery)
	}
	if u, err = url.ParseRequestURI(text); err != nil {
		return nil, "", errors.New("the path of a local image has a bad percent-encoding") // err holds the query
	}
	return u, text, nil
}
