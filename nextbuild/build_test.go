package nextbuild

import (
	"crypto/sha256"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
)

func TestReadFindsTheBuildWhereItLies(t *testing.T) {
	for name, where := range map[string]struct{ dist, dir string }{
		"the distDir":                    {".next", ".next"},
		"the application":                {".next", "."},
		"a distDir of another name":      {"build", "."},
		"a standalone directory":         {"standalone/.next", "standalone"},
		"a monorepo's standalone":        {"standalone/apps/web/.next", "standalone"},
		"a monorepo's distDir elsewhere": {"standalone/apps/web/out/dist", "standalone"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			config := buildtest.JSON{"basePath": "/docs", "assetPrefix": "/docs-assets"}
			files := map[string]string{"static/chunks/a.js": "a", "../public/a.txt": "a"}
			if strings.HasSuffix(where.dist, "out/dist") {
				config["distDir"] = "./out/dist"
				files = map[string]string{"static/chunks/a.js": "a", "../../public/a.txt": "a"}
			}
			buildtest.Write(t, filepath.Join(root, where.dist), buildtest.Build{ID: "abc", Config: config, Files: files})
			b, err := Read(filepath.Join(root, where.dir))
			require.NoError(t, err)
			assert.Equal(t, filepath.Join(root, where.dist), b.Dir)
			assert.Equal(t, "abc", b.ID)
			assert.Equal(t, "/docs", b.BasePath)
			assert.Equal(t, "/docs-assets", b.AssetPath())
			assert.Equal(t, []string{"/_next/static/chunks/a.js"}, b.Static)
			assert.Equal(t, []string{"/a.txt"}, b.Public)
		})
	}
}

// While `next build` runs, and after it was interrupted, a copy that somebody keeps beside it is not the build.
func TestACopyBesideAnIncompleteBuildIsNotTaken(t *testing.T) {
	app := t.TempDir()
	buildtest.Write(t, filepath.Join(app, "next.bak"), buildtest.Build{ID: "old"})
	require.NoError(t, os.MkdirAll(filepath.Join(app, ".next", "cache"), 0o700))
	_, err := Read(app)
	require.ErrorContains(t, err, "holds no build: BUILD_ID is missing there and in its .next")
}

// `next build` copies neither static nor public files into the standalone directory.
func TestReadTakesTheFilesFromBesideAStandaloneDirectory(t *testing.T) {
	app := t.TempDir()
	outer := filepath.Join(app, ".next")
	buildtest.Write(t, outer, buildtest.Build{Files: map[string]string{"static/a.js": "a", "../public/a.txt": "a"}})
	buildtest.Write(t, filepath.Join(outer, "standalone/apps/web/.next"), buildtest.Build{})
	b, err := Read(filepath.Join(outer, "standalone"))
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(outer, "standalone/apps/web/.next"), b.Dir)
	assert.Equal(t, filepath.Join(outer, "static"), b.StaticDir)
	assert.Equal(t, filepath.Join(app, "public"), b.PublicDir)
}

func TestReadSaysWhatIsMissing(t *testing.T) {
	for name, c := range map[string]struct {
		spoil   func(dir string) error
		message string
	}{
		"no BUILD_ID":      {remove("BUILD_ID"), "BUILD_ID is missing"},
		"empty BUILD_ID":   {write("BUILD_ID", " \n"), "BUILD_ID is empty: the build was interrupted"},
		"no configuration": {remove("required-server-files.json"), "reading the configuration of the build in "},
		"half a file":      {write("routes-manifest.json", `{"version": 3, "red`), "routes-manifest.json is broken or half-written"},
		"no prerenders":    {remove("prerender-manifest.json"), "prerender-manifest.json: no such file or directory: the build is not complete"},
		"no middleware":    {remove("server/middleware-manifest.json"), "middleware-manifest.json: no such file"},
		"no pages":         {remove("server/pages-manifest.json"), "pages-manifest.json: no such file"},
		"no preview id":    {write("prerender-manifest.json", `{"version": 4}`), "has no preview id"},
		"no config":        {write("required-server-files.json", `{"version": 1}`), "required-server-files.json has no config"},
		"app without its list": {
			write("server/app-paths-manifest.json", `{"/a/page": "app/a/page.js"}`), "app-path-routes-manifest.json is missing",
		},
		"static files not copied yet": {
			write("build-manifest.json", `{"rootMainFiles": ["static/chunks/a.js", "static/chunks/b [x].js"]}`), "static/chunks/b [x].js is missing",
		},
		"a version to come": {write("routes-manifest.json", `{"version": 9}`), "routes-manifest.json has version 9, understood are [3]"},
		"wrong basePath":    {write("required-server-files.json", `{"version": 1, "config": {"basePath": "docs"}}`), `basePath "docs"`},
		"middleware of Next.js 12": {
			write("server/middleware-manifest.json", `{"version": 2, "middleware": {"/a": {"matchers": [{"regexp": "x"}]}}}`), "has middleware for /a",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), ".next")
			buildtest.Write(t, dir, buildtest.Build{Files: map[string]string{"static/chunks/a.js": ""}})
			_, err := Read(dir)
			require.NoError(t, err)
			require.NoError(t, c.spoil(dir))
			_, err = Read(dir)
			require.ErrorContains(t, err, c.message)
			assert.Contains(t, err.Error(), dir)
		})
	}
}

func remove(name string) func(string) error {
	return func(dir string) error { return os.Remove(filepath.Join(dir, name)) }
}

func write(name, content string) func(string) error {
	return func(dir string) error { return os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600) }
}

func TestReadNamesSeveralBuilds(t *testing.T) {
	dir := t.TempDir()
	buildtest.Write(t, filepath.Join(dir, "apps/web/.next"), buildtest.Build{})
	buildtest.Write(t, filepath.Join(dir, "apps/docs/.next"), buildtest.Build{})
	_, err := Read(dir)
	require.ErrorContains(t, err, "holds several builds")
	assert.ErrorContains(t, err, "apps/web/.next")
	_, err = Read(filepath.Join(dir, "nowhere"))
	require.ErrorContains(t, err, "looking for a build: stat "+filepath.Join(dir, "nowhere"))
	_, err = Read(filepath.Join(dir, "apps/web/.next/server"))
	assert.ErrorContains(t, err, "holds no build: BUILD_ID is missing")
}

func TestReadKeepsNoSecret(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".next")
	buildtest.Write(t, dir, buildtest.Build{
		Files: map[string]string{"server/server-reference-manifest.json": `{"node": {"60ab": {}}, "edge": {"70cd": {}}, "encryptionKey": "TOPSECRET"}`},
	})
	b, err := Read(dir)
	require.NoError(t, err)
	assert.True(t, b.IsPreview(buildtest.PreviewID))
	assert.False(t, b.IsPreview(""))
	assert.Equal(t, map[string]struct{}{"60ab": {}, "70cd": {}}, b.Actions)
	text, err := json.Marshal(b)
	require.NoError(t, err)
	assert.NotContains(t, string(text), buildtest.PreviewID)
	assert.NotContains(t, string(text), "TOPSECRET")
	assert.Equal(t, sha256.Sum256([]byte("TOPSECRET")), b.ActionsKey)
}

func TestAChangedBuildHasAnotherHash(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".next")
	buildtest.Write(t, dir, buildtest.Build{ID: "one"})
	first, err := Hash(dir)
	require.NoError(t, err)
	again, err := Hash(dir)
	require.NoError(t, err)
	assert.Equal(t, first, again)
	later := time.Now().Add(time.Second)
	require.NoError(t, os.Chtimes(filepath.Join(dir, "prerender-manifest.json"), later, later))
	changed, err := Hash(dir)
	require.NoError(t, err)
	assert.NotEqual(t, first, changed)
	require.NoError(t, os.Remove(filepath.Join(dir, "BUILD_ID")))
	_, err = Hash(dir)
	assert.Error(t, err)
}

func TestRoutes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".next")
	buildtest.Write(t, dir, buildtest.Build{
		Config: buildtest.JSON{"i18n": buildtest.JSON{"locales": []string{"en", "de"}, "defaultLocale": "en"}},
		Pages: map[string]string{
			"/": "", "/_app": "", "/de/404": "", "/en/500": "", "/p/[id]": "", "/api/stock": "", "/api/p/[id]": "", "/_error": "", "/de": "",
		},
		App: map[string]string{
			"/items/[slug]/page": "/items/[slug]", "/feed/route": "/feed", "/_not-found/page": "/_not-found", "/@modal/(.)items/[slug]/page": "/(.)items/[slug]",
		},
		Routes: buildtest.JSON{
			"dynamicRoutes": []buildtest.JSON{
				{"page": "/items/[slug]", "regex": `^/items/([^/]+?)(?:/)?$`},
				{"page": "/p/[id]", "regex": `^/p/([^/]+?)(?:/)?$`},
				{"page": "/(.)items/[slug]", "regex": `^/\(\.\)items/([^/]+?)(?:/)?$`},
			},
			"dataRoutes": []buildtest.JSON{{"page": "/p/[id]"}},
		},
	})
	b, err := Read(dir)
	require.NoError(t, err)
	assert.Equal(t, map[string]Route{
		"/": {Kind: PagesPage}, "/p/[id]": {Kind: PagesPage, Data: true}, "/api/stock": {Kind: PagesAPI}, "/api/p/[id]": {Kind: PagesAPI},
		"/items/[slug]": {Kind: AppPage}, "/feed": {Kind: AppRoute},
	}, b.Routes)
	require.Len(t, b.Dynamic, 2)
	matched, err := b.Dynamic[0].Pattern.Match("/items/a")
	require.NoError(t, err)
	assert.True(t, matched)
}

func TestPrerenders(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".next")
	buildtest.Write(t, dir, buildtest.Build{
		Prerenders: buildtest.JSON{
			"routes": buildtest.JSON{
				"/":        buildtest.JSON{"initialRevalidateSeconds": false, "srcRoute": "/", "dataRoute": "/index.rsc"},
				"/items/a": buildtest.JSON{"initialRevalidateSeconds": 60, "initialExpireSeconds": 3600, "srcRoute": "/items/[slug]", "dataRoute": "/items/a.rsc", "renderingMode": "PARTIALLY_STATIC"},
				"/feed":    buildtest.JSON{"initialStatus": 201, "initialHeaders": buildtest.JSON{"x-next-cache-tags": "a,b"}},
				"/../up":   buildtest.JSON{},
			},
			"dynamicRoutes": buildtest.JSON{"/a/[x]": buildtest.JSON{"fallback": false}, "/b/[x]": buildtest.JSON{"fallback": nil}, "/c/[x]": buildtest.JSON{"fallback": "/c/[x].html"}},
		},
		Files: map[string]string{
			"server/app/index.meta": `{"headers": {"x-next-cache-tags": "_N_T_/layout,_N_T_/"}}`, "server/app/items/a.meta": `{"headers": {}, "postponed": "4:null"}`,
		},
	})
	b, err := Read(dir)
	require.NoError(t, err)
	assert.Equal(t, map[string]Prerender{
		"/":        {Status: 200, Data: "/index.rsc", Tags: []string{"_N_T_/layout", "_N_T_/"}},
		"/items/a": {Status: 200, Revalidate: time.Minute, Expire: time.Hour, Route: "/items/[slug]", Data: "/items/a.rsc", Partial: true},
		"/feed":    {Status: 201, Tags: []string{"a", "b"}},
		"/../up":   {Status: 200},
	}, b.Prerenders)
	assert.Equal(t, map[string]Fallback{"/a/[x]": FallbackNotFound, "/b/[x]": FallbackBlocking, "/c/[x]": FallbackShell}, b.Fallbacks)
	require.NoError(t, write("server/app/index.meta", `{"headers": {"x-`)(dir))
	_, err = Read(dir)
	assert.ErrorContains(t, err, "/index.meta is broken or half-written")
}

// With cacheComponents Next.js marks every page of the App Router as partial. Of most of them nothing is left to
// resume.
func TestPagesThatAreCompleteAreNotPartial(t *testing.T) {
	partial := func(more buildtest.JSON) buildtest.JSON {
		more["renderingMode"], more["experimentalPPR"] = "PARTIALLY_STATIC", true
		return more
	}
	dir := filepath.Join(t.TempDir(), ".next")
	buildtest.Write(t, dir, buildtest.Build{
		Prerenders: buildtest.JSON{"routes": buildtest.JSON{
			"/":       partial(buildtest.JSON{"dataRoute": "/index.rsc"}),
			"/tagged": partial(buildtest.JSON{"initialHeaders": buildtest.JSON{"x-next-cache-tags": "a"}}),
			"/mixed":  partial(buildtest.JSON{}), "/data": partial(buildtest.JSON{}), "/remade": partial(buildtest.JSON{"compute": "static"}),
			"/bare": partial(buildtest.JSON{}), "/adapted": partial(buildtest.JSON{"compute": "static"}),
			"/resuming": partial(buildtest.JSON{"compute": "resuming"}),
		}},
		Files: map[string]string{
			"server/app/index.meta": `{"headers": {}}`, "server/app/tagged.meta": `{"headers": {"x-next-cache-tags": "b"}}`,
			"server/app/mixed.meta": `{"headers": {}, "postponed": "2192:[1,{}]"}`, "server/app/data.meta": `{"postponed": "4:null"}`,
			"server/app/remade.meta": `{"postponed": "2:[]"}`,
		},
	})
	b, err := Read(dir)
	require.NoError(t, err)
	found := map[string]bool{}
	for path, p := range b.Prerenders {
		found[path] = p.Partial
	}
	assert.Equal(t, map[string]bool{
		"/": false, "/tagged": false, "/adapted": false,
		"/mixed": true, "/data": true, "/remade": true, "/bare": true, "/resuming": true,
	}, found)
	assert.Equal(t, []string{"a"}, b.Prerenders["/tagged"].Tags)
}

func TestMiddlewareOfBothRuntimes(t *testing.T) {
	matchers := func(b buildtest.Build) []Rule {
		dir := filepath.Join(t.TempDir(), ".next")
		buildtest.Write(t, dir, b)
		read, err := Read(dir)
		require.NoError(t, err)
		return read.Middleware
	}
	assert.Empty(t, matchers(buildtest.Build{}))
	edge := matchers(buildtest.Build{Middleware: buildtest.JSON{"middleware": buildtest.JSON{"/": buildtest.JSON{"matchers": []buildtest.JSON{{"regexp": "^/a$"}}}}}})
	require.Len(t, edge, 1)
	for text, want := range map[string]bool{"/a": true, "/A": false} {
		matched, err := edge[0].Pattern.Match(text)
		require.NoError(t, err)
		assert.Equal(t, want, matched, text)
	}
	node := matchers(buildtest.Build{Files: map[string]string{"server/functions-config-manifest.json": `{"version": 1, "functions": {"/_middleware": {}}}`}})
	require.Len(t, node, 1)
	matched, err := node[0].Pattern.Match("/anything")
	require.NoError(t, err)
	assert.True(t, matched, "without matchers it runs for every path")
}

func TestReadLeavesHiddenPublicFilesToNext(t *testing.T) {
	root := t.TempDir()
	buildtest.Write(t, filepath.Join(root, ".next"), buildtest.Build{ID: "abc", Files: map[string]string{
		"../public/.hidden": "a", "../public/.well-known/a.txt": "a", "../public/.well-known/.b": "a", "../public/a.b": "a",
	}})
	b, err := Read(root)
	require.NoError(t, err)
	assert.Equal(t, []string{"/.well-known/a.txt", "/a.b"}, b.Public)
}
