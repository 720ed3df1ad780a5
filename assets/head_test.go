package assets

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

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

// The times are what Node.js 20 says (fs.statSync(f).mtime.getTime()) of files that were given them.
func TestTheTimeOfAFileIsRoundedAsNodeDoes(t *testing.T) {
	for _, c := range []struct{ seconds, nanoseconds, milliseconds int64 }{
		{1795986000, 474_499_000, 1795986000474},
		{1795986000, 474_499_999, 1795986000475}, // 1795986000474.5 as a float64
		{1795986000, 474_500_000, 1795986000475},
		{1795986000, 999_499_999, 1795986001000},
		{1600000000, 0, 1600000000000},
		{0, 499_999, 0},
		{0, 500_000, 1},
		{-1, 999_500_000, 0},
		{-1, 500_000_000, -500},
		{-2, 525_500_000, -1474},
		{-2, 525_500_001, -1474},
		{-1795986001, 525_500_001, -1795986000474},
	} {
		got := nodeModTime(time.Unix(c.seconds, c.nanoseconds)).UnixMilli()
		assert.Equal(t, c.milliseconds, got, "%d s and %d ns", c.seconds, c.nanoseconds)
	}
}

func TestTheHeadHasTheRoundedTime(t *testing.T) {
	modTime := time.Unix(1795986000, 474_499_999)
	build := buildOf(t, map[string]string{"../public/a.txt": "a", "../public/next.txt": "a"})
	require.NoError(t, os.Chtimes(filepath.Join(build.PublicDir, "a.txt"), modTime, modTime))
	nextSecond := time.Unix(1795986000, 999_499_999)
	require.NoError(t, os.Chtimes(filepath.Join(build.PublicDir, "next.txt"), nextSecond, nextSecond))
	set, err := NewSet(build, Settings{})
	require.NoError(t, err)
	defer set.Close()

	res, _, _ := ask(t, set, http.MethodGet, "/a.txt")
	assert.Equal(t, []string{`W/"1-1a2291b8a5b"`}, res.Header["Etag"])
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		res, _, _ := ask(t, set, method, "/next.txt")
		assert.Equal(t, []string{"Sun, 29 Nov 2026 21:00:01 GMT"}, res.Header["Last-Modified"], method)
	}
}
