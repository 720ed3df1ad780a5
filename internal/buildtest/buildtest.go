// Package buildtest writes build directories for tests of rules and errors, and for benchmarks. Builds as `next build`
// makes them are read by the end-to-end tests.
package buildtest

import (
	"encoding/json"
	"fmt"
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
	// Routes, Prerenders and Middleware are laid over routes-manifest.json, prerender-manifest.json and
	// middleware-manifest.json.
	Routes, Prerenders, Middleware JSON
	// Pages is pages-manifest.json, App app-path-routes-manifest.json.
	Pages, App map[string]string
	// Files are more files, by their path below the distDir ("../public/a.txt").
	Files map[string]string
}

// Write writes the build into dir, a distDir.
func Write(t testing.TB, dir string, b Build) {
	t.Helper()
	require.NoError(t, WriteTo(dir, b))
}

// WriteTo does the same outside of tests.
func WriteTo(dir string, b Build) error {
	if b.ID == "" {
		b.ID = "build-1"
	}
	if b.Pages == nil {
		b.Pages = map[string]string{"/404": "pages/404.html"}
	}
	manifests := map[string]any{
		"required-server-files.json":      JSON{"version": 1, "config": merged(JSON{"basePath": "", "assetPrefix": "", "distDir": filepath.Base(dir)}, b.Config)},
		"routes-manifest.json":            merged(JSON{"version": 3, "dynamicRoutes": []any{}, "staticRoutes": []any{}, "dataRoutes": []any{}}, b.Routes),
		"prerender-manifest.json":         merged(JSON{"version": 4, "preview": JSON{"previewModeId": PreviewID}}, b.Prerenders),
		"build-manifest.json":             JSON{},
		"server/pages-manifest.json":      b.Pages,
		"server/middleware-manifest.json": merged(JSON{"version": 3, "middleware": JSON{}}, b.Middleware),
	}
	if b.App != nil {
		manifests["app-path-routes-manifest.json"] = b.App
		manifests["server/app-paths-manifest.json"] = b.App
	}
	files := map[string]string{"BUILD_ID": b.ID}
	maps.Copy(files, b.Files)
	for name, value := range manifests {
		data, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("encoding %s: %w", name, err)
		}
		if _, given := files[name]; !given {
			files[name] = string(data)
		}
	}
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	return nil
}

func merged(base, over JSON) JSON {
	maps.Copy(base, over)
	return base
}
