package caddymodule

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

func TestFilesOfABuildCanOnlyBeRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".next")
	buildtest.Write(t, dir, buildtest.Build{
		Files: map[string]string{"static/chunks/a.js": "a", "../public/b.txt": "b", "../public/guarded.txt": "c"},
		Routes: buildtest.JSON{"headers": []buildtest.JSON{{
			"source": "/b.txt", "regex": `^/b\.txt(?:/)?$`,
			"headers": []buildtest.JSON{{"key": "X-File", "value": "b"}, {"key": "Cache-Control", "value": "public, max-age=600"}},
		}}},
		Middleware: buildtest.JSON{"middleware": buildtest.JSON{"/": buildtest.JSON{"matchers": []buildtest.JSON{{"regexp": `^/guarded\.txt$`}}}}},
	})
	zone := func(more string) string {
		return fmt.Sprintf("nextjs {\n zone / %s {\n build %s\n }\n%s\n}", edgetest.Named(t, "next"), dir, more)
	}
	e := edgetest.Serve(t, zone(""))
	for _, path := range []string{"/_next/static/chunks/a.js", "/b.txt", "/b.txt?a=b"} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			res := e.Ask(t, method, path)
			assert.Equal(t, http.StatusMethodNotAllowed, res.StatusCode, "%s %s", method, path)
			assert.Equal(t, "GET, HEAD", res.Header.Get("Allow"))
			assert.Equal(t, []string{"no-store"}, cacheControl(res))
			assert.Equal(t, strings.HasPrefix(path, "/b"), res.Header.Get("X-File") == "b", "headers() of the build")
		}
	}
	for _, path := range []string{"/_next/static/chunks/a.js", "/b.txt", "/b.txt?a=b"} {
		preflight := []string{"Origin", "https://a.example", "Access-Control-Request-Method", "GET"}
		res := e.Ask(t, http.MethodOptions, path, preflight...)
		assert.Equal(t, http.StatusNoContent, res.StatusCode, path)
		assert.Equal(t, "GET, HEAD, OPTIONS", res.Header.Get("Allow"))
		assert.Equal(t, strings.HasPrefix(path, "/b"), res.Header.Get("X-File") == "b", "headers() of the build")
		assert.Empty(t, res.Header["Access-Control-Allow-Origin"], "the site allows nothing to others by itself")
		assert.Empty(t, res.Header["Access-Control-Allow-Methods"])
	}
	for _, asked := range [][]string{
		{http.MethodOptions, "/guarded.txt"},
		{http.MethodOptions, "/c.txt"},
		{http.MethodOptions, "/"},
		{http.MethodOptions, "/b.txt", "RSC", "1"},
		{http.MethodOptions, "//b.txt"},
		{http.MethodPost, "/guarded.txt"},
		{http.MethodPost, "/c.txt"},
		{http.MethodPost, "/"},
		{http.MethodPost, "/b.txt", "RSC", "1"},
		{http.MethodPost, "//b.txt"},
	} {
		assert.Equal(t, http.StatusOK, e.Ask(t, asked[0], asked[1], asked[2:]...).StatusCode, "%q is Next.js's", asked)
	}
	e = edgetest.Serve(t, zone("static off"))
	assert.Equal(t, http.StatusOK, e.Ask(t, http.MethodPost, "/b.txt").StatusCode)
	assert.Equal(t, http.StatusOK, e.Ask(t, http.MethodOptions, "/b.txt").StatusCode)
	e = edgetest.Serve(t, zone("repair {\n image_methods off\n}"))
	assert.Equal(t, http.StatusMethodNotAllowed, e.Ask(t, http.MethodPost, "/b.txt").StatusCode)
	assert.Equal(t, http.StatusOK, e.Ask(t, http.MethodOptions, "/b.txt").StatusCode)
}

func TestNobodyKeepsThatThereIsNothing(t *testing.T) {
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone /blog %s\n}", edgetest.Named(t, "blog")))
	res := e.Ask(t, http.MethodGet, "/other")
	assert.Equal(t, http.StatusNotFound, res.StatusCode)
	assert.Equal(t, []string{"no-store"}, cacheControl(res))
}
