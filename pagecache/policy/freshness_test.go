package policy

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestWindows(t *testing.T) {
	const operator = 600 * second
	for _, c := range []struct {
		header                  []string
		fresh, while, ifErrored time.Duration
	}{
		// As a shared cache reads it (RFC 9111, 4.2.1).
		{[]string{"Cache-Control", "s-maxage=60, max-age=5"}, 60 * second, 0, operator},
		{[]string{"Cache-Control", "max-age=60"}, 60 * second, 0, operator},
		{[]string{"Cache-Control", "public, max-age=60"}, 60 * second, 0, operator},
		{[]string{"Cache-Control", "MAX-AGE=60, S-MaxAge=7"}, 7 * second, 0, operator},
		{[]string{"Cache-Control", "max-age=5", "Cache-Control", "s-maxage=60"}, 60 * second, 0, operator},
		{[]string{"Cache-Control", `s-maxage="60"`}, 60 * second, 0, operator},
		{[]string{"Cache-Control", "s-maxage=00060"}, 60 * second, 0, operator},
		{[]string{"Cache-Control", "s-maxage=99999999999999999999"}, maxSeconds * second, 0, operator},
		{[]string{"Cache-Control", `s-maxage=60, ext="max-age=5, stale-while-revalidate=9"`}, 60 * second, 0, operator},
		{[]string{"Cache-Control", "s-maxage=0, max-age=60"}, 0, 0, operator},
		{[]string{"Cache-Control", "s-maxage=x, max-age=60"}, 0, 0, operator},
		{[]string{"Cache-Control", "s-maxage, max-age=60"}, 0, 0, operator},
		{[]string{"Cache-Control", "s-maxage=60.5"}, 0, 0, operator},
		{[]string{"Cache-Control", "s-maxage=-60"}, 0, 0, operator},
		{[]string{"Cache-Control", "s-maxage='60'"}, 0, 0, operator},
		{[]string{"Cache-Control", "s-maxage= 60"}, 0, 0, operator},
		{[]string{"Cache-Control", "s-maxage =60, max-age=7"}, 7 * second, 0, operator},
		{[]string{"Cache-Control", "s-maxage=60, s-maxage=60"}, 0, 0, operator},
		{[]string{"Cache-Control", "max-age=60", "Expires", "Sun, 22 Nov 2026 11:00:00 GMT"}, 60 * second, 0, operator},
		{[]string{"Cache-Control", "max-age=0", "Expires", "Sun, 22 Nov 2026 13:00:00 GMT"}, 0, 0, operator},
		{[]string{"Expires", "Sun, 22 Nov 2026 12:01:00 GMT"}, 60 * second, 0, operator},
		{[]string{"Expires", "Sun, 22 Nov 2026 12:01:00 GMT", "Date", "Sun, 22 Nov 2026 12:00:50 GMT"}, 10 * second, 0, operator},
		{[]string{"Expires", "0"}, 0, 0, operator},
		{[]string{"Expires", "Sun, 22 Nov 2026 13:00:00 GMT", "Expires", "Sun, 22 Nov 2026 14:00:00 GMT"}, 0, 0, operator},

		// Age (RFC 9111, 4.2.3).
		{[]string{"Cache-Control", "s-maxage=60", "Age", "10"}, 50 * second, 0, operator},
		{[]string{"Cache-Control", "s-maxage=60", "Age", "10, 50"}, 50 * second, 0, operator},
		{[]string{"Cache-Control", "s-maxage=60", "Age", "50, 10"}, 10 * second, 0, operator},
		{[]string{"Cache-Control", "s-maxage=60", "Age", "x"}, 0, 0, 0},
		{[]string{"Cache-Control", "s-maxage=60", "Age", "-5"}, 0, 0, 0},
		{[]string{"Cache-Control", "s-maxage=60", "Age", "5.0"}, 0, 0, 0},
		{[]string{"Cache-Control", "s-maxage=60", "Age", "5;a=b"}, 0, 0, 0},
		{[]string{"Cache-Control", "s-maxage=60", "Age", ""}, 0, 0, 0},
		{[]string{"Cache-Control", "s-maxage=60", "Age", "0", "Age", "0"}, 0, 0, 0},
		{[]string{"Cache-Control", "s-maxage=60", "Age", "80"}, 0, 0, operator - 20*second},
		{[]string{"Cache-Control", "s-maxage=60, stale-while-revalidate=30", "Age", "80"}, 0, 10 * second, operator - 20*second},
		{[]string{"Cache-Control", "s-maxage=60, stale-while-revalidate=30", "Age", "90"}, 0, 0, operator - 30*second},
		{[]string{"Cache-Control", "s-maxage=60", "Date", "Sun, 22 Nov 2026 11:59:50 GMT"}, 50 * second, 0, operator},
		{[]string{"Cache-Control", "s-maxage=60", "Date", "Sun, 22 Nov 2026 11:59:50 GMT", "Age", "30"}, 30 * second, 0, operator},
		{[]string{"Cache-Control", "s-maxage=60", "Date", "Sun, 22 Nov 2026 12:05:00 GMT"}, 60 * second, 0, operator},
		{[]string{"Cache-Control", "s-maxage=60", "Date", "yesterday"}, 60 * second, 0, operator},

		// Stale answers (RFC 9111, 4.2.4; RFC 5861).
		{[]string{"Cache-Control", "s-maxage=60, stale-while-revalidate=30, stale-if-error=5"}, 60 * second, 30 * second, 5 * second},
		{[]string{"Cache-Control", "s-maxage=60, stale-if-error=0"}, 60 * second, 0, 0},
		{[]string{"Cache-Control", "s-maxage=60, stale-while-revalidate=30, must-revalidate"}, 60 * second, 0, 0},
		{[]string{"Cache-Control", "max-age=60, stale-if-error=30, proxy-revalidate"}, 60 * second, 0, 0},
		{[]string{"Cache-Control", "max-age=60, stale-while-revalidate"}, 60 * second, 0, operator},
		{[]string{"Cache-Control", "s-maxage=60, stale-while-revalidate=x"}, 60 * second, 0, operator},
		{[]string{"Cache-Control", "s-maxage=60, stale-while-revalidate=9, stale-while-revalidate=9"}, 60 * second, 0, operator},
		{[]string{"Cache-Control", "s-maxage=60, stale-while-revalidate"}, 60 * second, staleForEver, operator},
		{[]string{"Cache-Control", "max-age=0, stale-while-revalidate=30"}, 0, 30 * second, operator},

		// The form in which the edge hands a mark of Next.js on.
		{[]string{"Cache-Control", "public, max-age=0, s-maxage=60, must-revalidate"}, 60 * second, 0, operator},
		{[]string{"Cache-Control", "public, max-age=0, s-maxage=60, stale-while-revalidate=30, must-revalidate"}, 60 * second, 30 * second, operator},
		{[]string{"Cache-Control", "public, max-age=0, s-maxage=60, must-revalidate, no-transform"}, 60 * second, 0, operator},
		{[]string{"Cache-Control", "public, max-age=1, s-maxage=60, stale-while-revalidate=30, must-revalidate"}, 60 * second, 0, 0},
		{[]string{"Cache-Control", "public, max-age=0, s-maxage=60, stale-while-revalidate=30, must-revalidate, proxy-revalidate"}, 60 * second, 0, 0},

		// Outdated when it came.
		{[]string{"Cache-Control", "s-maxage=60, stale-while-revalidate=900", "X-Nextjs-Cache", "STALE"}, 0, WhileRemade, 900 * second},
		{[]string{"Cache-Control", "s-maxage=60, stale-while-revalidate=9", "X-Nextjs-Cache", "STALE"}, 0, WhileRemade, operator},
		{[]string{"Cache-Control", "public, max-age=60", "X-Nextjs-Cache", "STALE"}, 0, 0, operator},
	} {
		h := fields(c.header...)
		left := windowsOf(readWords(h, nil), h, operator, ageOf(h, now), time.Time{}, now)
		assert.Equal(t, windows{c.fresh, c.while, c.ifErrored, true, false}, left, "%q", c.header)
	}
}

func TestNoLifetimeIsGuessed(t *testing.T) {
	for _, h := range []string{"", "public", "must-revalidate", "stale-while-revalidate=9", "immutable"} {
		answer := fields("Cache-Control", h, "Last-Modified", "Sun, 22 Nov 2020 12:00:00 GMT")
		assert.False(t, windowsOf(readWords(answer, nil), answer, 0, 0, time.Time{}, now).explicit, h)
	}
}

// The edge passes the stale window of Next.js on to nobody. What the upstream has said is believed only where the edge
// has put its own form in that place.
func TestWhatTheUpstreamHasSaid(t *testing.T) {
	const edge = "public, max-age=0, s-maxage=5, must-revalidate"
	for _, c := range []struct {
		cacheControl, said string
		nextCache          string
		fresh, while       time.Duration
	}{
		{edge, isr, "HIT", 5 * second, 31535990 * second},
		{edge, "s-maxage=5, stale-while-revalidate", "HIT", 5 * second, staleForEver - 5*second},
		{edge, "s-maxage=5", "HIT", WhileRemade, 0},
		{edge, isr, "MISS", 5 * second, 31535995 * second},
		{edge, "", "HIT", 5 * second, 0},
		{"public, max-age=0, must-revalidate", isr, "STALE", 0, WhileRemade},
		{"public, max-age=0, must-revalidate", "s-maxage=5, stale-while-revalidate=7", "STALE", 0, WhileRemade},
		// Something else has been written since: header_down, or an edge of another version.
		{"public, max-age=0, s-maxage=9, must-revalidate", isr, "HIT", 9 * second, 0},
		{"public, max-age=0, must-revalidate", isr, "HIT", 0, 0},
		{"max-age=3", isr, "HIT", 3 * second, 0},
		{edge, "public, s-maxage=5, stale-while-revalidate=60", "HIT", 5 * second, 0},
	} {
		h := fields("Cache-Control", c.cacheControl, "X-Nextjs-Cache", c.nextCache)
		left := windowsOf(readWords(h, &Said{CacheControl: []string{c.said}}), h, 0, 0, time.Time{}, now)
		assert.Equal(t, []time.Duration{c.fresh, c.while}, []time.Duration{left.fresh, left.staleWhile}, "%q for %q", c.cacheControl, c.said)
	}
	r := asking("/a")
	for _, cacheControl := range []string{never, "private, no-store", "no-store"} {
		h := fields("Cache-Control", cacheControl, "X-Nextjs-Cache", "HIT", "Content-Type", html)
		f := ofPage(r)
		f.Said = &Said{CacheControl: []string{isr}}
		assert.Equal(t, not(ReasonPrivate), ForResponse(r, f, 200, h), "the edge has forbidden what Next.js had allowed")
	}
}

// A page that Next.js had, and makes again some time after, is used for no longer than if its time had been over just
// now; where it is known when Next.js began to make it, from then on.
func TestWhoseTimeMayBeOver(t *testing.T) {
	const all = 31535995 * second
	for _, c := range []struct {
		said, nextCache string
		remade          time.Duration // ago; 0: not known
		fresh, while    time.Duration
		unsure          bool
		failing         time.Duration
	}{
		{isr, "HIT", 0, 5 * second, all - 5*second, true, 0},
		{isr, "MISS", 0, 5 * second, all, false, 0},
		{isr, "REVALIDATED", 0, 5 * second, all, false, 0},
		{isr, "STALE", 0, 0, WhileRemade, false, all},
		{isr, "HIT", 2 * second, 3 * second, all, false, 0},
		{isr, "HIT", 5 * second, 5 * second, all - 5*second, true, 0},
		{year, "HIT", 0, 31536000 * second, 0, false, 0},
		{"s-maxage=5, stale-while-revalidate", "HIT", 0, 5 * second, staleForEver - 5*second, true, 0},
		// Next.js answers with a new page once the time of the old one is over.
		{"s-maxage=60", "HIT", 0, WhileRemade, 0, true, 59 * second},
		{"s-maxage=60", "HIT", 20 * second, 40 * second, 0, false, 0},
		{"s-maxage=60, stale-while-revalidate=30", "HIT", 0, 30 * second, 0, true, 60 * second},
	} {
		h := fields("Cache-Control", c.said, "X-Nextjs-Cache", c.nextCache)
		remade := time.Time{}
		if c.remade > 0 {
			remade = now.Add(-c.remade)
		}
		left := windowsOf(readWords(h, nil), h, 0, 0, remade, now)
		assert.Equal(t, windows{fresh: c.fresh, staleWhile: c.while, explicit: true, staleIfError: c.failing, unsure: c.unsure}, left, c)
	}
}
