package rules

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
)

func TestEvasions(t *testing.T) {
	matchers := object{"middleware": object{"/": object{"matchers": []object{{"regexp": `^\/base\/private(?:\/.*)?$`}, {"regexp": `^\/base\/private.txt$`}}}}}
	build := readBuild(t, buildtest.Build{
		Config: object{"basePath": "/base", "assetPrefix": "/files", "i18n": object{"locales": []string{"en", "fr"}, "defaultLocale": "en"}},
		Pages:  map[string]string{"/private": "", "/open": ""}, Middleware: matchers, Files: map[string]string{"../public/private.txt": "", "static/a.js": ""},
	})
	ruleSet := NewSet(build)
	for target, evades := range map[string]bool{
		"/base/private": false, "/base/open": false, "/base/_next/static/a.js": false, "/base/_next/data/build-1/private.json": false,
		"/files/_next/static/a.js": false, "/files/_next/static/gone.js": false, "/files/_next/hmr": false, "/files/elsewhere": false,
		"/files/_next/data/build-1/private.json": true, "/files/_next/image": true, "/files/private.txt": true, "/files/open": true,
		"/base/fr/_next/data/build-1/private.json": true, "/base/FR/_next/image": true, "/base/fr/private": false, "/base/de/_next/data/x.json": false,
		"/base/private%2Fa": true, "/base/open%2Fa": false, "/base/private%2Etxt": true, "/base/%": false,
		"/base/_next/image?url=%2Fbase%2Fopen.jpg": false, "/base/_next/image?w=1&url=%2Fbase%2F%2570rivate.jpg": true,
		"/base/_next/image?url=%2Ffiles%2Fprivate.txt": true, "/base/_next/image?url=https%3A%2F%2Fexample.com%2F%2570": false,
		"/base/_next/image/?url=%2Fbase%2Ffr%2F_next%2Fdata%2Fx.json": true, "/base/_next/image?url=%2Fbase%2Fa%2520b.jpg%3Fv%3D%2541": false,
	} {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			u = &url.URL{Path: target, RawPath: target}
		}
		assert.Equal(t, evades, ruleSet.Evades(targetOf(spelling.EscapedPath(u)).Full, u.RawQuery), target)
	}
	build.NextVersion = "16.4.5"
	assert.False(t, ruleSet.Evades(targetOf("/base/private%2Fa").Full, ""), "Next.js 16 asks its middleware for the decoded path too")
	build.Middleware = nil
	assert.False(t, ruleSet.Evades(targetOf("/files/private.txt").Full, ""), "without middleware there is nothing to lead past")
	assert.False(t, (*Set)(nil).Evades(targetOf("/files/private.txt").Full, ""))
}
