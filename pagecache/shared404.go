package pagecache

import (
	"net/http"
	"strconv"
	"time"
)

// tell404 bounds how long shared caches are told to keep a 404 of Next.js, from the moment at which they get it: Age is
// over already. The entry itself lives for as long as Next.js has said. There is no ETag to ask by: Next.js, where it
// is asked without this cache, would answer 304 with all of its time, which does not say that it is of a 404.
func (t Told) tell404(h http.Header) (shortened bool) {
	if t.Status != http.StatusNotFound || t.Shared404 <= 0 {
		return false
	}
	d := readDirectives(h["Cache-Control"])
	switch {
	case d.isAskMark():
		delete(h, "Etag")
		return false
	case !d.isEdgeMark() || d.sMaxAge <= t.Shared404:
		return false
	}
	delete(h, "Etag")
	age, _ := parseSeconds(first(h, "Age"))
	seconds := int64(min(d.sMaxAge, max(age, t.Age)+t.Shared404) / time.Second)
	setCacheControl(h, "public, max-age=0, s-maxage="+strconv.FormatInt(seconds, 10)+", must-revalidate")
	return true
}
