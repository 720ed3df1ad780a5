package zones

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// What Next.js lets caches keep of a 404 for a year, they are told to keep for a minute. Shorter times stay as they are.
func TestA404IsToldForAShortTime(t *testing.T) {
	told := func(seconds string) string { return "public, max-age=0, s-maxage=" + seconds + ", must-revalidate" }
	for name, c := range map[string]struct {
		most    time.Duration
		status  int
		headers []string
		want    string
		etag    bool // stays
	}{
		"a year":                   {time.Minute, 404, []string{"Cache-Control", year, "X-Nextjs-Cache", "HIT"}, told("60"), false},
		"a year, of 14":            {time.Minute, 404, []string{"Cache-Control", year + ", stale-while-revalidate", "Content-Type", html}, told("60"), false},
		"an hour":                  {time.Minute, 404, []string{"Cache-Control", "s-maxage=3600, stale-while-revalidate=31532400", "X-Nextjs-Cache", "HIT"}, told("60"), false},
		"more than a number holds": {time.Minute, 404, []string{"Cache-Control", "s-maxage=99999999999999999999", "X-Nextjs-Cache", "HIT"}, told("60"), false},
		"another bound":            {10 * time.Minute, 404, []string{"Cache-Control", year, "X-Nextjs-Cache", "HIT"}, told("600"), false},
		"a bound of parts":         {1500 * time.Millisecond, 404, []string{"Cache-Control", year, "X-Nextjs-Cache", "HIT"}, told("1"), false},
		"no bound":                 {0, 404, []string{"Cache-Control", year, "X-Nextjs-Cache", "HIT"}, told("31536000"), true},
		"five seconds":             {time.Minute, 404, []string{"Cache-Control", "s-maxage=5, stale-while-revalidate=9", "X-Nextjs-Cache", "HIT"}, told("5"), true},
		"a minute":                 {time.Minute, 404, []string{"Cache-Control", "s-maxage=60", "X-Nextjs-Cache", "HIT"}, told("60"), true},
		// A cache before the application has had it for a while.
		"of an age":               {time.Minute, 404, []string{"Cache-Control", year, "X-Nextjs-Cache", "HIT", "Age", "100"}, told("160"), false},
		"of an age near its end":  {time.Minute, 404, []string{"Cache-Control", "s-maxage=120", "X-Nextjs-Cache", "HIT", "Age", "100"}, told("120"), false},
		"of an age without sense": {time.Minute, 404, []string{"Cache-Control", year, "X-Nextjs-Cache", "HIT", "Age", "-1"}, told("60"), false},
		"of an age without end":   {time.Minute, 404, []string{"Cache-Control", year, "X-Nextjs-Cache", "HIT", "Age", "99999999999999999999"}, told("31536000"), false},
		"outdated":                {time.Minute, 404, []string{"Cache-Control", year, "X-Nextjs-Cache", "STALE"}, keepAndAsk, false},
		"with a cookie":           {time.Minute, 404, []string{"Cache-Control", year, "X-Nextjs-Cache", "HIT", "Set-Cookie", "a=b"}, keepNothing, false},
		"a page":                  {time.Minute, 200, []string{"Cache-Control", year, "X-Nextjs-Cache", "HIT"}, sharedYear, true},
		"a redirect":              {time.Minute, 307, []string{"Cache-Control", year, "X-Nextjs-Cache", "HIT"}, sharedYear, true},
		"of an application":       {time.Minute, 404, []string{"Cache-Control", "public, s-maxage=600"}, "public, s-maxage=600", true},
		"of a route handler":      {time.Minute, 404, []string{"Cache-Control", year, "Content-Type", "text/plain"}, year, true},
		"made for one":            {time.Minute, 404, []string{"Cache-Control", keepNothing, "Content-Type", html}, keepNothing, true},
		"that says nothing":       {time.Minute, 404, []string{"Content-Type", html}, keepNoError, true},
	} {
		a := answerOf(c.status, append(c.headers, "Etag", `"x"`)...)
		a.Shared404 = c.most
		before := a.Header.Clone()
		shortened := ApplyCachePolicy(a)
		assert.Equal(t, c.want, a.Header.Get("Cache-Control"), name)
		assert.Equal(t, c.etag, a.Header.Get("Etag") != "", name)
		assert.Equal(t, !c.etag, shortened, name)
		within(t, a, before, a.Header)
	}
	dev := answerOf(404, "Cache-Control", year, "X-Nextjs-Cache", "HIT", "Etag", `"x"`)
	dev.Shared404, dev.Dev = time.Minute, true
	assert.False(t, ApplyCachePolicy(dev))
	assert.Equal(t, http.Header{"Cache-Control": {year}, "X-Nextjs-Cache": {"HIT"}, "Etag": {`"x"`}}, dev.Header)
}
