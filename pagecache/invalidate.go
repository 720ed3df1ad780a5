package pagecache

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// IsUnsafe reports whether a method may change something (RFC 9110, 9.2.1). What is not known may.
func IsUnsafe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return false
	}
	return true
}

// Invalidate is told of the head of an answer to an unsafe method, before the client sees it. What is kept of the page
// that the request was sent to, and of those that the answer names by Location and Content-Location on the same host,
// is gone unless the answer is an error (RFC 9111, 4.4): a form, a server action or an API may have changed them, and
// where the application has no way to purge, nobody else would say so.
//
// Somebody who does this to have pages made again has to have Next.js answer a request for each of them.
func (c *Cache) Invalidate(r *http.Request, f policy.Facts, status int, h http.Header) {
	if !IsUnsafe(r.Method) || status < http.StatusOK || status >= http.StatusBadRequest {
		return
	}
	c.invalidate(r.URL, f)
	for _, name := range [...]string{"Location", "Content-Location"} {
		text := h.Get(name)
		if text == "" {
			continue
		}
		target, err := r.URL.Parse(text)
		if err != nil || target.Host != "" && !strings.EqualFold(target.Host, r.Host) {
			continue // what another host has is not for this one to say
		}
		f.Path = target.EscapedPath()
		c.invalidate(target, f)
	}
}

// invalidate makes all variants of a page gone, of which it need not be known whether it ignores its query.
func (c *Cache) invalidate(target *url.URL, f policy.Facts) {
	// The variants of a page are one group, so the headers of this request have no say.
	f.Variant, f.NextURL, f.Data = policy.VariantHTML, "", false
	plain := &http.Request{Method: http.MethodGet, URL: target, Header: http.Header{}}
	for _, f.KnownQuery = range [...]bool{false, true} {
		if key, ok := policy.KeyOf(plain, f, false); ok {
			c.purgePage(pageID{key.Space, key.Group}, false)
		}
		if target.RawQuery == "" {
			return
		}
	}
}
