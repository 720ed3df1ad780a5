package rules

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

func TestPageOfData(t *testing.T) {
	plain := NewSet(readBuild(t, buildtest.Build{Pages: map[string]string{"/": "", "/a": ""}}))
	shop := NewSet(readBuild(t, buildtest.Build{
		Config: object{"basePath": "/shop", "trailingSlash": true, "i18n": object{"locales": []string{"en", "de"}, "defaultLocale": "en"}},
		Pages:  map[string]string{"/": "", "/a": "", "/en/404": "", "/de/404": ""},
	}))
	for _, c := range []struct {
		ruleSet    *Set
		path, page string
	}{
		{plain, "/_next/data/build-1/a.json", "/a"},
		{plain, "/_next/data/build-1/index.json", "/"},
		{plain, "/_next/data/build-1/index/index.json", "/index"},
		{plain, "/_next/data/build-1/en/a.json", "/en/a"},
		{plain, "/_next/data/build-2/a.json", ""},
		{plain, "/_next/data/build-1/a", ""},
		{plain, "/_next/data/build-1.json", ""},
		{plain, "/a", ""},
		{shop, "/shop/_next/data/build-1/en/a.json", "/shop/a/"},
		{shop, "/shop/_next/data/build-1/de/a.json", "/shop/de/a/"},
		{shop, "/shop/_next/data/build-1/en.json", "/shop/"},
		{shop, "/shop/_next/data/build-1/de.json", "/shop/de/"},
		{shop, "/shop/_next/data/build-1/en/.json", "/shop/"},
		{shop, "/shop/_next/data/build-1/index.json", ""},
		{shop, "/shop/_next/data/build-1/a.json", ""},
		{shop, "/shop/_next/data/build-1/en/index.json", ""},
		{shop, "/shop/_next/data/build-1/en/index/a.json", ""},
		{shop, "/shop/_next/data/build-1/fr/a.json", ""},
		{shop, "/shop/_next/data/build-1/en/de/a.json", ""},
		{shop, "/shop/_next/data/build-1/en/indexes.json", "/shop/indexes/"},
		{shop, "/_next/data/build-1/en/a.json", ""},
	} {
		page, ok := c.ruleSet.PageOfData(c.path)
		assert.Equal(t, c.page, page, c.path)
		assert.Equal(t, c.page != "", ok, c.path)
	}
}

// An application with middleware is asked for data by all of its rules with the path of the page, with its locale.
func TestVerdictsOfDataBehindMiddleware(t *testing.T) {
	condition := func(kind, key string) object { return object{"type": kind, "key": key} }
	write := func(version string, config, middleware object) *Set {
		slash := object{"source": "/:path+/", "destination": "/:path+", "internal": true, "statusCode": 308, "regex": `^(?:/((?:[^/]+?)(?:/(?:[^/]+?))*))/$`}
		if config["trailingSlash"] == true {
			slash = object{
				"source": "/:notfile((?!\\.well-known(?:/.*)?)(?:[^/]+/)*[^/\\.]+)", "destination": "/:notfile/", "internal": true, "statusCode": 308,
				"regex": `^(?:/((?!\.well-known(?:/.*)?)(?:[^/]+/)*[^/\.]+))$`,
			}
		}
		dir := filepath.Join(t.TempDir(), ".next")
		buildtest.Write(t, dir, buildtest.Build{
			Config: config,
			Routes: object{
				"dataRoutes":    []object{{"page": "/"}, {"page": "/a"}, {"page": "/guarded"}, {"page": "/p/[id]"}, {"page": "/moved"}, {"page": "/asked"}},
				"dynamicRoutes": []object{{"page": "/p/[id]", "regex": `^/p/([^/]+?)(?:/)?$`}},
				"redirects": []object{
					slash, {"source": "/moved", "destination": "/a", "statusCode": 307, "regex": `^(?:/[^/]+)*/moved(?:/)?$`},
				},
				"headers": []object{
					{"source": "/asked", "has": []any{condition("query", "q")}, "headers": []object{{"key": "X-Q", "value": "yes"}}, "regex": `^(?:/[^/]+)*/asked(?:/)?$`},
					{"source": "/a", "headers": []object{{"key": "X-A", "value": "1"}}, "regex": `^(?:/[^/]+)*/a(?:/)?$`},
				},
				"rewrites": object{
					"beforeFiles": []object{{"source": "/before", "destination": "/a", "regex": `^/before(?:/)?$`}},
					"afterFiles":  []object{{"source": "/alias/:id", "destination": "/p/:id", "regex": `^/alias/([^/]+?)(?:/)?$`}}, "fallback": []object{},
				},
			},
			Middleware: object{"middleware": object{"/": middleware}},
			Pages:      map[string]string{"/": "", "/a": "", "/guarded": "", "/p/[id]": "", "/moved": "", "/asked": "", "/still": "", "/404": "", "/en/404": "", "/de/404": ""},
			App:        map[string]string{"/app/page": "/app"},
			Prerenders: object{"dynamicRoutes": object{"/p/[id]": object{"fallback": nil}}},
			Files: map[string]string{
				"../public/a.txt": "", "../node_modules/next/package.json": `{"version": "` + version + `"}`,
				"server/middleware.js": "",
			},
		})
		build, err := nextbuild.Read(dir)
		require.NoError(t, err)
		return NewSet(build)
	}
	guarding := func(regexps ...string) object {
		var matchers []any
		for _, regexp := range regexps {
			matchers = append(matchers, object{"regexp": regexp})
		}
		return object{"matchers": matchers}
	}
	plain := write("16.4.5", object{}, guarding(`^(?:/(_next/data/[^/]{1,}))?/guarded(\.json)?[/#?]?$`))
	based := write("16.4.5", object{"basePath": "/shop"}, guarding(`^/shop/guarded$`))
	old := write("14.2.35", object{"basePath": "/shop"}, guarding(`^/shop/guarded$`))
	slashed := write("16.4.5", object{"trailingSlash": true}, guarding(`^/guarded/$`))
	skipping := write("16.4.5", object{"trailingSlash": true, "skipMiddlewareUrlNormalize": true}, guarding(`^/guarded/$`))
	i18n := object{"locales": []string{"en", "de"}, "defaultLocale": "en"}
	locales := write("16.4.5", object{"basePath": "/shop", "i18n": i18n}, guarding(`^/shop(?:/(en|de))/guarded$`, `^/shop/de/p/secret$`))
	domains := write("16.4.5", object{"i18n": object{"locales": []string{"en", "de"}, "defaultLocale": "en", "domains": []object{{"domain": "x.test", "defaultLocale": "de"}}}},
		guarding(`^/guarded$`))
	for _, c := range []struct {
		ruleSet     *Set
		path, query string
		want        string
	}{
		{plain, "/a", "", "data"},
		{plain, "/index", "", "data"},
		{plain, "/p/x", "", "data"},
		{plain, "/before", "", "data"},
		{plain, "/alias/x", "", "data"},
		{plain, "/asked", "", "data"},
		{plain, "/asked", "q=1", "data"},
		{plain, "/guarded", "", "middleware"},
		{plain, "/gu%61rded", "", "middleware"},
		{plain, "/moved", "", "rule"},
		{plain, "/still", "", "unknown"},
		{plain, "/app", "", "unknown"},
		{plain, "/a.txt", "", "unknown"},
		{plain, "/nowhere", "", "unknown"},
		{plain, "/a/", "", "middleware"},
		{based, "/a", "", "data"},
		{based, "/index", "", "data"},
		{based, "/guarded", "", "middleware"},
		{old, "/a", "", "data"},
		{old, "/index", "", "middleware"},
		{slashed, "/a", "", "data"},
		{slashed, "/guarded", "", "middleware"},
		{skipping, "/a", "", "middleware"},
		{locales, "/en/a", "", "data"},
		{locales, "/de/a", "", "data"},
		{locales, "/en", "", "data"},
		{locales, "/de", "", "data"},
		{locales, "/en/p/secret", "", "data"},
		{locales, "/de/p/secret", "", "middleware"},
		{locales, "/en/guarded", "", "middleware"},
		{locales, "/guarded", "", "middleware"},
		{locales, "/a", "", "middleware"},
		{domains, "/en/a", "", "middleware"},
	} {
		path := c.ruleSet.build.BasePath + "/_next/data/build-1" + c.path + ".json"
		r := request("GET " + path)
		r.URL.RawQuery = c.query
		verdict := c.ruleSet.Verdict(r, Target{Full: path, AsWritten: true})
		assert.Equal(t, c.want, verdict.String(), path)
	}
	of := func(path string) *Verdict {
		path = "/_next/data/build-1" + path + ".json"
		return plain.Verdict(request("GET "+path), Target{Full: path, AsWritten: true})
	}
	assert.Equal(t, []nextbuild.Header{{Key: "X-A", Value: "1"}}, of("/a").Headers)
	assert.Equal(t, "/_next/data/build-1/a.json", of("/before").Path)
	assert.Equal(t, "/_next/data/build-1/index.json", of("/index").Path)
	assert.Equal(t, "/p/[id]", of("/alias/x").Page)
	_, ok := plain.Prerendered(of("/alias/x"))
	assert.True(t, ok)
}
