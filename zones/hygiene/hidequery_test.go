package hygiene

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

func TestTheQueryThatNextIsShown(t *testing.T) {
	condition := func(kind, key string) object { return object{"type": kind, "key": key} }
	ruleSet := rules.NewSet(readBuild(t, buildtest.Build{
		App: map[string]string{
			"/about/page": "/about", "/items/[id]/page": "/items/[id]", "/search/page": "/search", "/part/page": "/part", "/parts/[id]/page": "/parts/[id]",
			"/feed/route": "/feed", "/guarded/page": "/guarded", "/old/page": "/old",
		},
		Pages: map[string]string{"/404": "pages/404.html", "/post/[id]": "pages/post/[id].js", "/ssr": "pages/ssr.js"},
		Prerenders: object{
			"routes": object{
				"/about": object{"dataRoute": "/about.rsc"}, "/part": object{"renderingMode": "PARTIALLY_STATIC"}, "/feed": object{}, "/guarded": object{}, "/old": object{},
			},
			"dynamicRoutes": object{"/items/[id]": object{"fallback": nil}, "/parts/[id]": object{"renderingMode": "PARTIALLY_STATIC"}, "/post/[id]": object{"fallback": false}},
		},
		Routes: object{
			"dynamicRoutes": []any{
				object{"page": "/items/[id]", "regex": "^/items/([^/]+?)(?:/)?$"},
				object{"page": "/parts/[id]", "regex": "^/parts/([^/]+?)(?:/)?$"},
				object{"page": "/post/[id]", "regex": "^/post/([^/]+?)(?:/)?$"},
			},
			"dataRoutes": []any{
				object{"page": "/post/[id]", "dataRouteRegex": "^/_next/data/build\\-1/post/([^/]+?)\\.json$"}, object{"page": "/ssr", "dataRouteRegex": "^/_next/data/build\\-1/ssr\\.json$"},
			},
			"redirects": []any{object{"source": "/old", "destination": "/about", "regex": "^/old(?:/)?$", "statusCode": 307}},
			"headers": []any{
				object{"source": "/about", "regex": "^/about(?:/)?$", "has": []any{condition("query", "who")}, "headers": []any{object{"key": "X-Who", "value": "yes"}}},
				object{"source": "/items/:id", "regex": "^/items/([^/]+?)(?:/)?$", "headers": []any{object{"key": "X-Id", "value": ":id"}}},
				object{"source": "/:any", "regex": "^/(search|guarded|old)(?:/)?$", "headers": []any{object{"key": "X-Id", "value": ":any"}}},
			},
			"rewrites": object{
				"beforeFiles": []any{object{"source": "/x", "destination": "/search", "regex": "^/x(?:/)?$", "missing": []any{condition("query", "a b")}}},
				"afterFiles":  []any{object{"source": "/alias", "destination": "/about", "regex": "^/alias(?:/)?$"}}, "fallback": []any{},
			},
		},
		Middleware: object{"middleware": object{"/": object{"matchers": []any{object{"regexp": "^/guarded$", "has": []any{condition("query", "pass")}}}}}},
	}))
	rsc := []string{"RSC: 1"}
	for _, c := range []struct {
		line    string
		headers []string
		want    string
	}{
		{"GET /about?token=s", nil, ""},
		{"HEAD /about?token=s", nil, ""},
		{"GET /about?token=s", []string{"Authorization: x", "Range: bytes=0-"}, ""},
		{"GET /about?token=s&_rsc=x&b", rsc, "_rsc=x"},
		{"GET /about?token=s&_rsc=x", nil, "_rsc=x"},
		{"GET /items/new?token=s", nil, ""},
		{"GET /alias?token=s", nil, ""},
		{"GET /feed?token=s", nil, ""},
		{"GET /post/1?token=s", nil, ""},
		{"GET /_next/data/build-1/post/1.json?token=s", nil, ""},
		{"GET /about?a=1&who=me&b=2&a+b=3&%77ho=you&&pass=1&Who=x", nil, "who=me&a+b=3&%77ho=you&pass=1"},
		{"GET /about?who=%zz&token=s", nil, "who=%zz"},
		{"GET /about", nil, ""},

		{"POST /about?token=s", nil, "token=s"},
		{"GET /about?token=s", []string{"Cookie: a=b; __prerender_bypass=x"}, "token=s"},
		{"GET /about?token=s", []string{"Cookie: __next_preview_data=x"}, "token=s"},
		{"GET /about?token=s", []string{"Cookie: next-instant-navigation-testing=1"}, "token=s"},
		{"GET /search?token=s", nil, "token=s"},
		{"GET /ssr?token=s", nil, "token=s"},
		{"GET /part?token=s", nil, "token=s"},
		{"GET /parts/1?token=s", nil, "token=s"},
		{"GET /guarded?token=s", nil, "token=s"},
		{"GET /old?token=s", nil, "token=s"},
		{"GET /nowhere?token=s", nil, "token=s"},
		{"GET /%61bout?token=s", nil, "token=s"},
	} {
		line, query, _ := strings.Cut(c.line, "?")
		r := request(line, c.headers...)
		r.URL.RawQuery = query
		path, asWritten := spelling.CanonicalPath(spelling.EscapedPath(r.URL))
		match := zones.Match{Path: path, Target: rules.Target{Full: path, AsWritten: asWritten}}
		assert.Equal(t, c.want, ShownQuery(r, ruleSet, ruleSet.Verdict(r, match.Target), zones.KindOf(r, match)), "%s %q", c.line, c.headers)
	}
	r := request("GET /about")
	r.URL.RawQuery = "token=s"
	var none *rules.Set
	assert.Equal(t, "token=s", ShownQuery(r, none, none.Verdict(r, rules.Target{}), zones.KindDocument))
	assert.Equal(t, "token=s", ShownQuery(r, ruleSet, verdictAt(ruleSet, "GET", "/about"), zones.KindUpgrade))
}

// A page that was complete in the build may have something left for each request when it is made anew, and then look at
// the query.
func TestThePageThatIsNoLongerComplete(t *testing.T) {
	partial := func(file object) object {
		file["renderingMode"] = "PARTIALLY_STATIC"
		return file
	}
	ruleSet := rules.NewSet(readBuild(t, buildtest.Build{
		App: map[string]string{"/a/page": "/a", "/b/page": "/b", "/c/page": "/c", "/feed/route": "/feed"},
		Prerenders: object{"routes": object{
			"/a": partial(object{"compute": "static"}), "/b": partial(object{"compute": "static"}), "/c": partial(object{}), "/feed": object{},
		}},
		Routes: object{"headers": []any{
			object{"source": "/:any", "regex": "^/(b)(?:/)?$", "headers": []any{object{"key": "X-Id", "value": ":any"}}},
		}},
	}))
	shown := func(path string) string {
		r := request("GET " + path)
		r.URL.RawQuery = "q=1"
		match := zones.Match{Path: path, Target: rules.Target{Full: path, AsWritten: true}}
		return ShownQuery(r, ruleSet, ruleSet.Verdict(r, match.Target), zones.KindDocument)
	}
	note := func(path, said string) {
		h := http.Header{}
		if said != "" {
			h.Set("X-Nextjs-Postponed", said)
		}
		ruleSet.NotePostponed(verdictAt(ruleSet, "GET", path), h)
	}
	for _, path := range []string{"/a", "/b", "/feed"} {
		assert.Empty(t, shown(path), path)
	}
	assert.Equal(t, "q=1", shown("/c"))
	note("/a", "")
	note("/a", "2")
	note("/feed", "1")
	note("/nowhere", "1")
	for _, path := range []string{"/a", "/b", "/feed"} {
		assert.Empty(t, shown(path), path)
	}
	note("/a", "1")
	assert.Equal(t, "q=1", shown("/a"))
	assert.Empty(t, shown("/b"))
	note("/b", "1") // behind a rule of headers() that only Next.js can evaluate
	assert.Equal(t, "q=1", shown("/b"))
	var none *rules.Set
	none.NotePostponed(none.Verdict(request("GET /a"), rules.Target{}), http.Header{"X-Nextjs-Postponed": {"1"}})
}

// Data is a page's, and middleware that looks at any page may look at it.
func TestTheQueryOfData(t *testing.T) {
	ruleSet := rules.NewSet(readBuild(t, buildtest.Build{
		Pages:      map[string]string{"/404": "pages/404.html", "/post/[id]": "pages/post/[id].js", "/ssr": "pages/ssr.js", "/about": "pages/about.html"},
		Prerenders: object{"routes": object{"/about": object{"dataRoute": "/_next/data/build-1/about.json"}}, "dynamicRoutes": object{"/post/[id]": object{"fallback": false}}},
		Routes: object{
			"dynamicRoutes": []any{object{"page": "/post/[id]", "regex": "^/post/([^/]+?)(?:/)?$"}},
			"dataRoutes": []any{
				object{"page": "/post/[id]", "dataRouteRegex": "^/_next/data/build\\-1/post/([^/]+?)\\.json$"},
				object{"page": "/about", "dataRouteRegex": "^/_next/data/build\\-1/about\\.json$"},
				object{"page": "/ssr", "dataRouteRegex": "^/_next/data/build\\-1/ssr\\.json$"},
			},
		},
	}))
	for path, want := range map[string]string{"/post/1": "", "/about": "", "/ssr": "id=1&token=s", "/absent": "id=1&token=s"} {
		path = "/_next/data/build-1" + path + ".json"
		r := request("GET " + path)
		r.URL.RawQuery = "id=1&token=s"
		match := zones.Match{Path: path, Target: rules.Target{Full: path, AsWritten: true}}
		assert.Equal(t, want, ShownQuery(r, ruleSet, ruleSet.Verdict(r, match.Target), zones.KindOf(r, match)), path)
	}
}
