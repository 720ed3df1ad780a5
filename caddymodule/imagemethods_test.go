package caddymodule

import (
	"fmt"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// Next.js makes a picture for any method. 200 stands for its answer.
func TestPicturesCanOnlyBeRead(t *testing.T) {
	dir := t.TempDir()
	build := func(name, matcher string) string {
		buildtest.Write(t, filepath.Join(dir, name), buildtest.Build{
			Routes: buildtest.JSON{"headers": []buildtest.JSON{{
				"source": "/_next/image", "regex": `^/_next/image(?:/)?$`, "headers": []buildtest.JSON{{"key": "X-Image", "value": "yes"}},
			}}},
			Middleware: buildtest.JSON{"middleware": buildtest.JSON{"/": buildtest.JSON{"matchers": []buildtest.JSON{{"regexp": matcher}}}}},
		})
		return "build " + filepath.Join(dir, name)
	}
	plain, guarded := build("plain", "^/other$"), build("guarded", "^/_next/image$")
	const image, off, allOff = "image {\n sizes 64\n}", "repair {\n image_methods off\n}", "repair off"
	for _, c := range []struct {
		name, zone, site       string
		options, post, unknown int
	}{
		{"with a build", plain, "", 204, 405, 405},
		{"with a build, behind middleware", guarded, "", 200, 200, 200},
		{"without a build", "", "", 204, 405, 405},
		{"without a build, made by the edge", image, "", 204, 405, 405},
		{"with a build, off", plain, off, 200, 405, 405},
		{"with a build, all off", plain, allOff, 200, 405, 405},
		{"without a build, off", "", off, 200, 200, 200},
		{"without a build, made by the edge, off", image, off, 200, 200, 200},
		{"pictures are of Next.js", "image off", "", 200, 200, 200},
		{"next dev", "dev", "", 200, 200, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n %s\n zone / %s {\n %s\n }\n}", c.site, edgetest.Named(t, "next"),
				c.zone), edgetest.State(t.TempDir()))
			count := func() float64 { return metric(t, "repairs_total", "root", "image_methods") }
			for method, want := range map[string]int{
				http.MethodOptions: c.options, http.MethodPost: c.post, http.MethodDelete: c.post, "BREW": c.unknown,
			} {
				before := count()
				res := e.Ask(t, method, "/_next/image?url=%2Fa.png&w=64&q=75")
				assert.Equal(t, want, res.StatusCode, method)
				allow := map[int]string{204: "GET, HEAD, OPTIONS", 405: "GET, HEAD"}[want]
				assert.Equal(t, allow, res.Header.Get("Allow"), method)
				assert.Equal(t, c.zone == plain && want != 200, res.Header.Get("X-Image") == "yes", "headers() of the build")
				counted := want != 200 && c.site == ""
				assert.Equal(t, counted, count() > before, method)
			}
			for _, path := range []string{"/_next/image/other", "/about", "/api/x", "/x/../_next/image"} {
				assert.Equal(t, http.StatusOK, e.Ask(t, http.MethodOptions, path).StatusCode, path)
			}
		})
	}
}

// Browsers ask before they use a file of another site with headers of their own.
func TestAnAssetHostAnswersPreflights(t *testing.T) {
	dir := t.TempDir()
	buildtest.Write(t, filepath.Join(dir, "web"), buildtest.Build{
		Config: buildtest.JSON{"assetPrefix": "https://assets.example.com"},
		Routes: buildtest.JSON{"headers": []buildtest.JSON{{
			"source": "/_next/static/media/own.js", "regex": `^/_next/static/media/own\.js$`,
			"headers": []buildtest.JSON{{"key": "Access-Control-Allow-Origin", "value": "https://a.example"}, {"key": "Access-Control-Max-Age", "value": "5"}},
		}}},
		Files: map[string]string{"static/chunks/web.js": "a", "static/media/own.js": "own"},
	})
	site := func(words string) *edgetest.Edge {
		return edgetest.Serve(t, fmt.Sprintf("nextjs {\n asset_host\n %s\n zone web localhost:1 {\n build %s/web\n queue off\n }\n zone /plain %s\n}", words, dir, edgetest.Named(t, "next")),
			edgetest.State(t.TempDir()))
	}
	e := site("")
	for path, want := range map[string]struct{ origin, age string }{
		"/_next/static/chunks/web.js": {"*", "86400"}, "/_next/static/media/own.js": {"https://a.example", "5"},
		"/plain/_next/static/chunks/p.js": {"*", "86400"},
	} {
		res := e.Ask(t, http.MethodOptions, path, "Origin", "https://a.example",
			"Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "x-one,x-two")
		assert.Equal(t, http.StatusNoContent, res.StatusCode, path)
		for name, value := range map[string]string{
			"Allow": "GET, HEAD, OPTIONS", "Access-Control-Allow-Origin": want.origin, "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
			"Access-Control-Allow-Headers": "x-one,x-two", "Access-Control-Max-Age": want.age, "Vary": "Access-Control-Request-Headers",
			"Cross-Origin-Resource-Policy": "cross-origin",
		} {
			assert.Equal(t, []string{value}, res.Header[name], "%s: %s", path, name)
		}
		// One that is no preflight says less.
		res = e.Ask(t, http.MethodOptions, path)
		assert.Equal(t, http.StatusNoContent, res.StatusCode, path)
		assert.Equal(t, want.origin, res.Header.Get("Access-Control-Allow-Origin"), path)
		for _, name := range []string{"Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Vary"} {
			assert.Empty(t, res.Header[name], "%s: %s", path, name)
		}
	}
	for _, path := range []string{"/", "/plain/about", "/_next/image?url=%2Fa.png&w=64&q=75"} {
		assert.Equal(t, http.StatusNotFound, e.Ask(t, http.MethodOptions, path, "Access-Control-Request-Method",
			"GET").StatusCode, path)
	}
	e = site("repair off")
	assert.Equal(t, http.StatusOK, e.Ask(t, http.MethodOptions, "/plain/_next/static/chunks/p.js").StatusCode)
	assert.Equal(t, http.StatusBadGateway, e.Ask(t, http.MethodOptions, "/_next/static/chunks/web.js").StatusCode,
		"Next.js is asked")
}
