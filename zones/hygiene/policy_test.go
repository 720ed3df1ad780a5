package hygiene

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// answerOf is an answer to a GET with headers given as name, value, name, value….
func answerOf(status int, headers ...string) Answer {
	h := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		h.Add(headers[i], headers[i+1])
	}
	return Answer{Method: http.MethodGet, Status: status, Header: h}
}

const (
	year       = "s-maxage=31536000"
	sharedYear = "public, max-age=0, s-maxage=31536000, must-revalidate"
	html       = "text/html; charset=utf-8"
)

// appliedTo is the Cache-Control that an answer gets; the answer stays as it is.
func appliedTo(a Answer) string {
	a.Header = a.Header.Clone()
	ApplyCachePolicy(a)
	return a.Header.Get("Cache-Control")
}

func TestCachePolicy(t *testing.T) {
	with := func(a Answer, change func(*Answer)) Answer { change(&a); return a }
	post := func(a *Answer) { a.Method = http.MethodPost }
	kind := func(k zones.Kind) func(*Answer) { return func(a *Answer) { a.Kind = k } }
	root := func(a *Answer) { a.Verdict = &rules.Verdict{Reason: rules.Locale, ByLanguage: true} }
	minute := func(a *Answer) { a.Shared404 = time.Minute }
	const same = "-"
	tests := []struct {
		class  string
		answer Answer
		want   string
	}{
		{"next dev, upgrade", with(answerOf(200, "Cache-Control", year, "Content-Type", html), func(a *Answer) { a.Dev = true }), same},
		{"next dev, upgrade", with(answerOf(404), func(a *Answer) { a.Dev = true }), same},
		{"next dev, upgrade", answerOf(101, "Set-Cookie", "a=b"), same},

		{"repaired", with(answerOf(200, "Cache-Control", year), func(a *Answer) { a.Repaired = true }), "private, no-store"},

		{"action", with(answerOf(200, "Cache-Control", year), post), keepNoAction},
		{"action", with(answerOf(303, "Cache-Control", "s-maxage=5, stale-while-revalidate=31535995", "Set-Cookie", "a=b"), post), keepNoAction},
		{"action", with(answerOf(200, "Cache-Control", "public"), post), keepNoAction},
		{"action", with(answerOf(200, "Cache-Control", "max-age=1, no-transform"), post), keepNoAction + ", no-transform"},
		{"action", with(answerOf(500, "Expires", "Thu, 01 Jan 2099 00:00:00 GMT"), post), keepNoAction},
		{"write", with(answerOf(200, "Cache-Control", keepNoAction), post), same},
		{"write", with(answerOf(405), post), same},
		{"write", with(answerOf(200, "Cache-Control", "max-age=0, must-revalidate", "Set-Cookie", "a=b"), post), same},
		{"write", with(answerOf(204), func(a *Answer) { a.Method = http.MethodOptions }), same},

		{"cookie", answerOf(200, "Cache-Control", year, "Set-Cookie", "a=b", "Content-Type", html), keepNothing},
		{"cookie", answerOf(304, "Cache-Control", "s-maxage=60, stale-while-revalidate", "Set-Cookie", "a=b"), keepNothing},
		{"cookie", answerOf(200, "Cache-Control", "public, max-age=60, s-maxage=600", "Set-Cookie", "a=b"), "private, max-age=60"},
		{"cookie", answerOf(200, "Cache-Control", "Public, Max-Age=60, proxy-revalidate, Immutable", "Set-Cookie", "a=b"), "private, Max-Age=60, Immutable"},
		{"cookie", answerOf(200, "Cache-Control", "max-age=60", "Set-Cookie", "a=b"), "private, max-age=60"},
		{"cookie", answerOf(200, "Cache-Control", "public", "Set-Cookie", "a=b"), "private, no-cache"},
		{"cookie", answerOf(200, "Cache-Control", "no-cache", "Set-Cookie", "a=b"), "private, no-cache"},
		{"cookie", answerOf(200, "Cache-Control", `max-age=9, no-cache="a, public", s-maxage=1`, "Set-Cookie", "a=b"), `private, max-age=9, no-cache="a, public"`},
		{"cookie", answerOf(200, "Cache-Control", `max-age=9, private="x"`, "Set-Cookie", "a=b"), "private, max-age=9"},
		{"cookie", answerOf(200, "Cache-Control", "s-maxage=1", "Cache-Control", "max-age=2", "Set-Cookie", "a=b"), "private, max-age=2"},
		{"as it is", answerOf(200, "Cache-Control", "private, max-age=60", "Set-Cookie", "a=b"), same},
		{"as it is", answerOf(200, "Cache-Control", keepNothing, "Set-Cookie", "a=b"), same},
		{"as it is", answerOf(200, "Cache-Control", "no-store", "Set-Cookie", "a=b"), same},

		{"server error", answerOf(500, "Cache-Control", year), keepNoError},
		{"server error", answerOf(503, "Cache-Control", "public, max-age=60"), keepNoError},
		{"server error", answerOf(500, "Content-Type", html), keepNoError},
		{"as it is", answerOf(500, "Cache-Control", keepNothing), same},

		{"empty", answerOf(204, "Cache-Control", year, "X-Nextjs-Cache", "HIT"), keepNoError},
		{"as it is", answerOf(204, "Cache-Control", "public, max-age=60"), same},
		{"as it is", answerOf(204), same},

		{"no file", with(answerOf(404, "Cache-Control", "public, max-age=31536000, immutable"), kind(zones.KindStatic)), keepNothing},
		{"no file", with(answerOf(308, "Cache-Control", "max-age=60"), kind(zones.KindStatic)), keepNothing},
		{"as it is", with(answerOf(404, "Cache-Control", keepNothing), kind(zones.KindStatic)), same},
		{"as it is", with(answerOf(206, "Cache-Control", "public, max-age=31536000, immutable"), kind(zones.KindStatic)), same},
		{"as it is", with(answerOf(304, "Cache-Control", "public, max-age=31536000, immutable"), kind(zones.KindStatic)), same},

		{"language", with(answerOf(200, "Cache-Control", year, "Content-Type", html), root), keepNothing},
		{"language", with(answerOf(200, "Cache-Control", year, "X-Nextjs-Cache", "STALE"), root), keepNothing},
		{"as it is", with(answerOf(307), root), same},

		{"stale", answerOf(200, "Cache-Control", "s-maxage=5, stale-while-revalidate=31535995", "X-Nextjs-Cache", "STALE"), keepAndAsk},
		{"stale", answerOf(304, "Cache-Control", "s-maxage=5", "X-Nextjs-Cache", "STALE"), keepAndAsk},
		{"stale", answerOf(200, "Cache-Control", "public, max-age=9, s-maxage=5, no-transform", "X-Nextjs-Cache", "STALE"), keepAndAsk + ", no-transform"},
		{"as it is", answerOf(200, "Cache-Control", "public, max-age=14400, must-revalidate", "X-Nextjs-Cache", "STALE"), same},
		{"as it is", answerOf(200, "Cache-Control", `s-maxage=5, no-cache="x"`, "X-Nextjs-Cache", "STALE"), same},

		{"page", answerOf(200, "Cache-Control", year, "Content-Type", html, "X-Nextjs-Cache", "HIT"), sharedYear},
		{"page", answerOf(200, "Cache-Control", "s-maxage=5, stale-while-revalidate=31535995", "X-Nextjs-Cache", "MISS"), "public, max-age=0, s-maxage=5, must-revalidate"},
		{"page", answerOf(200, "Cache-Control", "s-maxage=3600, stale-while-revalidate", "Content-Type", html), "public, max-age=0, s-maxage=3600, must-revalidate"},
		{"page", answerOf(404, "Cache-Control", year, "Content-Type", html), sharedYear},
		{
			"not found", with(answerOf(404, "Cache-Control", year, "Content-Type", html), minute),
			"public, max-age=0, s-maxage=60, must-revalidate",
		},
		{"page", answerOf(307, "Cache-Control", year, "X-Nextjs-Cache", "HIT", "Location", "/open"), sharedYear},
		{"page", answerOf(200, "Cache-Control", "s-maxage=900, stale-while-revalidate=31535100", "Content-Type", "text/x-component", "X-Nextjs-Postponed", "2"), "public, max-age=0, s-maxage=900, must-revalidate"},
		{"page", answerOf(200, "Cache-Control", year, "Content-Type", "application/json", "X-Nextjs-Cache", "HIT"), sharedYear},
		{"page", with(answerOf(200, "Cache-Control", "s-maxage=60", "Content-Type", "application/json"), kind(zones.KindData)), "public, max-age=0, s-maxage=60, must-revalidate"},
		{"page", answerOf(304, "Cache-Control", year, "X-Nextjs-Cache", "HIT"), sharedYear},
		{"page", answerOf(304, "Cache-Control", year), sharedYear},
		{"page", answerOf(200, "Cache-Control", "s-maxage=0", "Content-Type", html), "public, max-age=0, s-maxage=0, must-revalidate"},
		{"page", answerOf(200, "Cache-Control", "S-MaxAge=00099999999999999999999", "Content-Type", html), "public, max-age=0, s-maxage=00099999999999999999999, must-revalidate"},

		{"as it is", with(answerOf(304, "Cache-Control", year), kind(zones.KindAPI)), same},
		{"as it is", answerOf(200, "Cache-Control", "s-maxage=60", "Content-Type", "application/json"), same},
		{"as it is", answerOf(200, "Cache-Control", "public, s-maxage=60", "Content-Type", html), same},
		{"as it is", answerOf(200, "Cache-Control", "s-maxage=60, max-age=5", "Content-Type", html), same},
		{"as it is", answerOf(200, "Cache-Control", "s-maxage=60, s-maxage=70", "Content-Type", html), same},
		{"as it is", answerOf(200, "Cache-Control", `s-maxage="60"`, "Content-Type", html), same},
		{"as it is", answerOf(200, "Cache-Control", "s-maxage=-1", "Content-Type", html), same},
		{"as it is", answerOf(200, "Cache-Control", "s-maxage", "Content-Type", html), same},
		{"as it is", answerOf(200, "Cache-Control", "s-maxage=1.5", "Content-Type", html), same},
		{"as it is", answerOf(200, "Cache-Control", "stale-while-revalidate=9", "Content-Type", html), same},
		{"as it is", answerOf(200, "Cache-Control", keepNothing, "Content-Type", html, "X-Nextjs-Cache", "HIT"), same},
		{"as it is", answerOf(200, "Cache-Control", "public, max-age=0", "Content-Type", "text/plain"), same},
		{"as it is", answerOf(200, "Cache-Control", "public, max-age=14400, must-revalidate", "Content-Type", "image/webp"), same},
		{"as it is", answerOf(200, "Cache-Control", "no-cache", "Content-Type", "text/event-stream"), same},

		{"unmarked", answerOf(404, "Content-Type", html), keepNoError},
		{"unmarked", answerOf(401, "Cache-Control", ""), keepNoError},
		{"unmarked", answerOf(200, "Set-Cookie", "a=b"), keepNoError},
		{"unmarked", answerOf(307, "Set-Cookie", "a=b", "Location", "/"), keepNoError},
		{"unmarked", answerOf(200, "Content-Type", "text/x-component"), keepNoError},
		{"unmarked", with(answerOf(200, "Content-Type", html), kind(zones.KindRSC)), keepNoError},
		{"unmarked", with(answerOf(204), kind(zones.KindPrefetch)), keepNoError},
		{"unmarked", with(answerOf(200), kind(zones.KindSegment)), keepNoError},
		{"unmarked", answerOf(200, "Content-Type", html, "X-Edge-Runtime", "1"), keepNoError},
		{"as it is", with(answerOf(307, "Location", "/login"), kind(zones.KindRSC)), same},
		{"as it is", answerOf(308, "Location", "/a"), same},
		{"as it is", answerOf(200, "Content-Type", "application/json"), same},
		{"as it is", answerOf(200, "Content-Type", html, "Etag", `"x"`), same},
		{"as it is", answerOf(304, "Etag", `"x"`), same},
		{"as it is", answerOf(200, "Content-Type", "application/json", "X-Edge-Runtime", "1"), same},
	}
	tested := map[string]bool{}
	for _, test := range tests {
		row, _ := policyOf(test.answer)
		assert.Equal(t, test.class, row.class, "%+v", test.answer)
		tested[row.class] = true
		before := test.answer.Header.Clone()
		ApplyCachePolicy(test.answer)
		if test.want == same {
			assert.Equal(t, before, test.answer.Header)
			continue
		}
		assert.Equal(t, []string{test.want}, test.answer.Header["Cache-Control"], "%+v", before)
		// What a HEAD says is what a GET would.
		test.answer.Header = before
		if test.answer.Method == http.MethodGet {
			test.answer.Method = http.MethodHead
			assert.Equal(t, test.want, appliedTo(test.answer))
		}
	}
	for _, row := range append(cachePolicy, asItIs) {
		assert.True(t, tested[row.class], "a test for %q", row.class)
	}
}

// A word for some shared caches only comes before Cache-Control there (RFC 9213).
func TestWhatIsNotSharedIsNotSharedByAnotherField(t *testing.T) {
	fields := []string{"CDN-Cache-Control", "max-age=60", "Surrogate-Control", "max-age=60", "X-Accel-Expires", "60"}
	remaining := func(a Answer) int {
		for i := 0; i < len(fields); i += 2 {
			a.Header.Set(fields[i], fields[i+1])
		}
		ApplyCachePolicy(a)
		left := 0
		for i := 0; i < len(fields); i += 2 {
			left += len(a.Header.Values(fields[i]))
		}
		return left
	}
	for _, a := range []Answer{
		answerOf(500), answerOf(200, "Cache-Control", keepNothing, "Set-Cookie", "a=b"), answerOf(200, "Set-Cookie", "a=b"),
		answerOf(200, "Cache-Control", year, "Set-Cookie", "a=b"),
		{Method: http.MethodGet, Status: 200, Repaired: true, Header: http.Header{}},
	} {
		assert.Zero(t, remaining(a), "%+v", a)
	}
	for _, a := range []Answer{
		answerOf(200, "Cache-Control", year, "Content-Type", html), answerOf(200, "Cache-Control", keepNothing), answerOf(404),
		{Method: http.MethodGet, Status: 200, Dev: true, Header: http.Header{"Set-Cookie": {"a=b"}}},
	} {
		assert.Equal(t, 3, remaining(a), "%+v", a)
	}
}

// The root of an application with locales is not for everybody, whatever comes before its page.
func TestTheLanguageOfARootIsChosen(t *testing.T) {
	middleware := object{"middleware": object{"/": object{"matchers": []object{{"regexp": `^/.*$`}}}}}
	i18n := func(more object) object {
		locales := object{"locales": []string{"en", "fr"}, "defaultLocale": "en"}
		for key, value := range more {
			locales[key] = value
		}
		return locales
	}
	pages := map[string]string{"/": "pages/index.js", "/open": "pages/open.js"}
	for name, c := range map[string]struct {
		build buildtest.Build
		root  string
		want  bool
	}{
		"no locales":      {buildtest.Build{Pages: pages}, "/", false},
		"locales":         {buildtest.Build{Pages: pages, Config: object{"i18n": i18n(nil)}}, "/", true},
		"no detection":    {buildtest.Build{Pages: pages, Config: object{"i18n": i18n(object{"localeDetection": false})}}, "/", false},
		"a basePath":      {buildtest.Build{Pages: pages, Config: object{"basePath": "/docs", "i18n": i18n(nil)}}, "/docs", true},
		"with middleware": {buildtest.Build{Pages: pages, Config: object{"i18n": i18n(nil)}, Middleware: middleware}, "/", true},
	} {
		t.Run(name, func(t *testing.T) {
			ruleSet := rules.NewSet(readBuild(t, c.build))
			answer := answerOf(200, "Cache-Control", year, "Content-Type", html)
			answer.Verdict = verdictAt(ruleSet, http.MethodGet, c.root+"?a=b")
			value := appliedTo(answer)
			assert.Equal(t, c.want, value == keepNothing, value)
			base := c.root
			if base == "/" {
				base = ""
			}
			for _, path := range []string{"/open", "/fr", "/fr/open", "/nowhere"} {
				answer.Verdict = verdictAt(ruleSet, http.MethodGet, base+path)
				value := appliedTo(answer)
				assert.Equal(t, sharedYear, value, path)
			}
		})
	}
}

// Every answer of an upstream passes here.
func TestThePolicyAllocatesLittle(t *testing.T) {
	for _, c := range []struct {
		answer Answer
		most   float64
	}{
		{answerOf(200, "Cache-Control", keepNothing, "Content-Type", html), 0},
		{answerOf(200, "Content-Type", "application/json"), 0},
		{answerOf(200, "Cache-Control", "public, max-age=31536000, immutable"), 0},
		{answerOf(200, "Cache-Control", "private, max-age=60", "Set-Cookie", "a=b"), 0},
		{answerOf(200, "Cache-Control", "s-maxage=5, stale-while-revalidate=31535995", "Content-Type", html), 2},
		{answerOf(404), 1},
	} {
		original := c.answer.Header["Cache-Control"]
		allocations := testing.AllocsPerRun(100, func() {
			if original == nil {
				delete(c.answer.Header, "Cache-Control")
			} else {
				c.answer.Header["Cache-Control"] = original
			}
			ApplyCachePolicy(c.answer)
		})
		assert.LessOrEqual(t, allocations, c.most, "%q", original)
	}
}

func TestDirectivesInQuotesAreValues(t *testing.T) {
	for line, want := range map[string]directive{
		`a="b, public, private"`:    dirOther,
		`a="b\", public", no-store`: dirOther | dirNoStore,
		` , ,no-store,`:             dirNoStore,
		`private="a", max-age=00`:   dirQualified | dirMaxAge,
		`private=`:                  dirQualified,
		`public=1`:                  dirOther,
		`max-age=`:                  dirMaxAge | dirLasting,
		`a="b, s-maxage=5`:          dirOther | dirSMaxAge,
		`no-store =x`:               dirOther,
	} {
		d := readDirectives([]string{line})
		require.Equal(t, want, d.has, line)
	}
}

func BenchmarkCachePolicy(b *testing.B) {
	for name, a := range map[string]Answer{
		"made for one": answerOf(200, "Cache-Control", keepNothing, "Content-Type", html),
		"page":         answerOf(200, "Cache-Control", "s-maxage=5, stale-while-revalidate=31535995", "Content-Type", html),
		"unmarked":     answerOf(200, "Content-Type", "application/json"),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				policyOf(a)
			}
		})
	}
}
