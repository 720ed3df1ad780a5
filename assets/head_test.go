package assets

import (
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// Only where a CDN is purged at a deploy may it keep what a deploy changes.
func TestWhatADeployChangesIsKeptByAPurgedCDNOnly(t *testing.T) {
	dir := t.TempDir()
	build := buildOf(t, map[string]string{
		"static/chunks/a.js": "a", "static/service-worker/sw.js": "sw", "../public/logo.svg": "<svg/>",
	})
	buildtest.WriteExport(t, filepath.Join(dir, "out"), "abc", map[string]string{"about.txt": "0:"})
	exported, err := nextbuild.ReadExport(filepath.Join(dir, "out"))
	require.NoError(t, err)
	for _, cdn := range []bool{false, true} {
		files, pages := "public, max-age=0", "public, max-age=0, must-revalidate"
		if cdn {
			files = "public, max-age=0, s-maxage=31536000, must-revalidate"
			pages = files
		}
		set, err := NewSet(build, Settings{CDN: cdn})
		require.NoError(t, err)
		defer set.Close()
		for path, want := range map[string]string{
			"/_next/static/chunks/a.js": immutable, "/_next/static/service-worker/sw.js": revalidated,
			"/logo.svg": files,
		} {
			res, _, _ := ask(t, set, http.MethodGet, path)
			assert.Equal(t, []string{want}, res.Header["Cache-Control"], "cdn %t: %s", cdn, path)
			assert.NotEmpty(t, res.Header["Etag"], path)
			again, _, _ := ask(t, set, http.MethodGet, path, "If-None-Match", res.Header.Get("Etag"))
			assert.Equal(t, http.StatusNotModified, again.StatusCode, path)
			assert.Equal(t, []string{want}, again.Header["Cache-Control"], "cdn %t: 304 of %s", cdn, path)
		}
		export, err := newExport(exported, "", Settings{CDN: cdn})
		require.NoError(t, err)
		defer export.Close()
		for path, want := range map[string]string{
			"/index.html": pages, "/about.txt": pages, "/_next/static/chunks/a.js": immutable,
		} {
			res, _, _ := askExport(t, export, path)
			assert.Equal(t, []string{want}, res.Header["Cache-Control"], "cdn %t: export %s", cdn, path)
		}
	}
}
