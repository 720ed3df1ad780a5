package zones

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
)

// sharing returns zones that share a host: home has the rest, atlas and depot what their builds name. blog has a
// prefix.
func sharing(t *testing.T) []*Zone {
	home := NewClaims(readBuild(t, buildtest.Build{
		ID: "home-1", App: map[string]string{"/page": "/", "/about/page": "/about", "/[slug]/page": "/[slug]", "/robots.txt/route": "/robots.txt"},
		Routes: object{"dynamicRoutes": []object{{"page": "/[slug]", "regex": `^/([^/]+?)(?:/)?$`}}},
		Files:  map[string]string{"static/chunks/home.js": "", "../public/logo.svg": ""},
	}))
	atlas := NewClaims(readBuild(t, buildtest.Build{
		ID: "constant", Config: object{"assetPrefix": "/atlas-static"},
		App: map[string]string{
			"/page": "/", "/maps/page": "/maps", "/maps/[id]/page": "/maps/[id]", "/robots.txt/route": "/robots.txt", "/maps/feed/route": "/maps/feed",
			"/@modal/(.)maps/[id]/page": "/(.)maps/[id]",
		},
		Routes: object{"dynamicRoutes": []object{{"page": "/maps/[id]", "regex": `^/maps/([^/]+?)(?:/)?$`}}},
		Files:  map[string]string{"static/chunks/atlas.js": "", "static/constant/_buildManifest.js": "", "../public/logo.svg": "", "../public/globe.svg": ""},
	}))
	depot := NewClaims(readBuild(t, buildtest.Build{
		ID: "constant", Config: object{"i18n": object{"locales": []string{"en", "fr"}, "defaultLocale": "en"}},
		Pages: map[string]string{"/stock": "", "/stock/[id]": "", "/api/stock": "", "/en/404": ""},
		Routes: object{
			"dynamicRoutes": []object{{"page": "/stock/[id]", "regex": `^/stock/([^/]+?)(?:/)?$`}},
			"dataRoutes":    []object{{"page": "/stock"}, {"page": "/stock/[id]"}},
		},
		Files: map[string]string{"static/chunks/depot.js": "", "static/constant/_buildManifest.js": "", "../public/box.jpg": ""},
	}))
	return []*Zone{
		{Name: "home", Paths: []string{"/"}, Claims: home},
		{Name: "atlas", Paths: []string{"/atlas-static/_next"}, ByRoutes: true, Claims: atlas},
		{Name: "depot", ByRoutes: true, Claims: depot},
		{Name: "blog", Paths: []string{"/blog"}},
	}
}

func TestZonesThatShareAHostHaveWhatTheirBuildsName(t *testing.T) {
	table, err := NewTable(sharing(t))
	require.NoError(t, err)
	for _, c := range []struct{ target, referer, want string }{
		{"/", "", "home"},
		{"/about", "", "home"},
		{"/nowhere", "", "home"},
		{"/nowhere/at/all", "", "home"},
		{"/blog/maps", "", "blog"},
		{"/maps", "", "atlas"},
		{"/maps/", "", "atlas"},
		{"/maps/1", "", "atlas"},
		{"/maps/1/2", "", "home"},
		{"/maps/feed", "", "atlas"},
		{"/Maps", "", "home"},
		{"/(.)maps/1", "", "home"},
		{"/globe.svg", "", "atlas"},
		{"/logo.svg", "", "home"},   // both have one
		{"/robots.txt", "", "home"}, // every application has one
		{"/stock", "", "depot"},
		{"/fr/stock", "", "depot"},
		{"/de/stock", "", "home"},
		{"/fr/stock/7", "", "depot"},
		{"/api/stock", "", "depot"},

		{"/atlas-static/_next/static/chunks/atlas.js", "", "atlas"},
		{"/atlas-static/other", "", "home"},
		{"/_next/static/chunks/atlas.js", "", "atlas"},
		{"/_next/static/chunks/home.js", "", "home"},
		{"/_next/static/chunks/nobodys.js", "", "home"},
		{"/_next/static/constant/_buildManifest.js", "/stock", "depot"},
		{"/_next/static/constant/_buildManifest.js", "/maps", "atlas"},
		{"/_next/static/constant/_buildManifest.js", "/about", "atlas"}, // the first that has one

		{"/_next/data/home-1/about.json", "", "home"},
		{"/_next/data/constant/stock.json", "", "depot"},
		{"/_next/data/constant/fr/stock/7.json", "", "depot"},
		{"/_next/data/constant/maps/1.json", "", "atlas"},
		{"/_next/data/constant/nowhere.json", "", "home"},
		{"/_next/data/gone/stock.json", "", "home"},

		{"/_next/image?url=%2Fglobe.svg&w=64&q=75", "", "atlas"},
		{"/_next/image?w=64&q=75&url=%2Fbox.jpg", "/about", "depot"},
		{"/_next/image?url=%2Flogo.svg&w=64&q=75", "", "home"},
		{"/_next/image?url=%2Fatlas-static%2F_next%2Fstatic%2Fmedia%2Fa.jpg", "", "atlas"},
		{"/_next/image?url=%2F_next%2Fstatic%2Fchunks%2Fdepot.js", "", "depot"},
		{"/_next/image?url=%2Fblog%2Fa.jpg", "", "home"}, // its own /_next stands below /blog
		{"/_next/image?url=https%3A%2F%2Fimg.example%2Fa.jpg", "/maps", "atlas"},
		{"/_next/image?url=https%3A%2F%2Fimg.example%2Fa.jpg", "/blog", "home"},
		{"/_next/image?url=https%3A%2F%2Fimg.example%2Fa.jpg", "", "home"},
		{"/_next/image?url=%2F%2Fimg.example%2Fmaps", "", "home"},
		{"/_next/image", "/maps", "atlas"},
		{"/atlas-static/_next/hmr?id=1", "", "atlas"},
		{"/_next/hmr?id=1", "/stock", "depot"},
	} {
		r := httptest.NewRequest(http.MethodGet, "http://site.example"+c.target, nil)
		if c.referer != "" {
			r.Header.Set("Referer", "http://site.example"+c.referer)
		}
		m, ok := table.FindRequest(r)
		require.True(t, ok, c.target)
		assert.Equal(t, c.want, m.Zone.Name, "%s from %q", c.target, c.referer)
	}
	foreign := httptest.NewRequest(http.MethodGet, "http://site.example/_next/image", nil)
	foreign.Header.Set("Referer", "http://other.example/maps")
	m, _ := table.FindRequest(foreign)
	assert.Equal(t, "home", m.Zone.Name)
}

func TestZonesThatShareAHostWithoutARoot(t *testing.T) {
	table, err := NewTable(sharing(t)[1:])
	require.NoError(t, err)
	m, ok := table.Find("site.example", "/")
	require.True(t, ok)
	assert.Equal(t, "atlas", m.Zone.Name, "its build has a page there")
	_, ok = table.Find("site.example", "/nowhere")
	assert.False(t, ok)
	_, ok = table.Find("site.example", "/_next/static/chunks/nobodys.js")
	assert.False(t, ok)
	_, ok = table.Find("site.example", "/_next/data/gone/a.json")
	assert.False(t, ok)
}

func TestTwoBuildsThatNameOnePage(t *testing.T) {
	claims := func(page, regex string) *Claims {
		return NewClaims(readBuild(t, buildtest.Build{
			App: map[string]string{"/page": "/", page + "/page": page}, Routes: object{"dynamicRoutes": []object{{"page": page, "regex": regex}}},
			Files: map[string]string{"../public/favicon.ico": ""},
		}))
	}
	static, dynamic := claims("/about", "^/none$"), claims("/[slug]", "^/([^/]+?)$")
	for name, c := range map[string]struct {
		zones   []*Zone
		message string
	}{
		"the root's page":         {[]*Zone{{Name: "a", Paths: []string{"/"}, Claims: static}, {Name: "b", ByRoutes: true, Claims: static}}, "zones a and b both have a page /about"},
		"two that share":          {[]*Zone{{Name: "a", ByRoutes: true, Claims: static}, {Name: "b", ByRoutes: true, Claims: static}}, "zones a and b both have a page /about"},
		"a route with parameters": {[]*Zone{{Name: "a", Paths: []string{"/"}, Claims: dynamic}, {Name: "b", ByRoutes: true, Claims: dynamic}}, "zones a and b both have a page /[slug]"},
		"on one host": {
			[]*Zone{{Name: "a", Paths: []string{"/"}, Hosts: []string{"x.example"}, Claims: static}, {Name: "b", ByRoutes: true, Hosts: []string{"x.example"}, Claims: static}},
			"zones a and b both have a page /about on host x.example",
		},
		"nothing to go by": {[]*Zone{{Name: "a", ByRoutes: true}}, "zone a: it has neither a path nor a build that says one"},
	} {
		_, err := NewTable(c.zones)
		assert.ErrorContains(t, err, c.message, name)
	}
	_, err := NewTable([]*Zone{{Name: "a", Paths: []string{"/"}, Claims: static}, {Name: "b", ByRoutes: true, Claims: dynamic}})
	assert.NoError(t, err)
}
