package hygiene

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// What Next.js lets caches keep of a 404 for a year, they are told to keep for a minute. Shorter times stay as they
// are.
func TestA404IsToldForAShortTime(t *testing.T) {
	told := func(seconds string) string { return "public, max-age=0, s-maxage=" + seconds + ", must-revalidate" }
	const minute = time.Minute
	hit, page := []string{"X-Nextjs-Cache", "HIT"}, []string{"Content-Type", html}
	for name, c := range map[string]struct {
		most         time.Duration
		status       int
		cacheControl string
		more         []string
		want         string
		etag         bool // stays
	}{
		"a year":                   {minute, 404, year, hit, told("60"), false},
		"a year, of 14":            {minute, 404, year + ", stale-while-revalidate", page, told("60"), false},
		"an hour":                  {minute, 404, "s-maxage=3600, stale-while-revalidate=31532400", hit, told("60"), false},
		"more than a number holds": {minute, 404, "s-maxage=99999999999999999999", hit, told("60"), false},
		"another bound":            {10 * minute, 404, year, hit, told("600"), false},
		"a bound of parts":         {1500 * time.Millisecond, 404, year, hit, told("1"), false},
		"no bound":                 {0, 404, year, hit, told("31536000"), true},
		"five seconds":             {minute, 404, "s-maxage=5, stale-while-revalidate=9", hit, told("5"), true},
		"a minute":                 {minute, 404, "s-maxage=60", hit, told("60"), true},
		// A cache before the application has had it for a while.
		"of an age":               {minute, 404, year, append(hit, "Age", "100"), told("160"), false},
		"of an age near its end":  {minute, 404, "s-maxage=120", append(hit, "Age", "100"), told("120"), false},
		"of an age without sense": {minute, 404, year, append(hit, "Age", "-1"), told("60"), false},
		"of an age without end":   {minute, 404, year, append(hit, "Age", "99999999999999999999"), told("31536000"), false},
		"outdated":                {minute, 404, year, []string{"X-Nextjs-Cache", "STALE"}, keepAndAsk, false},
		"with a cookie":           {minute, 404, year, append(hit, "Set-Cookie", "a=b"), keepNothing, false},
		"a page":                  {minute, 200, year, hit, sharedYear, true},
		"a redirect":              {minute, 307, year, hit, sharedYear, true},
		"of an application":       {minute, 404, "public, s-maxage=600", nil, "public, s-maxage=600", true},
		"of a route handler":      {minute, 404, year, []string{"Content-Type", "text/plain"}, year, true},
		"made for one":            {minute, 404, keepNothing, page, keepNothing, true},
		"that says nothing":       {minute, 404, "", page, keepNoError, true},
	} {
		a := answerOf(c.status, append(c.more, "Etag", `"x"`)...)
		if c.cacheControl != "" {
			a.Header.Set("Cache-Control", c.cacheControl)
		}
		a.Shared404 = c.most
		before := a.Header.Clone()
		shortened := ApplyCachePolicy(a)
		assert.Equal(t, c.want, a.Header.Get("Cache-Control"), name)
		assert.Equal(t, c.etag, a.Header.Get("Etag") != "", name)
		assert.Equal(t, !c.etag, shortened, name)
		within(t, a, before, a.Header)
	}
	dev := answerOf(404, "Cache-Control", year, "X-Nextjs-Cache", "HIT", "Etag", `"x"`)
	dev.Shared404, dev.Dev = minute, true
	assert.False(t, ApplyCachePolicy(dev))
	assert.Equal(t, http.Header{"Cache-Control": {year}, "X-Nextjs-Cache": {"HIT"}, "Etag": {`"x"`}}, dev.Header)
}
