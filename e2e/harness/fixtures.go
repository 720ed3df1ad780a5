//go:build e2e

package harness

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// Fixture is an application of e2e/fixtures, its build, and an edge of which it is the only zone.
type Fixture struct {
	*App
	Build    *nextbuild.Build
	RuleSet  *rules.Set
	EdgePort int
}

// FixtureSet is all of them behind one edge, each on a port of its own.
type FixtureSet struct {
	Next14, Next15, Next16, Monorepo *Fixture
	edge                             *Edge
}

// All returns every application.
func (s *FixtureSet) All() []*Fixture {
	return []*Fixture{s.Next14, s.Next15, s.Next16, s.Monorepo}
}

// Path returns the path of the application below its basePath, as a browser writes it.
func (f *Fixture) Path(path string) string {
	path = f.Build.BasePath + path
	if path == "" {
		return "/"
	}
	return path
}

// EdgeURL returns the address of a path through the edge.
func (f *Fixture) EdgeURL(path string) string {
	return fmt.Sprintf("http://localhost:%d%s", f.EdgePort, path)
}

// Host is what the client writes as Host, to the edge as to the application.
func (f *Fixture) Host() string { return fmt.Sprintf("localhost:%d", f.EdgePort) }

// Ask sends the same request to the edge or to the application, byte by byte.
func (f *Fixture) Ask(t testing.TB, through bool, method, target string, headers ...string) edgetest.Answer {
	t.Helper()
	address := f.Upstream()
	if through {
		address = f.Host()
	}
	return RawRequest(t, address, method, target, f.Host(), "", headers...)
}

// Fixtures returns the applications of e2e/fixtures behind an edge, started by the first test that asks.
func Fixtures(t testing.TB) *FixtureSet {
	t.Helper()
	set, err := startedFixtures()
	require.NoError(t, err)
	for _, f := range set.All() {
		require.True(t, f.Running(), "%s has ended:\n%s", f.Zone, f.Log.Since(0))
		f.ShowLogOnFailure(t)
	}
	fixtureEdgeOnce.Do(func() {
		var sites strings.Builder
		for _, f := range set.All() {
			f.EdgePort, err = edgetest.FindPort()
			require.NoError(t, err)
			fmt.Fprintf(&sites,
				"http://localhost:%d {\n\tnextjs {\n\t\tupgrade_timeout 1s\n\t\tzone %s %s {\n\t\t\tbuild %s\n\t\t}\n\t}\n}\n",
				f.EdgePort, f.Zone, f.Upstream(), f.Build.Dir)
		}
		set.edge = Launch(t, nil, Setup{Zones: "zone / " + set.Next14.Upstream(), Sites: sites.String()})
	})
	require.NotNil(t, set.edge, "the edge did not start in an earlier test")
	set.edge.ShowLogOnFailure(t)
	return set
}

var fixtureEdgeOnce sync.Once

var startedFixtures = sync.OnceValues(func() (*FixtureSet, error) {
	root := filepath.Join(Repository(), "e2e", "fixtures")
	set := &FixtureSet{
		Next14: &Fixture{App: &App{Zone: "next14", Dir: filepath.Join(root, "next14"), Ready: "/open"}},
		Next15: &Fixture{App: &App{Zone: "next15", Dir: filepath.Join(root, "next15"), Ready: "/market/open/"}},
		Next16: &Fixture{App: &App{Zone: "next16", Dir: filepath.Join(root, "next16"), Ready: "/open"}},
		Monorepo: &Fixture{App: &App{
			Zone: "monorepo", Dir: filepath.Join(root, "monorepo"),
			Server: "apps/web/.next/standalone/apps/web/server.js", Ready: "/depot/open",
		}},
	}
	for _, f := range set.All() {
		if err := f.Start(); err != nil {
			return nil, err
		}
	}
	for _, f := range set.All() {
		if err := f.WaitUntilReady(); err != nil {
			return nil, err
		}
		// The directory that the application serves itself.
		standalone := filepath.Join(f.Dir, ".next", "standalone")
		if f == set.Monorepo {
			standalone = filepath.Join(f.Dir, "apps", "web", ".next", "standalone")
		}
		var err error
		if f.Build, err = nextbuild.Read(standalone); err != nil {
			return nil, err
		}
		f.RuleSet = rules.NewSet(f.Build)
	}
	return set, nil
})

// Verdict returns what the build says of a GET for a target.
func (f *Fixture) Verdict(t testing.TB, target string, headers ...string) *rules.Verdict {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, f.EdgeURL("/"), nil)
	require.NoError(t, err)
	path, query, _ := strings.Cut(target, "?")
	req.URL.RawPath, req.URL.RawQuery, req.Host = path, query, f.Host()
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	m, ok := f.Match(req.URL)
	require.True(t, ok)
	return f.RuleSet.Verdict(req, m.Target)
}

// Match returns what the edge makes of an address.
func (f *Fixture) Match(u *url.URL) (zones.Match, bool) {
	table, err := zones.NewTable([]*zones.Zone{{Name: f.Zone, Paths: []string{"/"}}})
	if err != nil {
		return zones.Match{}, false
	}
	m, ok := table.Find("", spelling.EscapedPath(u))
	return zones.RespellRequest(u, m, f.RuleSet), ok
}

// PreviewCookie reads the cookie that turns on draft mode in the application's build, which nextbuild does not keep.
func (f *Fixture) PreviewCookie(t testing.TB) string {
	t.Helper()
	var manifest struct {
		Preview struct{ PreviewModeID string }
	}
	ReadJSON(t, filepath.Join(f.Build.Dir, "prerender-manifest.json"), &manifest)
	require.True(t, f.Build.IsPreview(manifest.Preview.PreviewModeID))
	return "__prerender_bypass=" + manifest.Preview.PreviewModeID
}
