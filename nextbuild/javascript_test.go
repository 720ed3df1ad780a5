package nextbuild

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
)

// references is a client reference manifest as Next.js writes it.
func references(page, content string) string {
	return `globalThis.__RSC_MANIFEST=(globalThis.__RSC_MANIFEST||{});globalThis.__RSC_MANIFEST["` + page + `"]=` + content
}

const manifestOfScripts = `{
	"polyfillFiles": ["static/chunks/polyfills-1.js"], "lowPriorityFiles": ["static/b/_buildManifest.js"], "rootMainFiles": ["static/chunks/main-app.js"],
	"pages": {"/_app": ["static/chunks/main.js", "static/css/a.css", "static/chunks/pages/_app-1.js"], "/p/[id]": ["static/chunks/main.js", "static/chunks/pages/p/[id]-1.js"]}
}`

// scriptsOf reads the scripts of a build that has the given files besides those that build-manifest.json lists.
func scriptsOf(t *testing.T, b buildtest.Build) (map[string][]string, *JavaScript) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), ".next")
	for _, name := range []string{"polyfills-1", "main-app", "main", "pages/_app-1", "pages/p/[id]-1"} {
		b.Files["static/chunks/"+name+".js"] = ""
	}
	b.Files["build-manifest.json"], b.Files["static/b/_buildManifest.js"], b.Files["static/css/a.css"] = manifestOfScripts, "", ""
	buildtest.Write(t, dir, b)
	read, err := Read(dir)
	require.NoError(t, err)
	js, err := read.JavaScript()
	require.NoError(t, err)
	routes := make(map[string][]string, len(js.Routes))
	for _, route := range js.Routes {
		routes[route.Route] = route.Scripts
	}
	return routes, js
}

func TestJavaScriptOfPages(t *testing.T) {
	routes, js := scriptsOf(t, buildtest.Build{
		Pages: map[string]string{"/_app": "", "/p/[id]": "", "/amp": "", "/api/a": "", "/_error": ""}, Files: map[string]string{},
	})
	assert.Equal(t, []string{"/_next/static/chunks/polyfills-1.js"}, js.Polyfills)
	assert.Equal(t, map[string][]string{
		"/p/[id]": {
			"/_next/static/b/_buildManifest.js", "/_next/static/chunks/main.js", "/_next/static/chunks/pages/_app-1.js",
			"/_next/static/chunks/pages/p/%5Bid%5D-1.js",
		},
		"/amp": nil,
	}, routes)
}

// webpack names every client component of the folders above, those of other pages and of style sheets too.
func TestJavaScriptOfTheAppRouterByWebpack(t *testing.T) {
	const modules = `{"entryCSSFiles": {}, "clientModules": {
		"/src/globals.css": {"chunks": ["1", "static/chunks/app/layout-a1.js"]},
		"/src/framework.js": {"chunks": []},
		"/src/home.js": {"chunks": [2, "static/chunks/2-a1.js", "3", "static/chunks/app/page-a1.js"]},
		"/src/shop.js": {"chunks": ["4", "static/chunks/app/(shop)/layout-a1.js?dpl=x"]},
		"/src/item.js": {"chunks": ["5", "static/chunks/shared-a1.js", "6", "static/chunks/app/(shop)/items/%5Bslug%5D/page-a1.js"]},
		"/src/wait.js": {"chunks": ["7", "static/chunks/app/(shop)/items/loading-a1.js"]},
		"/src/side.js": {"chunks": ["8", "static/chunks/app/(shop)/items/%40side/(x)/%5Bslug%5D/page-a1.js"]},
		"/src/none.js": {"chunks": ["9", "static/chunks/app/(shop)/items/%40side/default-a1.js"]},
		"/src/other.js": {"chunks": ["10", "static/chunks/app/(shop)/items/%40other/default-a1.js"]},
		"/src/deep.js": {"chunks": ["11", "static/chunks/app/(shop)/items/%5Bslug%5D/more/page-a1.js"]},
		"/src/group.js": {"chunks": ["12", "static/chunks/app/(else)/layout-a1.js"]}
	}}`
	routes, js := scriptsOf(t, buildtest.Build{
		App: map[string]string{
			"/page": "/", "/(shop)/items/[slug]/page": "/items/[slug]", "/(shop)/items/@side/(.)[slug]/page": "/items/(.)[slug]",
			"/feed/route": "/feed", "/_not-found/page": "/_not-found",
		},
		Files: map[string]string{
			"server/app/page_client-reference-manifest.js":                     references("/page", modules),
			"server/app/(shop)/items/[slug]/page_client-reference-manifest.js": references("/(shop)/items/[slug]/page", modules),
		},
	})
	assert.Equal(t, map[string][]string{
		"/": {"/_next/static/chunks/2-a1.js", "/_next/static/chunks/app/page-a1.js", "/_next/static/chunks/main-app.js"},
		"/items/[slug]": {
			"/_next/static/chunks/app/(shop)/items/%40other/default-a1.js", "/_next/static/chunks/app/(shop)/items/%40side/(x)/%5Bslug%5D/page-a1.js",
			"/_next/static/chunks/app/(shop)/items/%5Bslug%5D/page-a1.js", "/_next/static/chunks/app/(shop)/items/loading-a1.js",
			"/_next/static/chunks/app/(shop)/layout-a1.js", "/_next/static/chunks/main-app.js", "/_next/static/chunks/shared-a1.js",
		},
	}, routes)
	assert.Equal(t, AppPage, js.Routes[0].Kind)
}

// Turbopack names what belongs to the page. Scripts of a not-found are named only for the client components in it.
func TestJavaScriptOfTheAppRouterByTurbopack(t *testing.T) {
	routes, _ := scriptsOf(t, buildtest.Build{
		App: map[string]string{"/a/page": "/a"},
		Files: map[string]string{"server/app/a/page_client-reference-manifest.js": strings.ReplaceAll(references("/a/page", `{
			"entryJSFiles": {"[project]/app/layout": ["static/chunks/1.js"], "[project]/app/not-found": ["static/chunks/2.js"], "[project]/app/a/page": ["static/chunks/1.js", "static/chunks/3.js"]},
			"clientModules": {"[project]/app/x.js": {"chunks": ["/assets/_next/static/chunks/4.js?dpl=x"]}, "[project]/app/x.css": {"chunks": ["static/chunks/5.js"]}}
		};`), `"]=`, `"] = `)},
	})
	assert.Equal(t, map[string][]string{"/a": {
		"/_next/static/chunks/1.js", "/_next/static/chunks/3.js", "/_next/static/chunks/4.js", "/_next/static/chunks/main-app.js",
	}}, routes)
}

func TestJavaScriptSaysWhatIsMissing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".next")
	name := "server/app/a/page_client-reference-manifest.js"
	buildtest.Write(t, dir, buildtest.Build{App: map[string]string{"/a/page": "/a"}, Files: map[string]string{name: references("/a/page", "{}")}})
	b, err := Read(dir)
	require.NoError(t, err)
	_, err = b.JavaScript()
	require.NoError(t, err)
	for message, content := range map[string]string{
		"is of a form that is not understood": "window.x = {}",
		"is broken or half-written":           references("/a/page", `{"clientModules": {"`),
		"says nothing":                        references("/a/page", "null"),
	} {
		require.NoError(t, write(name, content)(dir))
		_, err = b.JavaScript()
		require.ErrorContains(t, err, message)
		require.ErrorContains(t, err, "reading the scripts of /a of the build in "+dir)
	}
	require.NoError(t, remove(name)(dir))
	_, err = b.JavaScript()
	require.ErrorContains(t, err, "the build is not complete")
	require.NoError(t, write("app-path-routes-manifest.json", `{"/../../../../etc/page": "/a"}`)(dir))
	_, err = b.JavaScript()
	require.ErrorContains(t, err, "is no file of the App Router")
	require.NoError(t, write("build-manifest.json", "{")(dir))
	_, err = b.JavaScript()
	assert.ErrorContains(t, err, "build-manifest.json is broken")
}

// Any bytes in place of a client reference manifest are understood or refused, and nothing else happens.
func FuzzClientReferences(f *testing.F) {
	dir := filepath.Join(f.TempDir(), ".next")
	name := "server/app/a/page_client-reference-manifest.js"
	buildtest.Write(f, dir, buildtest.Build{App: map[string]string{"/a/page": "/a"}, Files: map[string]string{name: ""}})
	b, err := Read(dir)
	require.NoError(f, err)
	for _, seed := range []string{
		"", "__RSC_MANIFEST[", `__RSC_MANIFEST["a"]`, `__RSC_MANIFEST[null]=`, references("/[a]/page", `{"entryJSFiles": {"": ["static/%.js"]}, "clientModules": {"": {"chunks": [{}]}}}`),
		references("/a/page", `{"clientModules": {"a": {"chunks": ["static/chunks/app/-0.js", "static/chunks/app/@/../page-0.js", "static/%zz"]}, "b": null}}`),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), data, 0o600))
		js, err := b.JavaScript()
		if err != nil {
			require.Nil(t, js)
			return
		}
		for _, script := range js.Routes[0].Scripts {
			require.True(t, strings.HasPrefix(script, "/_next/static/"), script)
		}
	})
}
