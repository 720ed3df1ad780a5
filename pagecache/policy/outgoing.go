package policy

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
)

// Told is what clients are told of how a request was answered.
type Told struct {
	Kind      ResultKind
	Reason    Reason
	Age       time.Duration // of the entry that answers
	TTL       time.Duration // what is left of its freshness; negative where it is over
	Stored    bool          // the answer is being kept, as far as its head can tell
	Collapsed bool          // it is the answer to another request, which was on its way
	// Unshared: the URL of the request does not tell its answer from others (its _rsc parameter was missing or wrong),
	// so nobody on the way may keep it.
	Unshared bool
	Status   int // 0: the head is still to come
	// Shared404 is how long shared caches are told to keep a 404 of Next.js; 0: as long as Next.js says.
	Shared404 time.Duration
}

// Tell writes into the head of an answer what clients are told of it. For hits and stale answers that is the head of
// the entry; what Next.js has answered has its Cache-Control already.
//
// The seconds of Cache-Control stay as they were written, for Age says how many of them are over. A stale page of
// Next.js may be kept by nobody without asking: what it says of its time would begin anew with caches that ignore Age,
// and with the client of one that stands behind them. What the application has written itself stays in any case, as on
// the first answer. Of a 404, shared caches are told no more than Shared404; shortened reports whether Next.js had said
// more.
func Tell(h http.Header, t Told) (shortened bool) {
	h["Cache-Status"] = append(slices.Clip(h["Cache-Status"]), t.status()) // the values may be those of an entry
	fromEntry := t.Kind == ResultHit || t.Kind == ResultStale
	if fromEntry {
		h["Age"] = []string{strconv.FormatInt(int64(max(0, t.Age)/time.Second), 10)}
		setNextjsCache(h, t.Kind)
	}
	switch {
	case t.Unshared && fromEntry:
		forbidStoring(h)
	case t.Kind == ResultStale && readDirectives(h["Cache-Control"]).isEdgeMark():
		setCacheControl(h, "public, max-age=0, must-revalidate")
	}
	return t.tell404(h)
}

// setNextjsCache has x-nextjs-cache say of this answer what Next.js would say, not what it was when the entry was made.
func setNextjsCache(h http.Header, kind ResultKind) {
	if len(h["X-Nextjs-Cache"]) == 0 {
		return
	}
	says := "HIT"
	if kind == ResultStale {
		says = "STALE"
	}
	h["X-Nextjs-Cache"] = []string{says}
}

// forbidStoring keeps an answer from everybody, those included who read fields of their own first (RFC 9213).
func forbidStoring(h http.Header) {
	setCacheControl(h, "private, no-store")
	for _, name := range httpheader.TargetedFields {
		delete(h, name)
	}
}

// setCacheControl keeps what is no word about caches.
func setCacheControl(h http.Header, value string) {
	if SaysNoTransform(h) {
		value += ", no-transform"
	}
	h["Cache-Control"] = []string{value}
	delete(h, "Expires")
}

// forwarded says why a request went to the upstream, in the words of RFC 9211, 2.2. What is not here is "bypass" beside
// the cache, and "miss" else.
var forwarded = map[Reason]string{
	ReasonMethod: "method", ReasonAction: "method", ReasonAbsent: "uri-miss", ReasonExpired: "stale", ReasonError: "stale",
}

// status is the member of Cache-Status (RFC 9211) for the answer.
func (t Told) status() string {
	var b strings.Builder
	b.WriteString("nextjs")
	switch t.Kind {
	case ResultHit, ResultStale:
		b.WriteString("; hit; ttl=")
		b.WriteString(strconv.FormatInt(floorSeconds(t.TTL), 10))
	default:
		why, ok := forwarded[t.Reason]
		switch {
		case ok:
		case t.Kind == ResultBypass:
			why = "bypass"
		default:
			why = "miss"
		}
		b.WriteString("; fwd=" + why)
		if t.Stored {
			b.WriteString("; stored")
		}
	}
	if t.Collapsed {
		b.WriteString("; collapsed")
	}
	if t.Reason != "" {
		b.WriteString("; detail=" + string(t.Reason))
	}
	return b.String()
}

// floorSeconds rounds down: an entry whose time has just run out has a negative rest.
func floorSeconds(d time.Duration) int64 {
	seconds := int64(d / time.Second)
	if d < 0 && d%time.Second != 0 {
		seconds--
	}
	return seconds
}

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
	age, _ := parseSeconds(httpheader.First(h, "Age"))
	seconds := int64(min(d.sMaxAge, max(age, t.Age)+t.Shared404) / time.Second)
	setCacheControl(h, "public, max-age=0, s-maxage="+strconv.FormatInt(seconds, 10)+", must-revalidate")
	return true
}
