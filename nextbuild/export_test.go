package nextbuild

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
)

func TestReadExport(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	buildtest.WriteExport(t, dir, "abc", map[string]string{"items/café menu.html": buildtest.Page("", "x"), "google.html": "verified"})
	e, err := ReadExport(dir)
	require.NoError(t, err)
	assert.Equal(t, []string{"abc"}, e.IDs)
	assert.Equal(t, "/404.html", e.NotFound)
	assert.False(t, e.TrailingSlash)
	assert.Empty(t, e.AssetPrefix)
	assert.Contains(t, e.Files, "/items/caf%C3%A9%20menu.html")
	assert.Equal(t, "/items/caf%C3%A9%20menu.html", e.Names()["/items/café menu.html"])
	assert.Len(t, e.Files, 7)

	buildtest.WriteExport(t, dir, "abc", map[string]string{
		"404/index.html": buildtest.Page("/guide", "x"), "index.html": buildtest.Page("/guide", `<img src="/guide/_next/image?url=%2Fa.jpg&amp;w=64&amp;q=75">`), "404.html": buildtest.Page("/guide", "x"),
	})
	e, err = ReadExport(dir)
	require.NoError(t, err)
	assert.True(t, e.TrailingSlash)
	assert.Equal(t, "/404.html", e.NotFound)
	assert.Equal(t, "/index.html", e.Optimizer)

	build := &Build{
		ID: "abc", Routes: map[string]Route{"/": {}, "/items/[slug]": {}, "/feed.xml": {Kind: AppRoute}},
		Prerenders: map[string]Prerender{"/": {}, "/items/café menu": {Route: "/items/[slug]"}, "/items/caf%C3%A9%20menu": {Route: "/items/[slug]"}, "/_not-found": {}, "/feed.xml": {}},
	}
	assert.NoError(t, e.Fits(build))
	build.Prerenders["/items/late"] = Prerender{Route: "/items/[slug]"}
	assert.ErrorContains(t, e.Fits(build), "the page /items/late is missing in "+dir)
	assert.ErrorContains(t, e.Fits(&Build{ID: "def", Dir: "/x/.next"}), "the build in /x/.next has the id def, the export in "+dir+" is of abc")
}

func TestReadExportSaysWhatIsMissing(t *testing.T) {
	for name, c := range map[string]struct {
		spoil   func(dir string) error
		message string
	}{
		"nothing":                 {func(dir string) error { return os.RemoveAll(dir) }, "looking for an export: lstat"},
		"no _next":                {func(dir string) error { return os.RemoveAll(filepath.Join(dir, "_next")) }, "_next/static is missing: name the directory"},
		"no build id":             {func(dir string) error { return os.RemoveAll(filepath.Join(dir, "_next/static/abc")) }, "_next/static has no directory of a build"},
		"a chunk not copied yet":  {remove("_next/static/chunks/a.js"), "404.html names /_next/static/chunks/a.js, which is missing"},
		"a page of another build": {write("about.html", `<script src="/_next/static/chunks/%5Bx%5D.js">`), "about.html names /_next/static/chunks/[x].js, which is missing"},
		"no page":                 {func(dir string) error { return firstError(remove("index.html")(dir), remove("404.html")(dir)) }, "it has no page of Next.js"},
		"a build instead of export": {func(dir string) error {
			return firstError(os.RemoveAll(filepath.Join(dir, "_next")), write("BUILD_ID", "abc")(dir))
		}, "it is a build (it has a BUILD_ID), not an export"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "out")
			buildtest.WriteExport(t, dir, "abc", nil)
			require.NoError(t, c.spoil(dir))
			_, err := ReadExport(dir)
			require.ErrorContains(t, err, c.message)
			assert.Contains(t, err.Error(), dir)
		})
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// What a page says in its text, or takes from another application, is not its own.
func TestOnlyFilesOfTheApplicationItselfAreMissed(t *testing.T) {
	dir := t.TempDir()
	buildtest.WriteExport(t, dir, "abc", map[string]string{
		"about.html": buildtest.Page("", `<script src="/shop/_next/static/b.js"></script><p>src=&quot;/_next/static/c.js&quot;</p><script>f("<link href=\"/_next/static/d.js\">")</script>`),
	})
	_, err := ReadExport(dir)
	assert.NoError(t, err)
}

func TestHashExportChangesWithEachFile(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "out")
	buildtest.WriteExport(t, dir, "abc", map[string]string{"a/b/c.html": "c"})
	hash := func() string {
		s, err := HashExport(dir)
		require.NoError(t, err)
		return s
	}
	first := hash()
	assert.Equal(t, first, hash())
	later := time.Now().Add(time.Minute)
	require.NoError(t, os.Chtimes(filepath.Join(dir, "a/b/c.html"), later, later))
	second := hash()
	assert.NotEqual(t, first, second, "a file far below was written anew")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a/new.txt"), nil, 0o600))
	assert.NotEqual(t, second, hash(), "a file came")

	// A deploy that moves a link.
	require.NoError(t, os.Rename(dir, filepath.Join(root, "one")))
	buildtest.WriteExport(t, filepath.Join(root, "two"), "def", nil)
	require.NoError(t, os.Symlink("one", dir))
	e, err := ReadExport(dir)
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(root, "one"), e.Dir)
	one := hash()
	require.NoError(t, os.Remove(dir))
	require.NoError(t, os.Symlink("two", dir))
	assert.NotEqual(t, one, hash())
}

func TestWhatNeedsAServerIsNamed(t *testing.T) {
	root := t.TempDir()
	dist, out := filepath.Join(root, ".next"), filepath.Join(root, "out")
	buildtest.Write(t, dist, buildtest.Build{
		ID: "abc", App: map[string]string{"/page": "/", "/feed.xml/route": "/feed.xml", "/api/echo/route": "/api/echo", "/robots.txt/route": "/robots.txt"},
		Prerenders: buildtest.JSON{"routes": buildtest.JSON{"/news": buildtest.JSON{"initialRevalidateSeconds": 60}}},
		Middleware: buildtest.JSON{"middleware": buildtest.JSON{"/": buildtest.JSON{"matchers": []buildtest.JSON{{"regexp": ".*"}}}}},
		Files:      map[string]string{"server/server-reference-manifest.json": `{"node": {"00aa": {}}}`},
		Config:     buildtest.JSON{"i18n": buildtest.JSON{"locales": []string{"en"}, "defaultLocale": "en"}},
	})
	buildtest.WriteExport(t, out, "abc", map[string]string{"feed.xml": "x", "robots.txt": "x", "about.html": buildtest.Page("", `<img src="/_next/image?url=x">`)})
	e, err := ReadExport(out)
	require.NoError(t, err)
	b, err := Read(dist)
	require.NoError(t, err)
	assert.Equal(t, []string{
		"middleware (proxy): it does not run", "1 server actions", "i18n: no locale is chosen",
		"the image optimizer, which /about.html asks for: set images.unoptimized or a loader", "route handler /api/echo", "revalidation of /news every 1m0s",
	}, b.NeedsServer(e))
	assert.Empty(t, (&Build{}).NeedsServer(&Export{}))
}

// A large export is looked at every two seconds.
func BenchmarkHashExport(b *testing.B) {
	dir := b.TempDir()
	files := map[string]string{}
	for i := range 5000 {
		files[filepath.Join("items", string(rune('a'+i%26)), time.Duration(i).String()+".html")] = "x"
	}
	buildtest.WriteExport(b, dir, "abc", files)
	for b.Loop() {
		if _, err := HashExport(dir); err != nil {
			b.Fatal(err)
		}
	}
}
