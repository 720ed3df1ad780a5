package imageopt

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	whatwg "github.com/nlnwa/whatwg-url/url"
)

// location is what patterns look at, as the properties of JavaScript's URL of these names.
type location struct{ protocol, hostname, port, pathname, search string }

func locationOf(u *whatwg.Url) location {
	return location{u.Protocol(), u.Hostname(), u.Port(), u.Pathname(), u.Search()}
}

// parseLocal is new URL(text, "http://n") for a text that begins with one slash.
func parseLocal(text string) (pathname, search string, ok bool) {
	if isPlainPath(text) {
		return text, "", true
	}
	u, err := whatwg.ParseRef("http://n", text)
	if err != nil {
		return "", "", false
	}
	return u.Pathname(), u.Search(), true
}

// isPlainPath reports whether URL parsing leaves a path as it is: most are.
func isPlainPath(path string) bool {
	for i := range len(path) {
		switch c := path[i]; {
		case c == '/':
			if i+1 < len(path) && (path[i+1] == '.' || path[i+1] == '/') {
				return false
			}
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '-', c == '_', c == '~':
		default:
			return false
		}
	}
	return true
}

// remoteURL is a URL as browsers and Node.js read it, which spell hosts, ports and paths in their one way:
// "HTTP://0x7f.1:80/a/../b" is "http://127.0.0.1/b".
type remoteURL struct {
	href string
	at   location
}

func parseRemote(text string) (remoteURL, error) {
	if strings.Count(text, "@") > maxAts {
		return remoteURL{}, errors.New("the URL of a picture has too many at signs")
	}
	u, err := whatwg.Parse(text)
	if err != nil {
		return remoteURL{}, fmt.Errorf("parsing the URL of a picture: %w", err)
	}
	if scheme := u.Scheme(); scheme != "http" && scheme != "https" {
		return remoteURL{}, errors.New("the URL of a picture is neither http nor https")
	}
	return remoteURL{u.Href(false), locationOf(u)}, nil
}

// url is the same URL as package net/url has it. Its host and port are those that patterns were compared with, or it is
// an error: what was allowed must be what is fetched.
func (r remoteURL) url() (*url.URL, error) {
	u, err := url.Parse(encodeLonePercents(r.href))
	if err != nil {
		return nil, fmt.Errorf("parsing the URL of a picture: %w", err)
	}
	if u.Scheme+":" != r.at.protocol || u.Hostname() != strings.Trim(r.at.hostname, "[]") || u.Port() != r.at.port {
		return nil, errors.New("the URL of a picture is read in two ways")
	}
	return u, nil
}

// ParseRemote reads the URL of a source elsewhere. href is its one spelling, by which Request and Key call it.
func ParseRemote(text string) (href string, u *url.URL, err error) {
	r, err := parseRemote(text)
	if err != nil {
		return "", nil, err
	}
	u, err = r.url()
	return r.href, u, err
}

// encodeLonePercents encodes every "%" that encodes nothing, which URLs may have and package net/url refuses.
func encodeLonePercents(href string) string {
	if !strings.Contains(href, "%") {
		return href
	}
	var b strings.Builder
	for i := range len(href) {
		b.WriteByte(href[i])
		if _, ok := encodedByte(href, i); href[i] == '%' && !ok {
			b.WriteString("25")
		}
	}
	return b.String()
}

// AllowsRemote reports whether domains or remotePatterns allow a URL. It is asked for every URL that a source redirects
// to as well.
func (s *Settings) AllowsRemote(u *url.URL) bool {
	r, err := parseRemote(u.String())
	if err != nil {
		return false
	}
	// Another spelling of the host is not what was compared: 2130706433 is 127.0.0.1.
	return strings.EqualFold(strings.Trim(r.at.hostname, "[]"), u.Hostname()) && s.allowsRemote(r.at)
}
