//go:build e2e

package files_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// The scripts that a build says its pages begin with are those that the documents name which the application serves.
func TestTheScriptsOfPagesAreThoseOfTheirDocuments(t *testing.T) {
	client := edgetest.PlainClient(t)
	type application struct {
		*harness.App
		build *nextbuild.Build
		least int // how many documents there are to compare
	}
	var all []application
	for i, f := range harness.Fixtures(t).All() {
		all = append(all, application{f.App, f.Build, []int{10, 11, 11, 7}[i]})
	}
	for i, a := range harness.NextApps(t).All() {
		build, err := nextbuild.Read(filepath.Join(a.Dir, ".next"))
		require.NoError(t, err)
		all = append(all, application{a, build, []int{4, 6, 6}[i]})
	}
	for _, a := range all {
		t.Run(a.Zone, func(t *testing.T) {
			js, err := a.build.JavaScript()
			require.NoError(t, err)
			scripts := make(map[string][]string)
			for _, route := range js.Routes {
				scripts[route.Route] = route.Scripts
			}
			firstLoads := firstLoadsOf(t, a.build.Dir)
			compared := 0
			for path, route := range documentsOf(a.build) {
				res := edgetest.Get(t, client, a.URL(a.build.BasePath+path))
				if res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
					continue // a redirect, notFound(), or the middleware's own answer
				}
				compared++
				named, polyfills := scriptsIn(harness.ParseHTML(t, res.Text))
				assert.Equal(t, scripts[route], named, "%s of %s", path, route)
				assert.Equal(t, js.Polyfills, polyfills, path)
				assert.Equal(t, len(named), firstLoads[route].Files, route)
			}
			assert.GreaterOrEqual(t, compared, a.least)
			assert.Len(t, firstLoads, len(js.Routes))
		})
	}
}

// firstLoadsOf returns what the command says of the pages of a build, by route.
func firstLoadsOf(t testing.TB, dir string) map[string]harness.ClassOfFiles {
	t.Helper()
	loads := make(map[string]harness.ClassOfFiles)
	js := harness.FilesInJSON(t, dir).Zones[0].Build.JavaScript
	for _, router := range []*harness.ScriptsOfRouter{js.App, js.Pages} {
		if router == nil {
			continue
		}
		for _, route := range router.Routes {
			loads[route.Route] = route.FirstLoad
			for _, coding := range []string{"br", "zstd", "gzip"} {
				c := route.FirstLoad.Compressed[coding]
				assert.EqualValues(t, route.FirstLoad.Files, c.Files, "%s: every script gets smaller", route.Route)
				assert.Less(t, c.Bytes, c.Raw/2)
			}
		}
	}
	return loads
}

// documentsOf returns paths of pages below the basePath, and the routes that they belong to.
func documentsOf(b *nextbuild.Build) map[string]string {
	documents := make(map[string]string)
	plain := func(path string) string {
		if b.I18n != nil {
			return b.I18n.WithoutLocale(path)
		}
		return path
	}
	add := func(path, route string) {
		kind, known := b.Routes[plain(route)]
		if !known || kind.Kind != nextbuild.AppPage && kind.Kind != nextbuild.PagesPage {
			return
		}
		route = plain(route)
		switch {
		case path == "/" && b.BasePath != "" && !b.TrailingSlash:
			path = ""
		case b.TrailingSlash && !strings.HasSuffix(path, "/"):
			path += "/"
		}
		documents[path] = route
	}
	for route := range b.Routes {
		if !strings.Contains(route, "[") {
			add(route, route)
		}
	}
	for path, prerender := range b.Prerenders {
		if prerender.Route != "" {
			add(path, prerender.Route)
		}
	}
	return documents
}

// scriptsIn returns the scripts of the build that a document names, each as Build.Static has it, and those for old
// browsers.
func scriptsIn(p harness.Page) (scripts, polyfills []string) {
	for _, node := range p.Find(func(n *html.Node) bool { return n.Data == "script" }) {
		_, name, found := strings.Cut(harness.Attribute(node, "src"), "/_next/")
		if !found {
			continue
		}
		name, _, _ = strings.Cut(name, "?")
		list := &scripts
		if slices.ContainsFunc(node.Attr, func(a html.Attribute) bool { return strings.EqualFold(a.Key, "nomodule") }) {
			list = &polyfills
		}
		*list = append(*list, "/_next/"+name)
	}
	slices.Sort(scripts)
	slices.Sort(polyfills)
	return slices.Compact(scripts), slices.Compact(polyfills)
}

// What the command says that the edge serves, of all versions of Next.js, the edge serves while no application runs,
// and no file besides.
func TestTheFilesCommandSaysWhatIsServed(t *testing.T) {
	nobody, err := edgetest.FindPort()
	require.NoError(t, err)
	var sites strings.Builder
	apps := map[string]*nextbuild.Build{}
	ports := map[string]int{}
	for name, dir := range map[string]string{
		"next14": "next14/.next", "next15": "next15/.next/standalone", "next16": "next16", "monorepo": "monorepo/apps/web/.next/standalone",
	} {
		dir = filepath.Join(harness.Repository(), "e2e", "fixtures", filepath.FromSlash(dir))
		apps[name], err = nextbuild.Read(dir)
		require.NoError(t, err)
		ports[name], err = edgetest.FindPort()
		require.NoError(t, err)
		fmt.Fprintf(&sites, "http://localhost:%d {\n\tnextjs {\n\t\tzone %s localhost:%d {\n\t\t\tbuild %s\n\t\t\tqueue off\n\t\t}\n\t}\n}\n", ports[name], name, nobody, dir)
	}
	e := harness.StartEdge(t, nil, harness.Setup{Zones: fmt.Sprintf("zone / localhost:%d {\n queue off\n}", nobody), Sites: sites.String()})
	client := edgetest.PlainClient(t)
	address := fmt.Sprintf("localhost:%d", e.AdminPort)
	before := harness.FilesInJSON(t, "--address", address)
	require.Len(t, before.Zones, len(apps)+1)
	for i, zone := range before.Zones {
		if zone.Build == nil {
			assert.Equal(t, "root", zone.Name)
			continue
		}
		b := apps[zone.Name]
		served := map[string]int{}
		ask := func(part, path string) {
			url := fmt.Sprintf("http://localhost:%d%s%s", ports[zone.Name], part, path)
			switch res := edgetest.Get(t, client, url, "Accept-Encoding", "identity"); res.StatusCode {
			case http.StatusOK:
				served[part]++
			case http.StatusBadGateway: // the application, where nobody answers
				served["next"]++
			default:
				assert.Fail(t, "a file is neither served nor asked for upstream", "%d: %s", res.StatusCode, url)
			}
		}
		for _, path := range b.Static {
			ask(zone.Build.Static.Path, strings.TrimPrefix(path, "/_next/static/"))
		}
		for _, path := range b.Public {
			ask(zone.Build.Public.Path, path[1:])
		}
		left := 0
		for _, reason := range zone.Build.NotServed {
			left += reason.Files
			if reason.Reason == "rewrite" {
				// Another file is served at its path.
				left -= reason.Files
				served[zone.Build.Public.Path] -= reason.Files
			}
		}
		assert.Equal(t, zone.Build.Static.Files, served[zone.Build.Static.Path], zone.Name)
		assert.Equal(t, zone.Build.Public.Files, served[zone.Build.Public.Path], zone.Name)
		assert.Equal(t, left, served["next"], zone.Name)
		assert.Equal(t, b.ID, zone.Build.ID)
		after := harness.FilesInJSON(t, "--address", address).Zones[i].Build
		assert.Positive(t, after.Static.Memory.Files, zone.Name)
		assert.Zero(t, zone.Build.Static.Memory.Files, zone.Name)

		// Read from the directory without the edge, the numbers are the same.
		read := harness.FilesInJSON(t, b.Dir).Zones[0].Build
		for _, pair := range [][2]harness.ClassOfFiles{{read.Static, zone.Build.Static}, {read.Public, zone.Build.Public}} {
			assert.Equal(t, [3]any{pair[0].Path, pair[0].Files, pair[0].Bytes}, [3]any{pair[1].Path, pair[1].Files, pair[1].Bytes}, zone.Name)
		}
		assert.Equal(t, zone.Build.NotServed, read.NotServed)
	}

	text, failure := harness.FilesCommand(t, "--config", e.CaddyfilePath(), "--adapter", "caddyfile")
	require.Empty(t, failure)
	assert.Contains(t, text, "Zone next16: /")
	assert.Contains(t, text, "No build: all files come from the upstream, localhost:")
}

func TestTheFilesCommandWithoutAnEdge(t *testing.T) {
	nobody, err := edgetest.FindPort()
	require.NoError(t, err)
	text, failure := harness.FilesCommand(t, "--address", fmt.Sprintf("localhost:%d", nobody))
	assert.Empty(t, text)
	assert.Contains(t, failure, fmt.Sprintf("no edge answers at the admin address localhost:%d: ", nobody))
	assert.Contains(t, failure, "\nStart it, or name another address by --address or --config")
}
