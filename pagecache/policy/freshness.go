package policy

import (
	"net/http"
	"strings"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
)

// words are what an answer says about its time, and whether it says so as Next.js does.
type words struct {
	directives
	// mark: Next.js has written this for what it has prerendered, or the edge has put its own form in that place.
	mark bool
	// outdated: Next.js has answered with a page whose time was over, and makes it again.
	outdated bool
	// unsure: Next.js has answered with a page that it had, which it will make again some time after. How much of its
	// time is over, it does not say.
	unsure bool
}

const (
	// staleForEver is how long a stale-while-revalidate without a value lasts. Next.js 14 writes that where later
	// versions write what is left of a year (expireTime).
	staleForEver = 365 * 24 * time.Hour
	// WhileRemade bounds how long a page that was outdated when it came may go on being served. Next.js makes it again
	// at that moment, so `next start` would not show it again once that is done. Beyond it Next.js is asked, which
	// answers with what it has.
	WhileRemade = time.Second
	// neverRemade is the s-maxage of pages that Next.js does not make again of itself (revalidate: false).
	neverRemade = 365 * 24 * time.Hour
)

// Sets of directives that stand for a page of Next.js.
const (
	// nextWords is what Next.js writes (lib/cache-control.js).
	nextWords = dirSMaxAge | dirStaleWhileRevalidate | dirForEver
	// edgeWords is what the edge makes of it for browsers and CDNs (docs/caching.md): public, max-age=0, s-maxage=N,
	// must-revalidate.
	edgeWords = dirPublic | dirMaxAge | dirSMaxAge | dirMustRevalidate
	// askWords is what the edge makes of a page that was outdated when it came: public, max-age=0, must-revalidate.
	askWords = dirPublic | dirMaxAge | dirMustRevalidate
)

func (d directives) isNextMark() bool { return d.any(dirSMaxAge) && d.only(nextWords) }

// isEdgeMark reports whether the edge has written the Cache-Control. max-age=0 and must-revalidate are said to browsers
// there, and s-maxage to CDNs. A stale-while-revalidate in the same field, should there be one, is Next.js's and speaks
// to caches like this one. An application that writes exactly this form is taken for Next.js too.
func (d directives) isEdgeMark() bool {
	return d.any(dirSMaxAge) && d.has&edgeWords == edgeWords && d.maxAge == 0 && d.only(edgeWords|nextWords|dirNoTransform)
}

func (d directives) isAskMark() bool {
	return d.has&^dirNoTransform == askWords && d.maxAge == 0
}

// readWords reads the Cache-Control of an answer. What the upstream had said is read only where the edge has written
// its form of what Next.js marks: there it says no less about who may keep the answer.
func readWords(h http.Header, said *Said) words {
	w := words{directives: readDirectives(h["Cache-Control"]), outdated: httpheader.First(h, "X-Nextjs-Cache") == "STALE"}
	w.mark = w.isNextMark() || w.isEdgeMark()
	if said == nil {
		said = new(Said)
	}
	next := readDirectives(said.CacheControl)
	if next.isNextMark() && (w.isEdgeMark() && next.sMaxAge == w.sMaxAge || w.outdated && w.isAskMark()) {
		w.directives, w.mark = next, true
	}
	w.unsure = w.isNextMark() && w.sMaxAge < neverRemade && httpheader.First(h, "X-Nextjs-Cache") == "HIT"
	return w
}

// windows are how long an answer may be used, from the moment it came.
type windows struct {
	fresh, staleWhile, staleIfError time.Duration
	explicit                        bool
	unsure                          bool // Next.js may call it outdated at any moment
}

// windowsOf is RFC 9111, 4.2 and 5.2.2 for a shared cache, and RFC 5861. No lifetime is ever guessed.
//
// must-revalidate and proxy-revalidate forbid stale answers, also where stale-while-revalidate stands beside them. In
// the edge's form of a mark of Next.js must-revalidate is no word to this cache, see isEdgeMark. s-maxage alone forbids
// what the answer does not allow itself, except that the operator's own stale_if_error holds: it is the origin that has
// said it (RFC 9111, 4.2.4).
//
// remade is when Next.js had begun to make the page again, zero if nobody knows: the time of the page began no sooner.
// If its time may be over at any moment, it is used only for as long as it would be if it was over just now. While
// Next.js cannot be asked nobody could be shown a newer page, so what the answer allows itself holds then.
func windowsOf(w words, h http.Header, operator time.Duration, age time.Duration, remade, now time.Time) windows {
	var left windows
	var lifetime time.Duration
	lifetime, left.explicit = w.lifetime(h, now)
	left.unsure = w.unsure
	if since := now.Sub(remade); w.unsure && !remade.IsZero() && since < lifetime {
		age, left.unsure = max(age, since), false
	}
	if w.outdated {
		lifetime = min(lifetime, age)
	}
	if w.mark || !w.any(dirMustRevalidate|dirProxyRevalidate) {
		left.staleWhile, left.staleIfError = w.staleWhile, max(0, operator)
		if w.mark && w.any(dirForEver) {
			left.staleWhile = staleForEver
		}
		if w.any(dirStaleIfError) {
			left.staleIfError = w.staleIfError
		}
		if w.outdated {
			left.staleIfError = max(left.staleIfError, left.staleWhile)
			left.staleWhile = min(left.staleWhile, WhileRemade)
		}
	}
	left.fresh = max(0, lifetime-age)
	allowed := left.fresh + left.staleWhile
	switch {
	case left.unsure && left.staleWhile == 0: // Next.js answers with a new page as soon as its time is over
		left.fresh = min(left.fresh, WhileRemade)
	case left.unsure:
		whole := left.staleWhile
		left.fresh = min(left.fresh, whole)
		left.staleWhile = whole - left.fresh
	}
	if left.unsure && left.staleWhile == 0 {
		left.staleIfError = max(left.staleIfError, allowed-left.fresh)
	}
	overdue := max(0, age-lifetime)
	left.staleWhile = max(0, left.staleWhile-overdue)
	left.staleIfError = max(0, left.staleIfError-overdue)
	return left
}

// lifetime is RFC 9111, 4.2.1, without its heuristics. max-age counts without public: it speaks to shared caches too.
func (w words) lifetime(h http.Header, now time.Time) (lifetime time.Duration, explicit bool) {
	switch expires := h["Expires"]; {
	case w.any(dirSMaxAge):
		return w.sMaxAge, true
	case w.any(dirMaxAge):
		return w.maxAge, true
	case len(expires) > 0:
		end, err := http.ParseTime(expires[0])
		if err != nil || len(expires) > 1 {
			return 0, true
		}
		date := now
		if sent, err := http.ParseTime(httpheader.First(h, "Date")); err == nil {
			date = sent
		}
		return min(max(0, end.Sub(date)), maxSeconds*time.Second), true
	}
	return 0, false
}

// ageOf is the age of an answer when it came, in whole seconds (RFC 9111, 4.2.3). Caches on the way to the upstream say
// it by Age; without one it is what Date says. An Age that cannot be read, or is there twice, is that of something old:
// RFC 9111, 5.1 would ignore it, but then something old may be kept as new. Of a list the first member counts, as that
// section says.
func ageOf(h http.Header, now time.Time) time.Duration {
	var age time.Duration
	if lines := h["Age"]; len(lines) > 0 {
		value, _, _ := strings.Cut(lines[0], ",")
		var ok bool
		if age, ok = parseSeconds(strings.Trim(value, " \t")); !ok || len(lines) > 1 {
			age = maxSeconds * time.Second
		}
	}
	if date, err := http.ParseTime(httpheader.First(h, "Date")); err == nil {
		age = max(age, now.Sub(date).Truncate(time.Second))
	}
	return age
}
