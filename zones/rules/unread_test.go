package rules

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// unreadBuild is a build with a route for every path, a file, and folders that could not be read.
func unreadBuild(t testing.TB, unread ...string) *nextbuild.Build {
	t.Helper()
	build := readBuild(t, buildtest.Build{
		Config: object{"assetPrefix": "/assets"},
		App:    map[string]string{"/about/page": "/about", "/[...rest]/page": "/[...rest]"},
		Routes: object{
			"dynamicRoutes": []any{object{"page": "/[...rest]", "regex": "^/(.+?)(?:/)?$"}},
			"rewrites":      []any{object{"source": "/pictures", "destination": "/img/a.png", "regex": "^/pictures(?:/)?$"}},
		},
		Files:      map[string]string{"../public/a.txt": "a", "static/a.js": "a"},
		Middleware: object{"middleware": object{"/": object{"matchers": []any{object{"regexp": "^/img/private"}}}}},
	})
	for _, path := range unread {
		build.Unread = append(build.Unread, nextbuild.Unread{Path: path})
	}
	return build
}

// What may be a file in a folder that could not be read is Next.js's, and no page of the dynamic route.
func TestVerdictsOfFoldersThatCannotBeRead(t *testing.T) {
	for _, c := range []struct {
		unread []string
		want   map[string]string
	}{
		{nil, map[string]string{
			"/img/a.png": "page", "/pictures": "page", "/about": "page", "/x": "page", "/a.txt": "public",
			"/_next/static/a.js": "static",
		}},
		{[]string{"/img", "/_next/static/css"}, map[string]string{
			"/img/a.png": "unknown", "/img": "unknown", "/pictures": "unknown", "/_next/static/css/a.css": "unknown",
			"/images": "page", "/about": "page", "/a.txt": "public", "/_next/static/a.js": "static",
		}},
		{[]string{""}, map[string]string{
			"/img/a.png": "unknown", "/about": "page", "/x": "unknown", "/_next/static/a.js": "static",
			"/_next/image": "image",
		}},
	} {
		ruleSet := NewSet(unreadBuild(t, c.unread...))
		for path, want := range c.want {
			assert.Equal(t, want, verdictOf(ruleSet, "GET", path).String(), "%q: %s", c.unread, path)
		}
	}
}

// Next.js takes the assetPrefix off after it has asked the middleware: closed, also for files that are not known.
func TestMiddlewareGuardsFoldersThatCannotBeRead(t *testing.T) {
	evades := func(path string, unread ...string) bool {
		return NewSet(unreadBuild(t, unread...)).Evades(path, "")
	}
	assert.False(t, evades("/assets/img/private.png"), "there is no such file")
	assert.True(t, evades("/assets/img/private.png", "/img"))
	assert.True(t, evades("/assets/img/private.png", ""))
	assert.False(t, evades("/assets/about-us", "/img"))
	assert.False(t, evades("/img/a.png", "/img"))
}
