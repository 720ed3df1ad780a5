//go:build e2e

package browser_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

// slashed starts a copy of next16 whose server has the rules of trailingSlash, though its browser scripts do not know
// of it: each link of a page is redirected to the same path with a slash.
func slashed(t *testing.T) *harness.Fixture {
	t.Helper()
	standalone := filepath.Join(harness.Repository(), "e2e", "fixtures", "next16", ".next", "standalone")
	dir, err := os.MkdirTemp(harness.Scratch, "slashed-")
	require.NoError(t, err)
	for _, folder := range []string{".next", "public"} {
		require.NoError(t, os.CopyFS(filepath.Join(dir, folder), os.DirFS(filepath.Join(standalone, folder))))
	}
	require.NoError(t, os.Symlink(filepath.Join(standalone, "node_modules"), filepath.Join(dir, "node_modules")))
	require.NoError(t, harness.CopyFile(filepath.Join(standalone, "package.json"), filepath.Join(dir, "package.json")))
	require.NoError(t, harness.CopyFile(filepath.Join(standalone, "server.js"), filepath.Join(dir, "server.js")))
	for _, name := range []string{"server.js", ".next/required-server-files.json"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		text = bytes.ReplaceAll(text, []byte(`"trailingSlash":false`), []byte(`"trailingSlash":true`))
		text = bytes.ReplaceAll(text, []byte(`"trailingSlash": false`), []byte(`"trailingSlash": true`))
		require.Contains(t, string(text), `railingSlash`)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	manifest := filepath.Join(dir, ".next", "routes-manifest.json")
	var routes map[string]any
	harness.ReadJSON(t, manifest, &routes)
	redirects := routes["redirects"].([]any)
	require.Equal(t, "/:path+/", redirects[0].(map[string]any)["source"], "the rule without trailingSlash")
	// What next build writes with it (16.4.5), but for files.
	redirects[0] = map[string]any{
		"source": `/:notfile((?!\.well-known(?:/.*)?)(?:[^/]+/)*[^/\.]+)`, "destination": "/:notfile/",
		"internal": true, "priority": true, "statusCode": 308,
		"regex": `^(?:/((?!\.well-known(?:/.*)?)(?:[^/]+/)*[^/\.]+))$`,
	}
	changed, err := json.Marshal(routes)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(manifest, changed, 0o600))
	f := &harness.Fixture{App: &harness.App{Zone: "slashed", Dir: dir, Server: "server.js", Ready: "/open/"}}
	f.Serve(t)
	return f
}
