package pagecache

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// serveFound answers with what is kept.
func (q *query) serveFound(result Result) Result {
	f := &q.found
	h := q.w.Header()
	addHeader(h, f.meta.header)
	q.c.policy.ForClient(h, q.facts, Served{Result: result, Kept: true, Age: f.meta.age(q.facts.Now), Left: f.meta.left(q.facts.Now)})
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
	h["Content-Length"] = []string{strconv.FormatInt(f.entry.Size(), 10)}
	q.w.WriteHeader(f.meta.status)
	if q.r.Method != http.MethodHead {
		_, _ = f.entry.WriteTo(q.w) // who has left needs nothing
	}
	return result
}

// asksForPart reports whether a request asks for less than the whole, other than by If-None-Match alone.
func asksForPart(h http.Header) bool {
	return len(h["Range"]) > 0 || len(h["If-Modified-Since"]) > 0 || len(h["If-Match"]) > 0 || len(h["If-Unmodified-Since"]) > 0
}

// servePart looks at ranges and all conditions, as net/http does for files.
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

// notModified reports whether the client has the answer already (RFC 9110, 13.1.2).
func notModified(request, answer http.Header) bool {
	asked, etags := request["If-None-Match"], answer["Etag"]
	if len(asked) == 0 || len(etags) == 0 {
		return false
	}
	etag := strings.TrimPrefix(etags[0], "W/")
	for _, line := range asked {
		for one := range strings.SplitSeq(line, ",") {
			if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == etag {
				return true
			}
		}
	}
	return false
}

// writeNotModified answers that nothing has changed.
func writeNotModified(w http.ResponseWriter) {
	h := w.Header()
	delete(h, "Content-Type")
	delete(h, "Content-Length")
	w.WriteHeader(http.StatusNotModified)
}
