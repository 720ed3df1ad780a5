package imageopt

import (
	"errors"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
)

var errNoSource = errors.New("it is neither a path of the application, such as /photo.jpg, nor a URL, such as https://example.com/photo.jpg")

// SourceHref is what Request.Href and the groups of the store call a source that stands in `url` as text: a path of the
// application as it is, a URL in its one spelling.
func SourceHref(text string) (string, error) {
	if strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "//") {
		return text, nil
	}
	href, _, err := ParseRemote(text)
	if err != nil {
		return "", errNoSource
	}
	return href, nil
}

// SourcePlace is a source as it may stand in a log, without what may be a secret: a path without its query, or host and
// path of a URL.
func SourcePlace(href string) string {
	if _, u, err := ParseRemote(href); err == nil {
		return u.Scheme + "://" + u.Host + u.EscapedPath()
	}
	path, _, _ := strings.Cut(href, "?")
	return path
}

// Forget lets nobody join what is being made of a source ("": of any) for a space of the store, for it may be made of
// bytes that were fetched before a purge. What is kept has been deleted from the store by then, with DeleteGroup or
// DeleteSpace; that is also what keeps pictures in the making from being stored.
func (o *Optimizer) Forget(space, href string) {
	of := func(key blobstore.Key) bool { return key.Space == space && (href == "" || key.Group == href) }
	o.fetches.SetAside(of) // first: a picture that is begun now must not find the old source
	o.flights.SetAside(of)
}
