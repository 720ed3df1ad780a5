package pagecache

import (
	"net/http"
	"strconv"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/internal/codings"
	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// serveFound answers with what is kept.
func (q *query) serveFound(result Result) Result {
	f := &q.found
	h := q.w.Header()
	f.opened.head.set(h)
	tell(h, &q.facts, policy.Told{
		Kind: result.Kind, Reason: result.Reason, Status: f.meta.status,
		Age: f.meta.age(q.facts.Now), TTL: f.meta.left(q.facts.Now),
	})
	if f.meta.status == http.StatusOK {
		if asksForPart(q.r.Header) {
			q.servePart(h)
			return result
		}
		if notModified(q.r.Header, h) {
			writeNotModified(q.w)
			return result
		}
	}
	if f.opened.coded && !q.c.settings.Load().NoCopies {
		if entry, coding := q.copyFor(result.Kind); entry != nil {
			defer func() { _ = entry.Close() }() // it was only read
			sayCoded(h, coding, entry.Size())
			q.c.copies.counts[codings.Rank(coding)].served.Add(1)
			q.sendEntry(entry)
			return result
		}
	}
	h["Content-Length"] = []string{strconv.FormatInt(f.entry.Size(), 10)}
	q.sendEntry(f.entry)
	return result
}

// tell writes into the head of an answer what its client is told of it, right before it is sent. The headers of the
// upstream are in h, unless the request goes past the cache: then they are still to come.
func tell(h http.Header, f *policy.Facts, t policy.Told) {
	t.Unshared, t.Shared404 = f.Unshared, f.Shared404
	if policy.Tell(h, t) && f.Shortened != nil {
		f.Shortened()
	}
}

// sendEntry sends a body that is kept, with the headers that have been set.
func (q *query) sendEntry(entry *blobstore.Entry) {
	q.w.WriteHeader(q.found.meta.status)
	if q.r.Method != http.MethodHead {
		_, _ = entry.WriteTo(q.w) // who has left needs nothing
	}
}

// asksForPart reports whether a request asks for less than the whole, other than by If-None-Match, beside which
// If-Modified-Since does not count (RFC 9110, 13.1.3).
func asksForPart(h http.Header) bool {
	return httpheader.NeedsUncoded(h) || len(h["If-Modified-Since"]) > 0 && len(h["If-None-Match"]) == 0
}

// servePart looks at ranges and all conditions, as net/http does for files. Ranges are of the body as it is.
func (q *query) servePart(h http.Header) {
	if _, ok := h["Content-Type"]; !ok {
		h["Content-Type"] = nil // net/http would guess
	}
	modified, err := http.ParseTime(h.Get("Last-Modified"))
	if err != nil {
		modified = time.Time{}
	}
	http.ServeContent(q.w, q.r, "", modified, q.found.entry.Reader())
}

// notModified reports whether the client has the answer already (RFC 9110, 13.1.2), as it is or in a coding that it
// takes: then the head gets the ETag of that. In a coding it may have come from a copy, or from whoever compresses on
// the way.
func notModified(request, answer http.Header) bool {
	asked, etags := request["If-None-Match"], answer["Etag"]
	if len(asked) == 0 || len(etags) == 0 {
		return false
	}
	coded := ""
	for one := range httpheader.Tokens(asked) {
		coding, same := codings.SameETag(one, etags[0])
		if one == "*" || same && coding == "" {
			return true
		}
		if same && coded == "" && codings.Accepts(request["Accept-Encoding"], coding) {
			coded = coding
		}
	}
	if coded == "" {
		return false
	}
	answer["Etag"] = []string{codings.ETag(etags[0], coded)}
	return true
}

// writeNotModified answers that nothing has changed.
func writeNotModified(w http.ResponseWriter) {
	h := w.Header()
	delete(h, "Content-Type")
	delete(h, "Content-Length")
	w.WriteHeader(http.StatusNotModified)
}
