package hygiene

import (
	"errors"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// leave is what a cache may do with an answer, by RFC 9111: a second reading of that, which shares nothing with the
// policy.
type leave struct {
	store bool
	// fresh are the seconds for which it may be used without asking; guess stands for a heuristic.
	fresh int
	// stale: it may be used without asking when it is no longer fresh.
	stale bool
	// authorized: it may be used for requests other than the authorized one it was made for.
	authorized bool
	// except are the fields that must not be stored.
	except map[string]bool
}

const guess = 1 << 40

var (
	directivePattern = regexp.MustCompile(`([^\s,="]+)\s*(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?`)
	heuristicStatus  = map[int]bool{200: true, 203: true, 204: true, 206: true, 300: true, 301: true, 308: true, 404: true, 405: true, 410: true, 414: true, 501: true}
)

// leaveOf reads what a cache may do with an answer to a request of some method.
func leaveOf(method string, status int, h http.Header, shared bool) leave {
	values := map[string][]string{}
	except := map[string]bool{}
	for _, match := range directivePattern.FindAllStringSubmatch(strings.Join(h["Cache-Control"], ", "), -1) {
		name := strings.ToLower(match[1])
		if value := match[2] + match[3]; strings.Contains(match[0], "=") && (name == "private" || name == "no-cache") {
			if name == "no-cache" || shared {
				except[strings.ToLower(value)] = true
			}
			continue
		}
		values[name] = append(values[name], match[2]+match[3])
	}
	has := func(names ...string) bool {
		for _, name := range names {
			if values[name] != nil {
				return true
			}
		}
		return false
	}
	expires := len(h["Expires"]) > 0
	explicit := has("public", "max-age") || expires || shared && has("s-maxage") || !shared && has("private")
	l := leave{except: except, authorized: has("must-revalidate", "public", "s-maxage")}
	switch {
	case has("no-store"), shared && has("private"):
		return leave{}
	case method != http.MethodGet && method != http.MethodHead && !explicit:
		return leave{}
	case !explicit && !heuristicStatus[status]:
		return leave{}
	}
	l.store = true
	lifetimes := []string{"max-age"}
	if shared {
		lifetimes = []string{"s-maxage", "max-age"}
	}
	l.fresh = -1
	for _, name := range lifetimes {
		if has(name) {
			l.fresh = 0
			seconds, err := strconv.Atoi(values[name][0])
			// What is too large is as much as there can be (RFC 9111, 1.2.2).
			if (err == nil || errors.Is(err, strconv.ErrRange)) && len(values[name]) == 1 && seconds > 0 {
				l.fresh = seconds
			}
			break
		}
	}
	switch {
	case has("no-cache"):
		l.fresh = 0
	case l.fresh < 0 && expires:
		l.fresh = guess - 1
	case l.fresh < 0:
		l.fresh = 0
		if heuristicStatus[status] || has("public") {
			l.fresh = guess
		}
	}
	l.stale = !has("must-revalidate", "no-cache") && (!shared || !has("proxy-revalidate", "s-maxage")) || has("stale-while-revalidate") && !has("must-revalidate", "no-cache")
	return l
}

// within fails unless a cache may do after no more than before.
func within(t *testing.T, a Answer, before, after http.Header) {
	t.Helper()
	for _, shared := range []bool{true, false} {
		was, is := leaveOf(a.Method, a.Status, before, shared), leaveOf(a.Method, a.Status, after, shared)
		if !is.store || !shared && is.fresh == 0 && !is.stale {
			continue // a browser that asks each time does no harm by storing
		}
		ok := was.store && is.fresh <= was.fresh && (was.stale || !is.stale) && (was.authorized || !is.authorized || !shared)
		for field := range was.except {
			ok = ok && is.except[field]
		}
		assert.True(t, ok, "shared %v, status %d: before %q %+v, after %q %+v", shared, a.Status, before, was, after, is)
	}
}

// What is built from these pieces is what a fuzzer would need long to find.
var (
	fuzzMethods    = []string{"GET", "GET", "GET", "HEAD", "POST", "DELETE", "OPTIONS"}
	fuzzStatus     = []int{200, 200, 200, 206, 204, 301, 304, 307, 308, 401, 404, 405, 410, 416, 500, 501, 503}
	fuzzTypes      = []string{"", "text/html; charset=utf-8", "text/x-component", "application/json", "image/webp"}
	fuzzDirectives = []string{
		"s-maxage=60", "s-maxage=31536000", "stale-while-revalidate=9", "stale-while-revalidate", "public", "private", "no-store", "no-cache", "max-age=0", "max-age=600",
		"must-revalidate", "proxy-revalidate", "immutable", "no-transform", `private="set-cookie"`, `no-cache="x-a, public"`, "s-maxage=x", "max-age=x", "S-MAXAGE=5", `a="b, private"`, "",
	}
)

// FuzzCachePolicy builds an answer of the bytes and the text, and asks what caches may do before and after.
func FuzzCachePolicy(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0, 0, 2, 0, 2}, "")
	f.Add([]byte{4, 3, 1, 0, 1, 2, 0, 2, 4, 9}, "s-maxage=1")
	f.Add([]byte{0, 9, 2, 5, 7, 255, 14, 5}, `max-age="9", public`)
	f.Fuzz(func(t *testing.T, data []byte, extra string) {
		next := func(n int) int {
			if len(data) == 0 {
				return 0
			}
			b := int(data[0])
			data = data[1:]
			return b % n
		}
		if strings.Count(extra, `"`)%2 != 0 || strings.ContainsAny(extra, "\r\n\\") || strings.ContainsFunc(extra, func(r rune) bool { return r < ' ' || r > '~' }) {
			return // nobody knows what such a field says
		}
		a := Answer{Method: fuzzMethods[next(len(fuzzMethods))], Status: fuzzStatus[next(len(fuzzStatus))], Header: http.Header{}}
		if contentType := fuzzTypes[next(len(fuzzTypes))]; contentType != "" {
			a.Header.Set("Content-Type", contentType)
		}
		a.Kind = zones.Kind(next(zones.Kinds))
		flags := next(256)
		for bit, header := range [][2]string{
			{"Set-Cookie", "a=b"}, {"X-Nextjs-Cache", "HIT"}, {"X-Nextjs-Cache", "STALE"}, {"X-Edge-Runtime", "1"}, {"Expires", "Thu, 01 Jan 2099 00:00:00 GMT"},
		} {
			if flags&(1<<bit) != 0 {
				a.Header.Set(header[0], header[1])
			}
		}
		a.Repaired = flags&(1<<5) != 0
		a.Verdict = &rules.Verdict{ByLanguage: flags&(1<<6) != 0}
		a.Shared404 = time.Duration(flags>>7) * time.Minute
		var lines []string
		for count := next(3); count > 0; count-- {
			var line []string
			for more := next(6); more > 0; more-- {
				line = append(line, fuzzDirectives[next(len(fuzzDirectives))])
			}
			lines = append(lines, strings.Join(line, ", "))
		}
		if extra != "" {
			lines = append(lines, extra)
		}
		if lines != nil {
			a.Header["Cache-Control"] = lines
		}
		before := maps.Clone(a.Header)
		ApplyCachePolicy(a)
		within(t, a, before, a.Header)
		if len(a.Header["Set-Cookie"]) > 0 && a.Method == http.MethodGet {
			assert.False(t, leaveOf(a.Method, a.Status, a.Header, true).store, "a cookie is for one browser: %q", a.Header)
		}
		again := maps.Clone(a.Header)
		ApplyCachePolicy(a)
		within(t, a, again, a.Header)
	})
}

// The model of the fuzzer finds what would be wrong.
func TestTheModelOfCachesIsSharp(t *testing.T) {
	of := func(cacheControl string, shared bool) leave {
		return leaveOf(http.MethodGet, 200, http.Header{"Cache-Control": {cacheControl}}, shared)
	}
	assert.Equal(t, 60, of("s-maxage=60, max-age=5", true).fresh)
	assert.Equal(t, 5, of("s-maxage=60, max-age=5", false).fresh)
	assert.Equal(t, guess, of("s-maxage=60", false).fresh)
	assert.Equal(t, guess, leaveOf(http.MethodGet, 404, http.Header{}, true).fresh)
	assert.False(t, leaveOf(http.MethodGet, 307, http.Header{}, true).store)
	assert.False(t, of("private, max-age=5", true).store)
	assert.True(t, of("private, max-age=5", false).store)
	assert.True(t, of("max-age=0, stale-while-revalidate=9", false).stale)
	assert.False(t, of("max-age=0, must-revalidate", false).stale)
	assert.False(t, of("max-age=9", true).authorized)
	assert.Equal(t, map[string]bool{"set-cookie": true}, of(`private="set-cookie"`, true).except)
	assert.False(t, of("public, no-store", true).store)
}
