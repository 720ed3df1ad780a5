//go:build e2e

package harness

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// CopyOf is an application of its own with a copy of a fixture's build: what one makes of its pages the other does not
// see.
func CopyOf(t *testing.T, f *Fixture) *App {
	t.Helper()
	standalone := filepath.Join(f.Dir, ".next", "standalone")
	dir, err := os.MkdirTemp(Scratch, "copy-")
	require.NoError(t, err)
	for _, folder := range []string{".next", "public"} {
		require.NoError(t, os.CopyFS(filepath.Join(dir, folder), os.DirFS(filepath.Join(standalone, folder))))
	}
	require.NoError(t, os.Symlink(filepath.Join(standalone, "node_modules"), filepath.Join(dir, "node_modules")))
	for _, name := range []string{"package.json", "server.js"} {
		require.NoError(t, CopyFile(filepath.Join(standalone, name), filepath.Join(dir, name)))
	}
	return &App{Zone: f.Zone, Dir: dir, Server: "server.js", Ready: f.Ready}
}

// WithManifests starts a copy of the application with manifests of its build that are changed, by their name below
// .next.
func WithManifests(t *testing.T, f *Fixture, change map[string]func(map[string]any)) *App {
	t.Helper()
	copied := CopyOf(t, f)
	for name, change := range change {
		var manifest map[string]any
		name = filepath.Join(copied.Dir, ".next", name)
		ReadJSON(t, name, &manifest)
		change(manifest)
		text, err := json.Marshal(manifest)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(name, text, 0o600))
	}
	copied.Serve(t)
	return copied
}

// CopyFile copies a file, readable and writable for its owner.
func CopyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600)
}

// ReadJSON reads a file of JSON.
func ReadJSON(t testing.TB, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, into))
}
