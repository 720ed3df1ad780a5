// Package buildtest writes small build directories for tests of rules and errors. Builds as `next build` makes them are read by the
// end-to-end tests.
package buildtest

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// PreviewID is the preview id of the builds.
const PreviewID = "0123456789abcdef0123456789abcdef"

// JSON is a JSON object.
type JSON = map[string]any

// Build is what a test says of a build; the rest is what `next build` writes for an empty application.
type Build struct {
	ID     string
	Config JSON
	// Routes, Prerenders and Middleware are laid over routes-manifest.json, prerender-manifest.json and middleware-manifest.json.
	Routes, Prerenders, Middleware JSON
	// Pages is pages-manifest.json, App app-path-routes-manifest.json.
	Pages, App map[string]string
	// Files are more files, by their path below the distDir ("../public/a.txt").
	Files map[string]string
}

// Write writes the build into dir, a distDir.
func Write(t testing.TB, dir string, b Build) {
	t.Helper()
	if b.ID == "" {
		b.ID = "build-1"
	}
	if b.Pages == nil {
		b.Pages = map[string]string{"/404": "pages/404.html"}
	}
	writeFile(t, dir, "BUILD_ID", b.ID)
	writeJSON(t, dir, "required-server-files.json", JSON{"version": 1, "config": merged(JSON{"basePath": "", "assetPrefix": "", "distDir": filepath.Base(dir)}, b.Config)})
	writeJSON(t, dir, "routes-manifest.json", merged(JSON{"version": 3, "dynamicRoutes": []any{}, "staticRoutes": []any{}, "dataRoutes": []any{}}, b.Routes))
	writeJSON(t, dir, "prerender-manifest.json", merged(JSON{"version": 4, "preview": JSON{"previewModeId": PreviewID}}, b.Prerenders))
	writeJSON(t, dir, "build-manifest.json", JSON{})
	writeJSON(t, dir, "server/pages-manifest.json", b.Pages)
	writeJSON(t, dir, "server/middleware-manifest.json", merged(JSON{"version": 3, "middleware": JSON{}}, b.Middleware))
	if b.App != nil {
		writeJSON(t, dir, "app-path-routes-manifest.json", b.App)
		writeJSON(t, dir, "server/app-paths-manifest.json", b.App)
	}
	for name, content := range b.Files {
		writeFile(t, dir, name, content)
	}
}

func merged(base, over JSON) JSON {
	maps.Copy(base, over)
	return base
}

func writeJSON(t testing.TB, dir, name string, value any) {
	t.Helper()
	data, err := json.Marshal(value)
	require.NoError(t, err)
	writeFile(t, dir, name, string(data))
}

func writeFile(t testing.TB, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
}
