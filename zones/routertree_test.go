package zones

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
)

func TestRouteOfTree(t *testing.T) {
	for tree, want := range map[string]string{
		`["",{"children":["__PAGE__",{}]},null,null,true]`:                                                       "/",
		`["",{"children":["about",{"children":["__PAGE__",{}]}]},null,null,true]`:                                "/about",
		`["",{"children":["(site)",{"children":["open",{"children":["__PAGE__?{\"a\":\"1\"}",{}]}]}]}]`:          "/open",
		`["",{"children":["items",{"children":[["slug","one","d"],{"children":["__PAGE__",{}]}]}]}]`:             "/items/[slug]",
		`["",{"children":["docs",{"children":[["rest","a/b","c",null],{"children":["__PAGE__",{}]}]}]}]`:         "/docs/[...rest]",
		`["",{"children":["opt",{"children":[["opt","","oc"],{"children":["__PAGE__",{}]}]}]}]`:                  "/opt/[[...opt]]",
		`["",{"modal":["__DEFAULT__",{}],"children":["a",{"children":["__PAGE__",{}],"side":["__PAGE__",{}]}]}]`: "/a",
		`["",{"children":["/_not-found",{"children":["__PAGE__",{}]}]}]`:                                         "",
		`["",{"children":["__DEFAULT__",{}]}]`:                                                                   "",
		`["",{"children":["gallery",{"children":[["id","1","di(.)"],{"children":["__PAGE__",{}]}]}]}]`:           "",
		`["",{"children":["(.)photo",{"children":["__PAGE__",{}]}]}]`:                                            "",
		`["",{"modal":["__PAGE__",{}]}]`:                                                                         "",
		`["",{}]`:                                                                                                "",
		`["",{"children":["a"]}]`:                                                                                "",
		`{}`:                                                                                                     "",
		``:                                                                                                       "",
		strings.Repeat(`["a",{"children":`, 100) + `["__PAGE__",{}]` + strings.Repeat(`}]`, 100):                 "",
		`["",{"children":[["slug","one"],{"children":["__PAGE__",{}]}]}]`:                                        "",
	} {
		route, ok := routeOfTree(url.PathEscape(tree))
		assert.Equal(t, want != "", ok, tree)
		if ok {
			assert.Equal(t, want, route, tree)
		}
	}
	_, ok := routeOfTree("%zz")
	assert.False(t, ok)
}

// Where the Referer says nothing, the router tells of the page that it is at.
func TestLeavesByWhatTheRouterSends(t *testing.T) {
	claims := func(routes ...string) *Claims {
		app := map[string]string{"/_not-found/page": "/_not-found"}
		var dynamic []object
		for _, route := range routes {
			app[route+"/page"] = route
			if before, _, found := strings.Cut(route, "["); found {
				dynamic = append(dynamic, object{"page": route, "regex": "^" + before + "([^/]+?)(?:/)?$"})
			}
		}
		b := buildtest.Build{App: app}
		if dynamic != nil {
			b.Routes = object{"dynamicRoutes": dynamic}
		}
		return NewClaims(readBuild(t, b))
	}
	home := &Zone{Name: "home", Paths: []string{"/"}, Claims: claims("/", "/about", "/team/x", "/both")}
	blog := &Zone{Name: "blog", Paths: []string{"/blog"}, Claims: claims("/", "/[slug]", "/search", "/both")}
	dark := &Zone{Name: "dark", Paths: []string{"/dark"}}
	far := &Zone{Name: "far", Paths: []string{"/far"}, Hosts: []string{"far.test", "*.far.test"}, Claims: claims("/far-away/x")}
	twin := &Zone{Name: "twin", Paths: []string{"/twin"}, Claims: claims("/twins/x")}
	areOneApp(blog, twin)
	list := []*Zone{home, blog, dark, far, twin}
	crossings := NewCrossings(tableOf(t, list...), list)
	tree := func(folders ...string) string {
		return "Next-Router-State-Tree: " + url.PathEscape(`["",{"children":["`+strings.Join(folders, `",{"children":["`)+`",{"children":["__PAGE__",{}]}`+strings.Repeat("]}", len(folders))+"]")
	}
	for _, c := range []struct {
		host    string
		to      *Zone
		headers []string
		want    bool
	}{
		{"example.com", blog, []string{tree("about")}, true},
		{"example.com", blog, []string{tree("about"), "Referer: https://example.com/"}, true},
		{"example.com", home, []string{tree("search")}, true},
		{"example.com", home, []string{tree("search"), "Referer: https://example.com/"}, true},
		{"example.com", blog, []string{"Next-Url: /team/x"}, true},
		{"www.far.test", blog, []string{tree("far-away", "x")}, true},

		{"example.com", blog, nil, false},
		{"example.com", blog, []string{tree("search")}, false},
		{"example.com", blog, []string{tree("both")}, false},
		{"example.com", blog, []string{tree("unknown")}, false}, // of an earlier build, perhaps
		{"example.com", blog, []string{tree("about"), "Referer: https://example.com/blog/x"}, false},
		{"example.com", blog, []string{tree("about"), "Referer: https://elsewhere.test/"}, false},
		{"example.com", dark, []string{tree("about")}, false},
		{"example.com", blog, []string{tree("far-away", "x")}, false},
		{"example.com", blog, []string{tree("twins", "x")}, false},
		{"example.com", blog, []string{"Next-Url: /about"}, false}, // it may be a post
		{"example.com", blog, []string{"Next-Url: /"}, false},
		{"example.com", blog, []string{"Next-Url: /team/(.)x"}, false},
		{"example.com", home, []string{"Next-Url: /search"}, true},
	} {
		r := request("GET /x", c.headers...)
		r.Host = c.host
		assert.Equal(t, c.want, NewCrossings(tableOf(t, list...), list).FromOtherApp(r, KindRSC, c.to), "%s %q", c.to.Name, c.headers)
	}
	r := request("GET /blog/x", tree("about"))
	r.Host = "example.com"
	for kind, want := range map[Kind]bool{KindSegment: true, KindPrefetch: true, KindDocument: false, KindAction: false} {
		assert.Equal(t, want, crossings.FromOtherApp(r, kind, blog), kind.String())
	}
}
