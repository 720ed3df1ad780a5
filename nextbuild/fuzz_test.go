package nextbuild

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
)

// fuzzManifest puts any bytes in place of a manifest: the build is read or refused, and nothing else happens.
func fuzzManifest(f *testing.F, name string, seeds ...string) {
	dir := filepath.Join(f.TempDir(), ".next")
	buildtest.Write(f, dir, buildtest.Build{
		App: map[string]string{"/a/page": "/a"}, Files: map[string]string{"static/a.js": "", "server/app/a.meta": "{}"},
		Prerenders: buildtest.JSON{"routes": buildtest.JSON{"/a": buildtest.JSON{"dataRoute": "/a.rsc"}}},
	})
	path := filepath.Join(dir, filepath.FromSlash(name))
	if whole, err := os.ReadFile(path); err == nil {
		f.Add(whole)
		f.Add(whole[:len(whole)/2])
	}
	for _, seed := range append(seeds, "", "null", "[]", `{"version": null}`, "{}") {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		require.NoError(t, os.WriteFile(path, data, 0o600))
		b, err := Read(dir)
		if err == nil && b == nil {
			t.Error("neither a build nor an error")
		}
		if err != nil && err.Error() == "" {
			t.Error("an error that says nothing")
		}
	})
}

func FuzzConfig(f *testing.F) {
	fuzzManifest(f, "required-server-files.json", `{"version": 1, "config": {"basePath": "/", "i18n": {"locales": [""], "defaultLocale": "x"}}}`)
}

func FuzzRoutes(f *testing.F) {
	fuzzManifest(f, "routes-manifest.json",
		`{"version": 3, "rewrites": [{"source": "/a", "regex": "(", "has": [{"type": "x", "value": "("}]}], "headers": [{"headers": null}], "dynamicRoutes": [{"page": "/a", "regex": "^(a+)+$"}]}`,
		`{"version": 3, "rewrites": 7, "redirects": [null], "dataRoutes": [{}]}`)
}

func FuzzPrerenders(f *testing.F) {
	fuzzManifest(f, "prerender-manifest.json",
		`{"version": 4, "preview": {"previewModeId": 1}, "routes": {"": {"initialRevalidateSeconds": 1e300}, "../..": {}}, "dynamicRoutes": {"/x": {"fallback": 7}}}`,
		`{"version": 4, "preview": {"previewModeId": ""}}`, `{"version": 4, "preview": {"previewModeId": "x"}, "routes": {"/a": {"initialRevalidateSeconds": "x"}}}`)
}

func FuzzMiddleware(f *testing.F) {
	fuzzManifest(f, "server/middleware-manifest.json", `{"version": 3, "middleware": {"/": {"matchers": [{"regexp": "(?<a>"}, null]}}}`)
}

func FuzzFunctions(f *testing.F) {
	fuzzManifest(f, "server/functions-config-manifest.json", `{"version": 1, "functions": {"/_middleware": {"matchers": [{}]}}}`)
}

func FuzzPages(f *testing.F) {
	fuzzManifest(f, "server/pages-manifest.json", `{"": "", "/[": "", "//": ""}`)
}

func FuzzAppPaths(f *testing.F) {
	fuzzManifest(f, "app-path-routes-manifest.json", `{"": "", "/x/route": "/(.)"}`)
}

func FuzzActions(f *testing.F) {
	fuzzManifest(f, "server/server-reference-manifest.json", `{"node": {"": null}, "edge": 1}`)
}

func FuzzBuildFiles(f *testing.F) {
	fuzzManifest(f, "build-manifest.json", `{"pages": {"/": ["static/../x", ""]}}`)
}

func FuzzMeta(f *testing.F) {
	fuzzManifest(f, "server/app/a.meta", `{"headers": {"x-next-cache-tags": 7}}`)
}
