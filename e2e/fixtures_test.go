//go:build e2e

package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// fixture is an application of e2e/fixtures, its build, and an edge of which it is the only zone.
type fixture struct {
	*app
	build    *nextbuild.Build
	book     *zones.Rulebook
	edgePort int
}

// fixtureSet is all of them behind one edge, each on a port of its own.
type fixtureSet struct {
	next14, next15, next16, monorepo *fixture
	edge                             *edge
}

func (s *fixtureSet) all() []*fixture {
	return []*fixture{s.next14, s.next15, s.next16, s.monorepo}
}

// path returns the path of the application below its basePath, as a browser writes it.
func (f *fixture) path(path string) string {
	path = f.build.BasePath + path
	if path == "" {
		return "/"
	}
	return path
}

// edgeURL returns the address of a path through the edge.
func (f *fixture) edgeURL(path string) string {
	return fmt.Sprintf("http://localhost:%d%s", f.edgePort, path)
}

// host is what the client writes as Host, to the edge as to the application.
func (f *fixture) host() string { return fmt.Sprintf("localhost:%d", f.edgePort) }

// ask sends the same request to the edge or to the application, byte by byte.
func (f *fixture) ask(t testing.TB, through bool, method, target string, headers ...string) answer {
	t.Helper()
	address := f.upstream()
	if through {
		address = f.host()
	}
	return rawRequest(t, address, method, target, f.host(), "", headers...)
}

// fixtures returns the applications of e2e/fixtures behind an edge, started by the first test that asks.
func fixtures(t testing.TB) *fixtureSet {
	t.Helper()
	set, err := startedFixtures()
	require.NoError(t, err)
	for _, f := range set.all() {
		require.True(t, f.running(), "%s has ended:\n%s", f.zone, f.log.since(0))
		f.showLogOnFailure(t)
	}
	fixtureEdgeOnce.Do(func() {
		var sites strings.Builder
		for _, f := range set.all() {
			f.edgePort, err = freePort()
			require.NoError(t, err)
			fmt.Fprintf(&sites, "http://localhost:%d {\n\tnextjs {\n\t\tupgrade_timeout 1s\n\t\tzone %s %s {\n\t\t\tbuild %s\n\t\t}\n\t}\n}\n", f.edgePort, f.zone, f.upstream(), f.build.Dir)
		}
		set.edge = launch(t, nil, setup{zones: "zone / " + set.next14.upstream(), sites: sites.String()})
	})
	require.NotNil(t, set.edge, "the edge did not start in an earlier test")
	set.edge.showLogOnFailure(t)
	return set
}

var fixtureEdgeOnce sync.Once

var startedFixtures = sync.OnceValues(func() (*fixtureSet, error) {
	root := filepath.Join(repository(), "e2e", "fixtures")
	set := &fixtureSet{
		next14:   &fixture{app: &app{zone: "next14", dir: filepath.Join(root, "next14"), ready: "/open"}},
		next15:   &fixture{app: &app{zone: "next15", dir: filepath.Join(root, "next15"), ready: "/market/open/"}},
		next16:   &fixture{app: &app{zone: "next16", dir: filepath.Join(root, "next16"), ready: "/open"}},
		monorepo: &fixture{app: &app{zone: "monorepo", dir: filepath.Join(root, "monorepo"), server: "apps/web/.next/standalone/apps/web/server.js", ready: "/depot/open"}},
	}
	for _, f := range set.all() {
		if err := f.start(); err != nil {
			return nil, err
		}
	}
	for _, f := range set.all() {
		if err := f.waitUntilReady(); err != nil {
			return nil, err
		}
		// The directory that the application serves itself.
		standalone := filepath.Join(f.dir, ".next", "standalone")
		if f == set.monorepo {
			standalone = filepath.Join(f.dir, "apps", "web", ".next", "standalone")
		}
		var err error
		if f.build, err = nextbuild.Read(standalone); err != nil {
			return nil, err
		}
		f.book = zones.NewRulebook(f.build)
	}
	return set, nil
})

// verdict returns what the build says of a GET for a target.
func (f *fixture) verdict(t testing.TB, target string, headers ...string) *zones.Verdict {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, f.edgeURL("/"), nil)
	require.NoError(t, err)
	path, query, _ := strings.Cut(target, "?")
	req.URL.RawPath, req.URL.RawQuery, req.Host = path, query, f.host()
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	m, ok := f.match(req.URL)
	require.True(t, ok)
	return f.book.Verdict(req, m)
}

// match returns what the edge makes of an address.
func (f *fixture) match(u *url.URL) (zones.Match, bool) {
	table, err := zones.NewTable([]*zones.Zone{{Name: f.zone, Paths: []string{"/"}}})
	if err != nil {
		return zones.Match{}, false
	}
	m, ok := table.Find("", zones.EscapedPath(u))
	return zones.RespellRequest(u, m, f.book), ok
}

// previewCookie reads the cookie that turns on draft mode in the application's build, which nextbuild does not keep.
func (f *fixture) previewCookie(t testing.TB) string {
	t.Helper()
	var manifest struct {
		Preview struct{ PreviewModeID string }
	}
	readJSON(t, filepath.Join(f.build.Dir, "prerender-manifest.json"), &manifest)
	require.True(t, f.build.IsPreview(manifest.Preview.PreviewModeID))
	return "__prerender_bypass=" + manifest.Preview.PreviewModeID
}

func TestTheBuildsOfEachVersionAreRead(t *testing.T) {
	set := fixtures(t)
	for _, c := range []struct {
		*fixture
		version, basePath, assetPath string
		actions, middleware          int
	}{
		{set.next14, "14.2.35", "", "/legacy-static", 0, 5},
		{set.next15, "15.5.28", "/market", "/market-files", 0, 2},
		{set.next16, "16.4.5", "", "/atlas-static", 3, 4},
		{set.monorepo, "16.4.5", "/depot", "", 0, 5},
	} {
		t.Run(c.zone, func(t *testing.T) {
			// Wherever it is read from, it is the same.
			app := c.dir
			if c.fixture == set.monorepo {
				app = filepath.Join(c.dir, "apps", "web")
			}
			for _, dir := range []string{app, filepath.Join(app, ".next")} {
				other, err := nextbuild.Read(dir)
				require.NoError(t, err)
				require.Equal(t, c.build.Config, other.Config)
				require.Equal(t, c.build.Routes, other.Routes)
				require.Equal(t, c.build.Static, other.Static)
				require.Equal(t, c.build.Public, other.Public)
				require.Equal(t, c.build.PreviewID, other.PreviewID)
			}
			b := c.build
			require.Equal(t, c.version, b.NextVersion)
			require.Equal(t, c.basePath, b.BasePath)
			require.Equal(t, c.assetPath, b.AssetPath())
			require.Len(t, b.Actions, c.actions)
			require.GreaterOrEqual(t, len(b.Middleware), c.middleware)
			require.NotEmpty(t, b.Static)
			require.Contains(t, b.Public, "/files/caf%C3%A9%20menu.txt")
			require.Contains(t, b.Routes, "/items/[slug]")
			require.NotEmpty(t, b.Prerenders)
			require.NotEmpty(t, b.Images.DeviceSizes)
			require.NotEmpty(t, b.Redirects)
		})
	}
	require.Equal(t, set.next16.build.ID, set.monorepo.build.ID, "two zones with a deployment id share the build id")
	require.Equal(t, "fixture-1", set.next16.build.DeploymentID)
	require.True(t, set.next15.build.TrailingSlash)
	require.Equal(t, "en", set.monorepo.build.I18n.DefaultLocale)
	require.Contains(t, set.next16.build.Prerenders["/items/one"].Tags, "_N_T_/items/one")
	require.Equal(t, time.Hour, set.next16.build.Prerenders["/items/one"].Revalidate)
}
