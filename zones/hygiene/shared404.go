package hygiene

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
)

// outlivesShared404 reports whether Next.js lets shared caches keep a 404 that it has prerendered for longer than
// Answer.Shared404. It gives notFound() the lifetime of the page: a year where the page names none (measured).
func (c cacheCase) outlivesShared404() bool {
	return c.Status == http.StatusNotFound && c.Shared404 > 0 && !c.Dev && c.isNextMark() && c.isNextMade() &&
		secondsOf(c.sMaxAge) > int64(c.Shared404/time.Second)
}

// forShared404 counts from when the answer was made, as a cache behind the edge does (RFC 9111, 4.2.3): one on the way
// to the upstream may have had it for a while.
func (c cacheCase) forShared404() string {
	most, age := int64(c.Shared404/time.Second), int64(0)
	if text := httpheader.First(c.Header, "Age"); isDigits(text) {
		age = min(secondsOf(text), math.MaxInt64-most)
	}
	return c.sharedFor(strconv.FormatInt(min(secondsOf(c.sMaxAge), age+most), 10))
}

// secondsOf reads digits. What is too large for a number is the largest one.
func secondsOf(digits string) int64 {
	seconds, _ := strconv.ParseInt(digits, 10, 64)
	return seconds
}
