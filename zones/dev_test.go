package zones

import (
	"crypto/tls"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// devRequest is a request to a zone under `next dev`.
func devRequest(secure bool, host, path string, headers ...string) *http.Request {
	r := request("GET "+path, headers...)
	r.Host = host
	if secure {
		r.TLS = new(tls.ConnectionState)
	}
	return r
}

func TestTheOriginCheckOfNextDevPassesForTheSiteAlone(t *testing.T) {
	any, limited := &Zone{Dev: true}, &Zone{Dev: true, Hosts: []string{"app.lan"}}
	const https, http = true, false
	for _, c := range []struct {
		zone   *Zone
		secure bool
		host   string
		origin string
		own    bool
	}{
		{any, https, "app.lan", "https://app.lan", true},
		{any, https, "app.lan:443", "https://app.lan", true},
		{any, https, "app.lan", "https://app.lan:443", true},
		{any, https, "app.lan:8443", "https://app.lan:8443", true},
		{any, https, "App.lan:8443", "https://app.LAN:8443", true},
		// TLS ended before the edge.
		{any, http, "app.lan", "https://app.lan", true},
		{any, http, "localhost:8080", "http://localhost:8080", true},
		{any, http, "blog.localhost", "http://blog.localhost", true},
		{any, http, "192.168.1.7:8080", "http://192.168.1.7:8080", true},
		{any, http, "[::1]:8080", "http://[::1]:8080", true},
		{limited, http, "app.lan:8080", "http://app.lan:8080", true},

		// Anybody can have a name that means this machine.
		{any, http, "app.lan:8080", "http://app.lan:8080", false},
		{any, http, "localhost.evil.example", "http://localhost.evil.example", false},
		{any, https, "app.lan:8443", "https://app.lan", false},
		{any, https, "app.lan:8443", "https://app.lan:443", false},
		{any, https, "app.lan", "http://app.lan", false},
		{any, https, "app.lan", "https://evil.example", false},
		{any, https, "app.lan", "https://app.lan.evil.example", false},
		{any, https, "app.lan", "https://evil.example/app.lan", false},
		{any, https, "app.lan", "https://app.lan@evil.example", false},
		{any, https, "app.lan", "null", false},
		{any, https, "app.lan", "", false},
		{any, https, "app.lan", "app.lan", false},
		{any, https, "", "https://", false},
		{any, https, "app.lan", "ftp://app.lan", false},
		{limited, http, "app.lan", "http://evil.example", false},
	} {
		for _, path := range []string{"/_next/hmr", "/_next/webpack-hmr", "/__nextjs_original-stack-frames"} {
			r := devRequest(c.secure, c.host, path, "Origin: "+c.origin)
			CleanDevRequest(r, Match{Zone: c.zone, Path: path}, KindDev, false)
			want := c.origin
			if c.own {
				want = "http://localhost"
			}
			assert.Equal(t, []string{want}, r.Header["Origin"], "%s at %s", c.origin, c.host)
		}
	}
}

func TestWhatNextDevDoesNotCheckKeepsItsOrigin(t *testing.T) {
	for _, path := range []string{"/", "/blog", "/docs/_next/hmr", "/docs/__nextjs", "/_nextfile", "/api/_next", ""} {
		r := devRequest(true, "app.lan", "/", "Origin: https://app.lan")
		CleanDevRequest(r, Match{Zone: &Zone{Dev: true}, Path: path}, KindAction, false)
		assert.Equal(t, "https://app.lan", r.Header.Get("Origin"), path)
	}

	r := devRequest(true, "app.lan", "/_next/hmr", "Origin: https://app.lan", "Origin: https://evil.example")
	CleanDevRequest(r, Match{Zone: &Zone{Dev: true}, Path: "/_next/hmr"}, KindDev, false)
	assert.Equal(t, []string{"https://app.lan", "https://evil.example"}, r.Header["Origin"], "two are none")

	r = devRequest(true, "app.lan", "/_next/hmr")
	CleanDevRequest(r, Match{Zone: &Zone{Dev: true}, Path: "/_next/hmr"}, KindDev, false)
	assert.NotContains(t, r.Header, "Origin")
}

func TestTheOriginCheckReadsTheRefererOfWhatIsLoadedWithoutCORS(t *testing.T) {
	otherSite := []string{"Sec-Fetch-Mode: no-cors", "Sec-Fetch-Site: cross-site"}
	for _, c := range []struct {
		headers       []string
		referer, want string
	}{
		{otherSite, "https://app.lan/blog/a?b=c", "http://localhost/blog/a?b=c"},
		{otherSite, "https://app.lan", "http://localhost/"},
		{otherSite, "https://evil.example/app.lan", "https://evil.example/app.lan"},
		{otherSite, "https://app.lan@evil.example/", "https://app.lan@evil.example/"},
		{otherSite, "::", "::"},
		{[]string{"Sec-Fetch-Mode: no-cors", "Sec-Fetch-Site: same-origin"}, "https://app.lan/a", "https://app.lan/a"},
		{[]string{"Sec-Fetch-Mode: cors", "Sec-Fetch-Site: cross-site"}, "https://app.lan/a", "https://app.lan/a"},
		{nil, "https://app.lan/a", "https://app.lan/a"},
	} {
		r := devRequest(true, "app.lan", "/_next/static/a.js", append([]string{"Referer: " + c.referer}, c.headers...)...)
		CleanDevRequest(r, Match{Zone: &Zone{Dev: true}, Path: "/_next/static/a.js"}, KindStatic, false)
		assert.Equal(t, c.want, r.Header.Get("Referer"), c.referer)
	}
}

func TestNextDevGetsTheIDsOfItsRequests(t *testing.T) {
	ids := http.Header{"X-Nextjs-Request-Id": {"a"}, "X-Nextjs-Html-Request-Id": {"b"}}
	r := devRequest(true, "app.lan", "/a", "X-Nextjs-Request-Id: a", "X-Nextjs-Html-Request-Id: b", "X-Nextjs-Cache: c", "X-Middleware-Subrequest: d")
	CleanDevRequest(r, Match{Zone: &Zone{Dev: true}, Path: "/a"}, KindDocument, false)
	assert.Equal(t, ids, r.Header)
}

func TestNothingThatNextDevMayServeIsRefused(t *testing.T) {
	for path, dev := range map[string]bool{"/sheet.rsc": true, "/a.segments/b": true} {
		r := request("GET " + path)
		assert.Equal(t, KindRefused, KindOf(r, Match{Zone: new(Zone), Path: path, Target: rules.Target{AsWritten: true}}))
		assert.Equal(t, KindDocument, KindOf(r, Match{Zone: &Zone{Dev: dev}, Path: path, Target: rules.Target{AsWritten: true}}))
	}
	r := request("GET /")
	r.URL.Scheme, r.URL.Host = "http", "evil.example"
	assert.Equal(t, KindRefused, KindOf(r, Match{Zone: &Zone{Dev: true}, Path: "/"}), "the edge is no forward proxy in development either")
}

// The overlay and the dev tools ask at the root of the site, whatever the basePath of their page is.
func TestDevEndpointsAtTheRootBelongToTheZoneOfThePage(t *testing.T) {
	root, other := &Zone{Name: "root", Paths: []string{"/"}, Dev: true}, &Zone{Name: "shop", Paths: []string{"/shop"}}
	blog := &Zone{Name: "blog", Paths: []string{"/blog", "/blog-assets"}, Dev: true}
	for _, c := range []struct {
		list          []*Zone
		path, referer string
		zone          string // empty: 404
		below         string
	}{
		{[]*Zone{root, blog, other}, "/__nextjs_original-stack-frames", "/blog/a", "blog", "/__nextjs_original-stack-frames"},
		{[]*Zone{root, blog, other}, "/__nextjs_font/a.woff2", "/blog-assets/_next/static/a.css", "blog", "/__nextjs_font/a.woff2"},
		{[]*Zone{root, blog, other}, "/_next/image", "/blog", "blog", "/_next/image"},
		{[]*Zone{root, blog, other}, "/_next/data/development/blog.json", "/blog", "blog", "/_next/data/development/blog.json"},
		{[]*Zone{root, blog, other}, "/_next/static/a.js", "/blog", "root", "/_next/static/a.js"},
		{[]*Zone{root, blog, other}, "/_nextfile", "/blog", "root", "/_nextfile"},
		{[]*Zone{root, blog, other}, "/about", "/blog", "root", "/about"},
		{[]*Zone{root, blog, other}, "/__nextjs_font/a.woff2", "/about", "root", "/__nextjs_font/a.woff2"},
		{[]*Zone{root, blog, other}, "/__nextjs_font/a.woff2", "", "root", "/__nextjs_font/a.woff2"},
		// The shop is no dev server, and asks for nothing of that kind.
		{[]*Zone{root, blog, other}, "/__nextjs_font/a.woff2", "/shop/a", "root", "/__nextjs_font/a.woff2"},
		// What stands below a path is told by it.
		{[]*Zone{root, blog, other}, "/shop/__nextjs_font/a.woff2", "/blog", "shop", "/__nextjs_font/a.woff2"},
		{[]*Zone{root, blog, other}, "/blog-assets/_next/hmr", "/about", "blog", "/_next/hmr"},
		// A site that nobody holds the root of.
		{[]*Zone{blog, other}, "/__nextjs_original-stack-frames", "/blog", "blog", "/__nextjs_original-stack-frames"},
		{[]*Zone{blog, other}, "/__nextjs_original-stack-frames", "/shop", "", ""},
		{[]*Zone{blog, other}, "/about", "/blog", "", ""},
	} {
		table := tableOf(t, c.list...)
		r := devRequest(true, "app.lan", c.path)
		if c.referer != "" {
			r.Header.Set("Referer", "https://app.lan"+c.referer)
		}
		m, ok := table.FindRequest(r)
		require.Equal(t, c.zone != "", ok, "%s from %s", c.path, c.referer)
		if ok {
			assert.Equal(t, c.zone, m.Zone.Name, "%s from %s", c.path, c.referer)
			assert.Equal(t, c.below, m.Path)
			assert.True(t, m.AsWritten)
		}
	}

	r := devRequest(true, "app.lan", "/__nextjs_font/a.woff2", "Referer: https://evil.example/blog")
	m, ok := tableOf(t, root, blog).FindRequest(r)
	require.True(t, ok)
	assert.Equal(t, "root", m.Zone.Name, "a page of another site says nothing of the zone")
}
