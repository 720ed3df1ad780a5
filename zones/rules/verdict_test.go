package rules

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
	"github.com/caddy-nextjs/caddy-nextjs/internal/zonetest"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

var readBuild, request = zonetest.ReadBuild, zonetest.Request

type object = buildtest.JSON

// ruled is an application with a rule of each form, with the regular expressions that `next build` writes for them.
func ruled(t testing.TB) *Set {
	return NewSet(readBuild(t, buildtest.Build{
		Config: object{"assetPrefix": "/ruled-assets"},
		Routes: object{
			"headers": []object{
				{"source": "/a.txt", "headers": []object{{"key": "X-A", "value": "1"}}, "regex": `^/a\.txt(?:/)?$`},
				{"source": "/policy/:path*", "headers": []object{{"key": "Content-Security-Policy", "value": "img-src https://img.example"}}, "regex": `^/policy(?:/((?:[^/]+?)(?:/(?:[^/]+?))*))?(?:/)?$`},
				{"source": "/named/:slug", "headers": []object{{"key": "X-Slug", "value": ":slug"}}, "regex": `^/named(?:/([^/]+?))(?:/)?$`},
				{"source": "/asked", "has": []object{{"type": "query", "key": "q"}}, "headers": []object{{"key": "X-Q", "value": "yes"}}, "regex": `^/asked(?:/)?$`},
			},
			"redirects": []object{
				{"source": "/:path+/", "destination": "/:path+", "internal": true, "statusCode": 308, "regex": `^(?:/((?:[^/]+?)(?:/(?:[^/]+?))*))/$`},
				{"source": "/literal", "destination": "/about", "statusCode": 308, "regex": `^(?!/_next)/literal(?:/)?$`},
				{"source": "/old/:slug", "destination": "/items/:slug", "statusCode": 307, "regex": `^(?!/_next)/old(?:/([^/]+?))(?:/)?$`},
				{"source": "/swap/:a/:b(\\d{1,4})", "destination": "/:b/x/:a", "statusCode": 307, "regex": `^(?!/_next)/swap(?:/([^/]+?))(?:/(\d{1,4}))(?:/)?$`},
				{"source": "/tree/:path*", "destination": "/forest/:path*", "statusCode": 301, "regex": `^(?!/_next)/tree(?:/((?:[^/]+?)(?:/(?:[^/]+?))*))?(?:/)?$`},
				{"source": "/query", "destination": "/about?from=query", "statusCode": 307, "regex": `^(?!/_next)/query(?:/)?$`},
				{"source": "/ext", "destination": "https://example.com/there", "statusCode": 307, "regex": `^(?!/_next)/ext(?:/)?$`},
				{"source": "/extparam/:p", "destination": "https://:p.example.com/", "statusCode": 307, "regex": `^(?!/_next)/extparam(?:/([^/]+?))(?:/)?$`},
				{"source": "/member", "has": []object{{"type": "cookie", "key": "plan", "value": "(?<plan>pro|team)"}}, "destination": "/about", "statusCode": 307, "regex": `^(?!/_next)/member(?:/)?$`},
				{"source": "/guest", "missing": []object{{"type": "header", "key": "x-user"}}, "destination": "/about", "statusCode": 307, "regex": `^(?!/_next)/guest(?:/)?$`},
				{"source": "/secure", "has": []object{{"type": "header", "key": "x-forwarded-proto", "value": "http"}}, "destination": "/about", "statusCode": 307, "regex": `^(?!/_next)/secure(?:/)?$`},
				{"source": "/onhost", "has": []object{{"type": "host", "value": "www\\.example\\.com"}}, "destination": "/about", "statusCode": 307, "regex": `^(?!/_next)/onhost(?:/)?$`},
				{"source": "/broken", "destination": "/about", "statusCode": 307, "regex": `^(/broken`},
			},
			"rewrites": object{
				"beforeFiles": []object{
					{"source": "/ruled-assets/_next/:path+", "destination": "/_next/:path+", "regex": `^/ruled-assets/_next(?:/((?:[^/]+?)(?:/(?:[^/]+?))*))(?:/)?$`},
					{"source": "/shadowed.txt", "destination": "/about", "regex": `^/shadowed\.txt(?:/)?$`},
					{"source": "/gallery/:id", "has": []object{{"type": "header", "key": "Next-Url", "value": "/gallery(?:/.*)?"}}, "destination": "/gallery/(.):id", "regex": `^/gallery(?:/([^/]+?))(?:/)?$`},
				},
				"afterFiles": []object{
					{"source": "/late", "destination": "/about", "regex": `^/late(?:/)?$`},
					{"source": "/about", "destination": "/feed", "regex": `^/about(?:/)?$`},
				},
				"fallback": []object{{"source": "/fall/:path*", "destination": "/items/:path*", "regex": `^/fall(?:/((?:[^/]+?)(?:/(?:[^/]+?))*))?(?:/)?$`}},
			},
			"dynamicRoutes": []object{{"page": "/items/[slug]", "regex": `^/items/([^/]+?)(?:/)?$`}, {"page": "/gallery/[id]", "regex": `^/gallery/([^/]+?)(?:/)?$`}},
		},
		App: map[string]string{
			"/page": "/", "/about/page": "/about", "/items/[slug]/page": "/items/[slug]", "/feed/route": "/feed", "/private/page": "/private", "/policy/page": "/policy",
			"/gallery/[id]/page": "/gallery/[id]", "/asked/page": "/asked", "/member/page": "/member", "/guest/page": "/guest", "/secure/page": "/secure",
			"/onhost/page": "/onhost",
		},
		Prerenders: object{"routes": object{"/items/one": object{"srcRoute": "/items/[slug]"}}},
		Middleware: object{"middleware": object{"/": object{"matchers": []object{
			{"regexp": `^(?:\/(_next\/data\/[^/]{1,}))?\/private(?:\/((?:[^\/#\?]+?)(?:\/(?:[^\/#\?]+?))*))?(\.json|\.rsc|\.segments\/.+\.segment\.rsc)?[\/#\?]?$`},
			{"regexp": `^\/private\.txt$`},
			{"regexp": `^\/old\/guarded$`},
		}}}},
		Files: map[string]string{
			"static/chunks/a.js": "", "static/chunks/app/(site)/page.js": "", "../public/a.txt": "", "../public/private.txt": "", "../public/shadowed.txt": "", "../public/b c/ö.txt": "", "../public/.well": "",
		},
	}))
}

// verdictOf asks with a path as a table of zones sees it.
func verdictOf(ruleSet *Set, method, target string, headers ...string) *Verdict {
	r := httptest.NewRequest(method, "http://shop.example"+target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return ruleSet.Verdict(r, targetOf(spelling.EscapedPath(r.URL)))
}

// targetOf is what a table of zones says of a path.
func targetOf(path string) Target {
	full, asWritten := spelling.CanonicalPath(path)
	return Target{Full: full, AsWritten: asWritten}
}

func TestVerdicts(t *testing.T) {
	ruleSet := ruled(t)
	for _, c := range []struct {
		target  string
		headers []string
		want    string // String, and where a redirect leads
	}{
		{"/", nil, "page"},
		{"/about", nil, "page"},
		{"/_next/static/chunks/app/(site)/page.js", nil, "static"},
		{"/ruled-assets/_next/static/chunks/app/(site)/page.js", nil, "static"},
		{"/about?x=1", nil, "page"},
		{"/items/one", nil, "page"},
		{"/items/two", nil, "page"},
		{"/items/two/three", nil, "unknown"},
		{"/feed", nil, "route"},
		{"/nowhere", nil, "unknown"},

		{"/a.txt", nil, "public"},
		{"/b%20c/%C3%B6.txt", nil, "public"},
		{"/b%20c/%c3%b6.txt", nil, "unknown"}, // Next.js compares bytes
		{"/_next/static/chunks/a.js", nil, "static"},
		{"/ruled-assets/_next/static/chunks/a.js", nil, "static"},
		{"/ruled-assets/_next/static/chunks/b.js", nil, "unknown"},
		{"/_next/image?url=%2Fa.jpg&w=640&q=75", nil, "image"},
		{"/ruled-assets/_next/image", nil, "middleware"}, // where Next.js runs none,

		{"/about/", nil, "redirect 308 /about"},
		{"/about/?x=1", nil, "rule"}, // the redirect carries the query along
		{"/a%20b/", nil, "redirect 308 /a%20b"},
		{"/literal", nil, "redirect 308 /about"},
		{"/LITERAL", nil, "redirect 308 /about"},
		{"/literal?x=1", nil, "rule"},
		{"/old/shoe", nil, "redirect 307 /items/shoe"},
		{"/old/guarded", nil, "redirect 307 /items/guarded"}, // redirects come before the middleware
		{"/old/a+b", nil, "rule"},
		{"/swap/a/12", nil, "redirect 307 /12/x/a"},
		{"/swap/a/x", nil, "unknown"},
		{"/tree/a/b", nil, "redirect 301 /forest/a/b"},
		{"/tree", nil, "redirect 301 /forest"},
		{"/query", nil, "redirect 307 /about?from=query"},
		{"/ext", nil, "redirect 307 https://example.com/there"},
		{"/extparam/x", nil, "rule"},
		{"/broken", nil, "rule"},

		{"/member", nil, "page"},
		{"/member", []string{"Cookie", "a=b; plan=team"}, "redirect 307 /about"},
		{"/member", []string{"Cookie", "plan=free"}, "page"},
		{"/member", []string{"Cookie", "plan=%70ro"}, "rule"},
		{"/member", []string{"Cookie", "plan=free; plan=pro"}, "rule"},
		{"/guest", nil, "redirect 307 /about"},
		{"/guest", []string{"X-User", "runa"}, "page"},
		{"/secure", nil, "rule"}, // the proxy sets X-Forwarded-Proto later
		{"/onhost", nil, "page"},

		{"/private", nil, "middleware"},
		{"/private/a/b", nil, "middleware"},
		{"/priv%61te", nil, "middleware"},
		{"/private.txt", nil, "middleware"},
		{"/private%2Etxt", nil, "middleware"},
		{"/_next/data/build-1/about.json", nil, "unknown"},
		{"/_next/data/build-1/private.json", nil, "middleware"},
		{"/_next/data/build-2/about.json", nil, "middleware"},
		{"//private", nil, "spelling"},
		{"/./private", nil, "spelling"},

		{"/shadowed.txt", nil, "page"},
		{"/late", nil, "page"},
		{"/fall/x", nil, "page"},
		{"/fall/x/y", nil, "unknown"},
		{"/gallery/1", nil, "page"},
		{"/gallery/1", []string{"Next-Url", "/gallery"}, "page"},
		{"/gallery/1", []string{"Next-Url", "/elsewhere"}, "page"},

		{"/policy", nil, "page"},
		{"/named/x", nil, "rule"},
		{"/asked", nil, "page"},
	} {
		verdict := verdictOf(ruleSet, http.MethodGet, c.target, c.headers...)
		got := verdict.String()
		if verdict.Location != "" {
			got = fmt.Sprintf("%s %d %s", got, verdict.Status, verdict.Location)
		}
		assert.Equal(t, c.want, got, "%s %v", c.target, c.headers)
	}
	assert.Equal(t, "method", verdictOf(ruleSet, http.MethodPost, "/about").String())
	assert.True(t, verdictOf(ruleSet, http.MethodHead, "/about").Edge())
	assert.Equal(t, "no-build", verdictOf(nil, http.MethodGet, "/about").String())
}

func TestAVerdictBringsHeadersAndWhereTheAnswerIs(t *testing.T) {
	ruleSet := ruled(t)
	file := verdictOf(ruleSet, http.MethodGet, "/a.txt")
	assert.Equal(t, []nextbuild.Header{{Key: "X-A", Value: "1"}}, file.Headers)
	assert.Equal(t, "/a.txt", file.Path)
	assert.Equal(t, "/_next/static/chunks/a.js", verdictOf(ruleSet, http.MethodGet, "/ruled-assets/_next/static/chunks/a.js").Path)
	page := verdictOf(ruleSet, http.MethodGet, "/items/one")
	assert.Equal(t, "/items/one", page.Path)
	assert.Equal(t, "/items/[slug]", page.Page)
	assert.Equal(t, "/about", verdictOf(ruleSet, http.MethodGet, "/shadowed.txt").Path)
	assert.Equal(t, []nextbuild.Header{{Key: "X-Q", Value: "yes"}}, verdictOf(ruleSet, http.MethodGet, "/asked?q=1").Headers)
	assert.Empty(t, verdictOf(ruleSet, http.MethodGet, "/asked?p=1").Headers)
	assert.Equal(t, "img-src https://img.example", verdictOf(ruleSet, http.MethodGet, "/policy").Headers[0].Value)
}

func TestVerdictsOfAnApplicationWithLocales(t *testing.T) {
	ruleSet := NewSet(readBuild(t, buildtest.Build{
		Config: object{"basePath": "/shop", "i18n": object{"locales": []string{"en", "de"}, "defaultLocale": "en"}},
		Routes: object{
			"redirects": []object{
				{"source": "/shop/", "destination": "/shop", "internal": true, "statusCode": 308, "regex": "^/shop/$"},
				{"source": "/:path+/", "destination": "/:path+", "internal": true, "statusCode": 308, "regex": `^(?:/((?:[^/]+?)(?:/(?:[^/]+?))*))/$`},
				{"source": "/shop/:nextInternalLocale(en|de)/old", "destination": "/shop/:nextInternalLocale/basket", "statusCode": 307, "regex": `^(?!/shop/_next)/shop(?:/(en|de))/old(?:/)?$`},
			},
			"dataRoutes":    []object{{"page": "/"}, {"page": "/basket"}, {"page": "/p/[id]"}},
			"dynamicRoutes": []object{{"page": "/p/[id]", "regex": `^/p/([^/]+?)(?:/)?$`}},
		},
		Pages:      map[string]string{"/": "", "/basket": "", "/p/[id]": "", "/api/stock": "", "/en/404": "", "/de/404": ""},
		Prerenders: object{"routes": object{"/de/p/gannet": object{"srcRoute": "/p/[id]", "dataRoute": "/_next/data/build-1/de/p/gannet.json"}}},
		Files:      map[string]string{"../public/a.txt": ""},
	}))
	for target, want := range map[string]string{
		"/shop": "locale", "/shop/": "locale", "/shop/de": "locale", "/shop/basket": "page", "/shop/de/basket": "page", "/shop/en/basket": "locale",
		"/shop/a.txt": "public", "/shop/de/a.txt": "unknown", "/shop/p/gannet": "page", "/shop/de/p/gannet": "page", "/shop/de/p/x": "page",
		"/shop/api/stock": "api", "/shop/de/api/stock": "unknown", "/shop/_next/image": "image",
		"/shop/_next/data/build-1/de/p/gannet.json": "data", "/shop/_next/data/build-1/p/gannet.json": "unknown", "/shop/_next/data/build-1/index.json": "unknown", "/shop/_next/data/build-1/en.json": "data",
		"/shop/_next/data/build-1/en/de/p/gannet.json": "unknown", "/shop/_next/data/build-1/en/index.json": "unknown", "/shop/_next/data/build-1/en/p/gannet.json": "data",
		"/shop/_next/data/build-2/p/gannet.json": "unknown", "/shop/_next/data/build-1/nowhere.json": "unknown", "/elsewhere": "unknown",
	} {
		assert.Equal(t, want, verdictOf(ruleSet, http.MethodGet, target).String(), target)
	}
	for target, want := range map[string]string{
		"/shop/basket/": "/shop/basket", "/shop/de/basket/": "/shop/de/basket", "/shop/old": "/shop/en/basket", "/shop/de/old": "/shop/de/basket",
	} {
		assert.Equal(t, want, verdictOf(ruleSet, http.MethodGet, target).Location, target)
	}
}

func TestAKnownPathIsJudgedWithoutAllocation(t *testing.T) {
	ruleSet := ruled(t)
	r, m := httptest.NewRequest(http.MethodGet, "/_next/static/chunks/a.js", nil), targetOf("/_next/static/chunks/a.js")
	assert.Zero(t, testing.AllocsPerRun(100, func() { ruleSet.Verdict(r, m) }))
}

func BenchmarkVerdict(b *testing.B) {
	ruleSet := ruled(b)
	for name, path := range map[string]string{"known": "/_next/static/chunks/a.js", "unknown": "/items/some-item-that-the-build-does-not-know"} {
		b.Run(name, func(b *testing.B) {
			r, m := httptest.NewRequest(http.MethodGet, path, nil), targetOf(path)
			b.ReportAllocs()
			for b.Loop() {
				ruleSet.Verdict(r, m)
			}
		})
	}
}

// Whatever is asked, a path that the middleware guards is never answered by the edge.
func FuzzVerdict(f *testing.F) {
	ruleSet := ruled(f)
	for _, seed := range []string{"/private", "/priv%61te", "/private.txt", "/PRIVATE", "/old/guarded", "/private/../about", "/ruled-assets/_next/private", "/private%2f", "/%2e/private", "/private/"} {
		f.Add(seed, "")
		f.Add(seed, "x=1")
	}
	f.Fuzz(func(t *testing.T, path, query string) {
		if !strings.HasPrefix(path, "/") {
			return
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.RawQuery = query
		verdict := ruleSet.Verdict(r, targetOf(path))
		if !verdict.Edge() || verdict.Location != "" {
			return
		}
		for _, guarded := range []string{"/private", "/private.txt"} {
			if verdict.Path == guarded || strings.HasPrefix(verdict.Path, guarded+"/") {
				t.Errorf("%q is answered with %s", path, verdict.Path)
			}
		}
		if ruleSet.middlewareMatches(path) {
			t.Errorf("%q is matched by the middleware and answered all the same", path)
		}
	})
}
