package rules

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
)

func TestAdviceOfBuilds(t *testing.T) {
	const (
		everything = `^/shop(?:/(_next/data/[^/]{1,}))?(?:/((?!api).*))(\.json)?[/#\?]?$` // "/((?!api).*)"
		start      = `^/shop(?:/(_next/data/[^/]{1,}))?(?:/(/?index|/?index\.json))?[/#\?]?$`
		private    = `^/shop/private$`
		localized  = `^/shop(?:/(_next/data/[^/]{1,}))?(?:/((?!_next/)[^/.]{1,}))(?:/((?!api).*))(\.json)?[/#\?]?$`
	)
	i18n := object{"locales": []string{"en", "de"}, "defaultLocale": "en"}
	for name, c := range map[string]struct {
		config   object
		matchers []string
		want     []string
	}{
		"everything but the start page": {object{"basePath": "/shop"}, []string{everything}, []string{"middleware_misses_root"}},
		"the start page too":            {object{"basePath": "/shop"}, []string{everything, start}, nil},
		"some pages":                    {object{"basePath": "/shop"}, []string{private}, nil},
		"trailingSlash":                 {object{"basePath": "/shop", "trailingSlash": true}, []string{everything}, nil},
		"no basePath":                   {object{"i18n": i18n}, []string{`^/.+$`}, nil},
		"no middleware":                 {object{"basePath": "/shop", "i18n": i18n}, nil, nil},
		"locales":                       {object{"basePath": "/shop", "i18n": i18n}, []string{localized}, []string{"middleware_misses_root", "middleware_sees_base_path"}},
		"one locale": {
			object{"basePath": "/shop", "i18n": object{"locales": []string{"en"}, "defaultLocale": "en"}}, []string{private}, nil,
		},
	} {
		var matchers []object
		for _, matcher := range c.matchers {
			matchers = append(matchers, object{"regexp": matcher})
		}
		b := buildtest.Build{Config: c.config, Pages: map[string]string{"/": "", "/404": "", "/en/404": "", "/de/404": ""}}
		if len(matchers) > 0 {
			b.Middleware = object{"middleware": object{"/": object{"matchers": matchers}}}
		}
		var names []string
		for _, advice := range NewSet(readBuild(t, b)).Advice() {
			names = append(names, advice.Name)
			assert.NotEmpty(t, advice.Remedy)
		}
		assert.Equal(t, c.want, names, name)
	}
	var none *Set
	assert.Empty(t, none.Advice())
}

func TestTheRewriteThatNextTakesForAnotherHosts(t *testing.T) {
	for _, c := range []struct {
		status   int
		rewrite  string
		typ      string
		upstream string
		want     bool
	}{
		{500, "https://localhost:3000/a", "", "127.0.0.1:3000", true},
		{500, "https://localhost:3000/a", "", "app:3000", true},
		{500, "https://[::1]:3000/a", "", "app:3000", true},
		{500, "https://localhost:3000/a", "text/html", "127.0.0.1:3000", false}, // the page failed
		{500, "https://localhost:3001/a", "", "127.0.0.1:3000", false},
		{500, "https://example.com/a", "", "127.0.0.1:3000", false},
		{500, "http://localhost:3000/a", "", "127.0.0.1:3000", false},
		{500, "/a", "", "127.0.0.1:3000", false},
		{500, "", "", "127.0.0.1:3000", false},
		{502, "https://localhost:3000/a", "", "127.0.0.1:3000", false},
		{200, "https://localhost:3000/a", "", "127.0.0.1:3000", false},
	} {
		h := http.Header{}
		if c.rewrite != "" {
			h.Set("X-Middleware-Rewrite", c.rewrite)
		}
		if c.typ != "" {
			h.Set("Content-Type", c.typ)
		}
		assert.Equal(t, c.want, IsRewriteOverTLS(c.status, h, c.upstream), "%+v", c)
	}
}

func TestOtherDeployment(t *testing.T) {
	with := NewSet(readBuild(t, buildtest.Build{Config: object{"deploymentId": "a"}}))
	without := NewSet(readBuild(t, buildtest.Build{}))
	for _, c := range []struct {
		ruleSet *Set
		said    string
		other   bool
	}{{with, "a", false}, {with, "", false}, {with, "b", true}, {without, "", false}, {without, "b", true}, {nil, "b", false}} {
		h := http.Header{}
		if c.said != "" {
			h.Set("X-Nextjs-Deployment-Id", c.said)
		}
		_, other := c.ruleSet.OtherDeployment(h)
		assert.Equal(t, c.other, other, "%+v", c.said)
	}
}
