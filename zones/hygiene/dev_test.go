package hygiene

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

func TestTheOriginCheckOfNextDevPassesForTheSiteAlone(t *testing.T) {
	any, limited := &zones.Zone{Dev: true}, &zones.Zone{Dev: true, Hosts: []string{"app.lan"}}
	const https, http = true, false
	for _, c := range []struct {
		zone   *zones.Zone
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
			CleanDevRequest(r, zones.Match{Zone: c.zone, Path: path}, zones.KindDev, false)
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
		CleanDevRequest(r, zones.Match{Zone: &zones.Zone{Dev: true}, Path: path}, zones.KindAction, false)
		assert.Equal(t, "https://app.lan", r.Header.Get("Origin"), path)
	}

	r := devRequest(true, "app.lan", "/_next/hmr", "Origin: https://app.lan", "Origin: https://evil.example")
	CleanDevRequest(r, zones.Match{Zone: &zones.Zone{Dev: true}, Path: "/_next/hmr"}, zones.KindDev, false)
	assert.Equal(t, []string{"https://app.lan", "https://evil.example"}, r.Header["Origin"], "two are none")

	r = devRequest(true, "app.lan", "/_next/hmr")
	CleanDevRequest(r, zones.Match{Zone: &zones.Zone{Dev: true}, Path: "/_next/hmr"}, zones.KindDev, false)
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
		CleanDevRequest(r, zones.Match{Zone: &zones.Zone{Dev: true}, Path: "/_next/static/a.js"}, zones.KindStatic, false)
		assert.Equal(t, c.want, r.Header.Get("Referer"), c.referer)
	}
}

func TestNextDevGetsTheIDsOfItsRequests(t *testing.T) {
	ids := http.Header{"X-Nextjs-Request-Id": {"a"}, "X-Nextjs-Html-Request-Id": {"b"}}
	r := devRequest(true, "app.lan", "/a", "X-Nextjs-Request-Id: a", "X-Nextjs-Html-Request-Id: b", "X-Nextjs-Cache: c", "X-Middleware-Subrequest: d")
	CleanDevRequest(r, zones.Match{Zone: &zones.Zone{Dev: true}, Path: "/a"}, zones.KindDocument, false)
	assert.Equal(t, ids, r.Header)
}
