package hygiene

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// cookieRules is a build with route handlers that are prerendered, and others.
func cookieRules(t testing.TB, id string, headers ...object) *rules.Set {
	t.Helper()
	return rules.NewSet(readBuild(t, buildtest.Build{
		ID: id,
		App: map[string]string{
			"/feed/route": "/feed", "/item/[id]/route": "/item/[id]", "/live/route": "/live", "/guarded/route": "/guarded",
			"/about/page": "/about",
		},
		Prerenders: object{
			"routes":        object{"/feed": object{}, "/guarded": object{}, "/about": object{"dataRoute": "/about.rsc"}},
			"dynamicRoutes": object{"/item/[id]": object{"fallback": nil}},
		},
		Routes: object{
			"dynamicRoutes": []any{object{"page": "/item/[id]", "regex": "^/item/([^/]+?)(?:/)?$"}},
			"headers":       headers,
			"rewrites":      []any{object{"source": "/alias", "destination": "/feed", "regex": "^/alias(?:/)?$"}},
		},
		Middleware: object{"middleware": object{"/": object{"matchers": []any{object{"regexp": "^/guarded$"}}}}},
	}))
}

// cleanedCookies is what is left of the cookies of an answer.
func cleanedCookies(
	b *rules.Set, seen *StoredCookies, method, path, state string, cookies ...string,
) ([]string, CleanedCookies) {
	h := http.Header{"Set-Cookie": cookies}
	if state != "" {
		h.Set("X-Nextjs-Cache", state)
	}
	done := seen.Clean(h, b, verdictAt(b, method, path))
	return h["Set-Cookie"], done
}

func TestCookiesThatNextHasStoredReachOneVisitorOnly(t *testing.T) {
	rule := func(source, regex, key, value string) object {
		return object{"source": source, "regex": regex, "headers": []any{object{"key": key, "value": value}}}
	}
	unknown := rule("/:path*", "^(?:/(.*))?$", "X-Path", ":path")
	own := func(key, value string) object { return rule("/feed", "^/feed$", key, value) }
	for _, c := range []struct {
		what                string
		headers             []object
		method, path, state string
		cookie              string
		second              bool // it comes a second time
		passed              int  // that are counted at the first
	}{
		{"stored", nil, "GET", "/feed", "HIT", "a=1; Path=/; HttpOnly", false, 1},
		{"stored, HEAD", nil, "HEAD", "/feed", "HIT", "a=1", false, 1},
		{"stored, and outdated", nil, "GET", "/feed", "STALE", "a=1", false, 1},
		{"stored on demand", nil, "GET", "/item/7", "HIT", "a=1", false, 1},
		{"by a rewrite", nil, "GET", "/alias", "HIT", "a=1", false, 1},
		{"beneath headers that only Next.js knows", []object{unknown}, "GET", "/feed", "HIT", "a=1", false, 1},
		{"headers() sets another", []object{own("Set-Cookie", "b=2; Path=/")}, "GET", "/feed", "HIT", "a=1", false, 1},
		{"made for the visitor", nil, "GET", "/item/7", "MISS", "a=1", true, 0},
		{"not from a store", nil, "GET", "/feed", "", "a=1", true, 0},
		{"headers() sets it", []object{own("set-cookie", "a=1; Path=/")}, "GET", "/feed", "HIT", "a=1", true, 0},
		{"headers() may set it", []object{own("Set-Cookie", ":name=1")}, "GET", "/feed", "HIT", "a=1", true, 0},
		{"headers() may be it", []object{own("Set-:what", "a=1")}, "GET", "/feed", "HIT", "a=1", true, 0},
		{"middleware may set it", nil, "GET", "/guarded", "HIT", "a=1", true, 0},
		{"a handler that answers each", nil, "GET", "/live", "HIT", "a=1", true, 0},
		{"a page", nil, "GET", "/about", "HIT", "a=1", true, 0},
		{"a write", nil, "POST", "/feed", "HIT", "a=1", true, 0},
		{"nothing known", nil, "GET", "/absent", "HIT", "a=1", true, 0},
		{"draft mode", nil, "GET", "/feed", "HIT", "__prerender_bypass=x; Path=/", true, 0},
		{"preview", nil, "GET", "/feed", "HIT", "__next_preview_data=x; Path=/", true, 0},
		{"a cookie that is taken away", nil, "GET", "/feed", "HIT", "a=; Path=/; Max-Age=0", true, 0},
	} {
		t.Run(c.what, func(t *testing.T) {
			ruleSet, seen := cookieRules(t, "b", c.headers...), NewStoredCookies()
			got, done := cleanedCookies(ruleSet, seen, c.method, c.path, c.state, c.cookie)
			assert.Equal(t, []string{c.cookie}, got, "the first keeps it")
			assert.Equal(t, c.passed, done.Passed)
			assert.Zero(t, done.Removed)
			got, done = cleanedCookies(ruleSet, seen, c.method, c.path, c.state, c.cookie)
			if c.second {
				assert.Equal(t, []string{c.cookie}, got)
				assert.Zero(t, done)
			} else {
				assert.Nil(t, got, "there is no header any more")
				assert.Equal(t, CleanedCookies{Removed: 1}, done)
			}
		})
	}
}

func TestWhichStoredCookiesAreTheSame(t *testing.T) {
	ruleSet, next, seen := cookieRules(t, "b"), cookieRules(t, "c"), NewStoredCookies()
	clean := func(b *rules.Set, path, state string, cookies ...string) []string {
		got, _ := cleanedCookies(b, seen, "GET", path, state, cookies...)
		return got
	}
	assert.Equal(t, []string{"a=1"}, clean(ruleSet, "/item/7", "MISS", "a=1"), "whom it was made for")
	assert.Nil(t, clean(ruleSet, "/item/7", "HIT", "a=1; Path=/"), "and nobody else, whatever the attributes")
	assert.Equal(t, []string{"a=2"}, clean(ruleSet, "/item/7", "HIT", "a=2"), "another value")
	assert.Equal(t, []string{"b=1"}, clean(ruleSet, "/item/7", "HIT", "b=1"), "another name")
	assert.Equal(t, []string{"a=1"}, clean(ruleSet, "/item/8", "HIT", "a=1"), "another path")
	assert.Equal(t, []string{"a=1"}, clean(next, "/item/7", "HIT", "a=1"), "another build")
	two := []string{"c=1; Path=/x", "c=1; Path=/y"}
	assert.Equal(t, two, clean(ruleSet, "/feed", "HIT", two...), "one answer")
	assert.Equal(t, []string{"d=1", "e="}, clean(ruleSet, "/feed", "HIT", "c=1; Path=/x", "d=1", "e="), "others stay")
}

func TestStoredCookiesAreBounded(t *testing.T) {
	seen := NewStoredCookies()
	often := storedCookie{name: "often"}
	seen.add(often)
	for i := range 4 * maxStoredCookies / storedCookieSize {
		seen.add(storedCookie{name: "c", value: fmt.Sprint(i)})
		assert.LessOrEqual(t, seen.Size(), int64(maxStoredCookies))
		if i%1000 == 0 {
			assert.True(t, seen.has(often), "what comes again is remembered")
		}
	}
	assert.False(t, seen.has(storedCookie{name: "c", value: "0"}))
}

// Most answers have no cookie, and cost nothing.
func TestAnswersWithoutCookiesCostNothing(t *testing.T) {
	ruleSet, seen := cookieRules(t, "b"), NewStoredCookies()
	verdict, h := verdictAt(ruleSet, "GET", "/feed"), http.Header{"X-Nextjs-Cache": {"HIT"}}
	assert.Zero(t, testing.AllocsPerRun(100, func() { seen.Clean(h, ruleSet, verdict) }))
}
