package caddymodule

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

func TestZonesThatShareAHost(t *testing.T) {
	dir := t.TempDir()
	buildtest.Write(t, filepath.Join(dir, "atlas", ".next"), buildtest.Build{
		Config: buildtest.JSON{"assetPrefix": "/atlas-static"}, App: map[string]string{"/page": "/", "/maps/page": "/maps"},
		Files: map[string]string{"../public/globe.svg": ""},
	})
	buildtest.Write(t, filepath.Join(dir, "home", ".next"), buildtest.Build{App: map[string]string{"/page": "/", "/about/page": "/about"}})
	for name, home := range map[string]string{
		"a path":                      "zone home / %[1]s",
		"a build without assetPrefix": "zone home %[1]s {\n build %[3]s/home\n }",
	} {
		t.Run(name, func(t *testing.T) {
			e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n static off\n "+home+"\n zone atlas %[2]s {\n build %[3]s/atlas\n image off\n }\n}", edgetest.Named(t, "home"), edgetest.Named(t, "atlas"), dir))
			for path, zone := range map[string]string{
				"/": "home", "/about": "home", "/maps": "atlas", "/globe.svg": "atlas", "/nowhere": "home", "/atlas-static/_next/static/a.js": "atlas",
				"/atlas-static/x": "home", "/_next/image?url=%2Fglobe.svg&w=64&q=75": "atlas", "/_next/data/build-1/maps.json": "atlas",
			} {
				_, body := e.Get(t, "localhost", path)
				assert.Equal(t, zone, body, path)
			}
		})
	}
}

func TestZonesThatCannotShareAHost(t *testing.T) {
	dir := t.TempDir()
	for name, prefix := range map[string]string{"plain": "", "other": "", "atlas": "/atlas-static"} {
		buildtest.Write(t, filepath.Join(dir, name, ".next"), buildtest.Build{
			Config: buildtest.JSON{"assetPrefix": prefix}, App: map[string]string{"/page": "/", "/about/page": "/about"},
		})
	}
	e := edgetest.Serve(t, "nextjs "+edgetest.Named(t, "x"))
	for directives, message := range map[string]string{
		"zone a a:1 {\n build %[1]s/plain\n }\n zone b b:1 {\n build %[1]s/other\n }": "zones a and b both have a build without basePath and assetPrefix: write / after",
		"zone a a:1 {\n build %[1]s/plain\n }\n zone b b:1 {\n build %[1]s/atlas\n }": "zones a and b both have a page /about",
		"zone / a:1\n zone b:1 {\n build %[1]s/plain\n }":                             "it needs a name",
	} {
		assert.ErrorContains(t, e.Load(t, fmt.Sprintf("nextjs {\n "+directives+"\n}", dir)), message)
	}
	assert.NoError(t, e.Load(t, fmt.Sprintf("nextjs {\n zone a a:1 {\n build %[1]s/plain\n host a.example\n }\n zone b b:1 {\n build %[1]s/other\n host b.example\n }\n}", dir)))
}

// A deploy replaces a build directory in place, in whatever order: the edge goes on with the old build until the new
// one is whole.
func TestAChangedBuildIsTakenWholeOrNotAtAll(t *testing.T) {
	build := filepath.Join(t.TempDir(), ".next")
	writeBuild(t, build, "/docs", "")
	root, docs := edgetest.Named(t, "root"), edgetest.Named(t, "docs")
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n watch 10ms\n zone / %s\n zone docs %s {\n build %s\n }\n zone /taken %s\n}", root, docs, build, edgetest.Named(t, "taken")))
	zoneOf := func(path string) string {
		_, body := e.Get(t, "localhost", path)
		return body
	}
	require.Equal(t, "docs", zoneOf("/docs"))
	taken := buildReadsTotal.WithLabelValues("docs", "taken")
	refused := buildReadsTotal.WithLabelValues("docs", "refused")
	unfinished := buildReadsTotal.WithLabelValues("docs", "unfinished")
	count := func() [3]float64 {
		return [3]float64{testutil.ToFloat64(taken), testutil.ToFloat64(refused), testutil.ToFloat64(unfinished)}
	}
	wait := func(condition func() bool) { require.Eventually(t, condition, edgetest.Patience, 5*time.Millisecond) }

	before := count()
	require.NoError(t, os.RemoveAll(build))
	// The directory is looked at once. Each of the two sites of the test's edge counts what became of it.
	wait(func() bool { return count()[2] >= before[2]+2 })
	assert.Equal(t, "docs", zoneOf("/docs"), "a build that is gone does not take the zone along")

	before = count()
	writeBuild(t, build, "/guide", "/guide-files")
	require.NoError(t, os.WriteFile(filepath.Join(build, "prerender-manifest.json"), []byte(`{"version": 4,`), 0o600))
	wait(func() bool { return count()[2] >= before[2]+2 })
	assert.Equal(t, "docs", zoneOf("/docs"))
	assert.Equal(t, "root", zoneOf("/guide"))

	before = count()
	writeBuild(t, build, "/taken", "")
	wait(func() bool { return count()[1] >= before[1]+2 })
	assert.Equal(t, "docs", zoneOf("/docs"), "a build that claims another zone's path is not taken")
	assert.Equal(t, "taken", zoneOf("/taken"))

	before = count()
	writeBuild(t, build, "/guide", "/guide-files")
	wait(func() bool { return count()[0] >= before[0]+2 })
	assert.Equal(t, "docs", zoneOf("/guide"))
	assert.Equal(t, "docs", zoneOf("/guide-files/_next/static/a.js"))
	assert.Equal(t, "root", zoneOf("/docs"))
}

func TestTheVerdictIsLogged(t *testing.T) {
	dir, log := filepath.Join(t.TempDir(), ".next"), filepath.Join(t.TempDir(), "access.log")
	buildtest.Write(t, dir, buildtest.Build{
		App: map[string]string{"/page": "/", "/private/page": "/private"}, Files: map[string]string{"../public/private.txt": ""},
		Middleware: buildtest.JSON{"middleware": buildtest.JSON{"/": buildtest.JSON{"matchers": []buildtest.JSON{{"regexp": `^\/private`}}}}},
	})
	e := edgetest.Serve(t, fmt.Sprintf("log {\n output file %s\n}\nnextjs %s {\n build %s\n proxy {\n header_down X-Verdict {http.nextjs.verdict}\n }\n}", log, edgetest.Named(t, "x"), dir))
	client, _ := e.Client(t, edgetest.H1)
	for path, verdict := range map[string]string{"/": "page", "/private": "middleware", "/%70rivate": "middleware", "/nowhere": "unknown", "//": "spelling"} {
		res, err := client.Get(e.URL(path))
		require.NoError(t, err)
		assert.Equal(t, verdict, res.Header.Get("X-Verdict"), path)
	}
	require.Eventually(t, func() bool {
		data, _ := os.ReadFile(log)
		return strings.Contains(string(data), `"verdict":"page"`) && strings.Contains(string(data), `"verdict":"middleware"`)
	}, edgetest.Patience, time.Millisecond)
	res, err := client.Get(e.URL("/private%2Ftxt"))
	require.NoError(t, err)
	_, _ = io.Copy(io.Discard, res.Body)
	assert.Equal(t, http.StatusOK, res.StatusCode, "the matcher matches either form")
}
