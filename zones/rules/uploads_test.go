package rules

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
)

func TestUploadLimit(t *testing.T) {
	has := func(kind, key string) []object { return []object{{"type": kind, "key": key}} }
	build := func(version string, experimental object) *Set {
		return NewSet(readBuild(t, buildtest.Build{
			Config: object{"experimental": experimental},
			Files:  map[string]string{"diagnostics/framework.json": `{"version": "` + version + `"}`},
			App: map[string]string{
				"/api/[id]/route": "/api/[id]", "/api/fixed/route": "/api/fixed", "/free/route": "/free", "/alias/route": "/alias",
			},
			Routes: object{
				"dynamicRoutes": []object{{"page": "/api/[id]", "regex": "^/api/([^/]+?)(?:/)?$"}},
				"redirects": []object{
					{"source": "/moved", "destination": "/free", "statusCode": 307, "regex": "^/moved(?:/)?$"},
					{"source": "/asked", "has": has("query", "go"), "destination": "/free", "statusCode": 307, "regex": "^/asked(?:/)?$"},
				},
				"rewrites": object{
					"beforeFiles": []object{
						{"source": "/early", "destination": "https://other.test/", "regex": "^/early(?:/)?$"},
						{"source": "/when", "has": has("header", "x-when"), "destination": "https://other.test/", "regex": "^/when(?:/)?$"},
					},
					"afterFiles": []object{
						{"source": "/alias", "destination": "https://other.test/", "regex": "^/alias(?:/)?$"},
						{"source": "/to-api", "destination": "/api/x", "regex": "^/to-api(?:/)?$"},
						{"source": "/to/:p", "destination": "https://other.test/:p", "regex": "^/to/([^/]+?)(?:/)?$"},
					},
					"fallback": []object{{"source": "/:p*", "destination": "http://other.test/:p*", "regex": "^(?:/((?:[^/]+?)(?:/(?:[^/]+?))*))?(?:/)?$"}},
				},
			},
			Middleware: object{"middleware": object{"/": object{"matchers": []object{
				{"regexp": "^/(guarded|moved|asked)$"},
				{"regexp": "^/by-header$", "missing": has("header", "x-skip")},
				{"regexp": "^/by-agent$", "has": has("header", "user-agent")},
				{"regexp": "^/caf\u00e9$"},
			}}}},
		}))
	}
	fifteen := build("15.5.28", object{"proxyClientMaxBodySize": 100})
	sixteen := build("16.4.5", object{"proxyClientMaxBodySize": 100})
	for _, c := range []struct {
		line    string
		headers []string
		want    bool
	}{
		{"POST /guarded", nil, true},
		{"PUT /guarded", nil, true},
		{"OPTIONS /guarded", nil, true},
		{"POST /by-header", nil, true},
		{"POST /early", nil, true},
		{"POST /when", []string{"X-When: 1"}, true},
		{"POST /to/x", nil, true},
		{"POST /nowhere", nil, true},

		{"GET /guarded", nil, false},
		{"HEAD /guarded", nil, false},
		{"POST /moved", nil, false},
		{"POST /asked?go=1", nil, false},
		{"POST /asked", nil, true},
		{"POST /by-header", []string{"X-Skip: 1"}, true}, // by the fallback
		{"POST /by-agent", nil, false},                   // what the proxy changes on its way is not certain
		{"POST /caf%C3%A9", nil, false},                  // before 16 it is asked for the encoded path alone
		{"POST /free", nil, false},
		{"POST /api/x", nil, false},
		{"POST /api/fixed", nil, false},
		{"POST /alias", nil, false},
		{"POST /to-api", nil, false},
		{"POST //guarded", nil, false},
		{"POST /_next/data/build-1/guarded.json", nil, false},
	} {
		for _, length := range []int64{-1, 0, 100, 101} {
			line, query, _ := strings.Cut(c.line, "?")
			r := request(line, c.headers...)
			r.URL.RawQuery, r.ContentLength = query, length
			path, asWritten := spelling.CanonicalPath(r.URL.Path)
			m := Target{Full: path, AsWritten: asWritten}
			limit, setting := fifteen.UploadLimit(r, m)
			if c.want && (length < 0 || length > 100) {
				assert.Equal(t, int64(100), limit, "%s, %d bytes", c.line, length)
				assert.Equal(t, "experimental.proxyClientMaxBodySize", setting)
			} else {
				assert.Zero(t, limit, "%s, %d bytes", c.line, length)
			}
		}
	}
	r := request("POST /guarded")
	r.ContentLength = 1 << 30
	for _, c := range []struct {
		experimental object
		limit        int64
		setting      string
	}{
		{object{}, 0, ""},
		{object{"proxyClientMaxBodySize": nil}, 0, ""},
		{object{"proxyClientMaxBodySize": "10mb"}, 0, ""},
		{object{"proxyClientMaxBodySize": -1}, 0, ""},
		{object{"middlewareClientMaxBodySize": 10485760}, 10485760, "experimental.middlewareClientMaxBodySize"},
		{object{"middlewareClientMaxBodySize": 1, "proxyClientMaxBodySize": 2}, 2, "experimental.proxyClientMaxBodySize"},
	} {
		limit, setting := build("16.4.5", c.experimental).UploadLimit(r, Target{Full: "/guarded", AsWritten: true})
		assert.Equal(t, c.limit, limit, "%v", c.experimental)
		assert.Equal(t, c.setting, setting, "%v", c.experimental)
	}
	cafe := request("POST /caf%C3%A9")
	cafe.ContentLength = 101
	limit, _ := sixteen.UploadLimit(cafe, Target{Full: "/caf%C3%A9", AsWritten: true})
	assert.Equal(t, int64(100), limit, "16 asks its middleware for the decoded path too")
	var none *Set
	limit, _ = none.UploadLimit(r, Target{})
	assert.Zero(t, limit)
	small, m := request("POST /guarded"), Target{Full: "/guarded", AsWritten: true}
	small.ContentLength = 100
	assert.Zero(t, testing.AllocsPerRun(100, func() { sixteen.UploadLimit(small, m) }))
}
