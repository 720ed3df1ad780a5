package pagecache

import (
	"net/http"
	"strconv"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/internal/codings"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// mayBeCoded reports whether an entry of a size is one of which copies are made, by the head of the answer. What says
// no there is compressed by nobody on its way either, except for its size.
func mayBeCoded(h http.Header, size int64) bool {
	types := h["Content-Type"]
	return size >= codings.SmallestCopied && size <= codings.LargestCopied && len(types) > 0 &&
		codings.Compressible(types[0]) && !policy.SaysNoTransform(h)
}

// copyFor finds the copy that the client likes best of the body that was found. Without one the body goes as it is:
// whoever stands in front may compress it on its way. The caller closes it.
func (q *query) copyFor(kind policy.ResultKind) (entry *blobstore.Entry, coding string) {
	f, c := &q.found, q.c
	coding = codings.Choose(q.r.Header["Accept-Encoding"])
	if coding == "" {
		return nil, ""
	}
	key := copyKey(f.key, coding)
	entry, ok := c.store.Get(c.ctx, key)
	if ok && isCopyOf(entry.Meta(), f.meta.exact) {
		if entry.Size() > 0 {
			return entry, coding
		}
		_ = entry.Close() // it was only looked at: there is nothing to gain
		return nil, ""
	}
	if ok {
		_ = entry.Close() // as above: it is of another body
	}
	if kind == policy.ResultHit { // a stale body may be replaced in a moment
		c.copies.ask(key, copyJob{of: f.key, coding: coding, hash: f.meta.exact, now: q.facts.Now})
	}
	return nil, ""
}

// sayCoded makes the head of an answer that of a copy.
func sayCoded(h http.Header, coding string, size int64) {
	values := []string{coding, strconv.FormatInt(size, 10), ""}
	h["Content-Encoding"], h["Content-Length"] = values[0:1:1], values[1:2:2]
	if etags := h["Etag"]; len(etags) > 0 {
		values[2] = codings.ETag(etags[0], coding)
		h["Etag"] = values[2:3:3]
	}
}
