//go:build e2e

package harness

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// PageSite is an application of the fixtures behind a door, and an edge that keeps its pages.
type PageSite struct {
	*Edge
	Door *Door
}

// StartPageSite starts an edge that keeps the pages of next16; more stands in the cache block.
func StartPageSite(t *testing.T, more string) *PageSite {
	t.Helper()
	f := Fixtures(t).Next16
	door := StartDoor(t, f.App)
	e := StartEdge(t, nil, Setup{Zones: fmt.Sprintf(
		"\t\tzone next16 %s {\n\t\t\tbuild %s\n\t\t}\n\t\tcache {\n\t\t\t%s\n\t\t}\n", door.Upstream(), f.Build.Dir, more)})
	return &PageSite{e, door}
}

// Ask asks for a page, and says in a word how the cache answered.
func (s *PageSite) Ask(t testing.TB, path string, headers ...string) (a edgetest.Answer, how string) {
	t.Helper()
	a = edgetest.Get(t, edgetest.PlainClient(t), s.URL(path), headers...)
	status := strings.Join(a.Header["Cache-Status"], ", ")
	switch {
	case strings.Contains(status, "; hit"):
		return a, "hit"
	case strings.Contains(status, "fwd=bypass"):
		return a, "bypass"
	case strings.Contains(status, "fwd="):
		return a, "miss"
	}
	return a, "no status: " + status
}

// WaitKept waits until a page is answered from what is kept: who asks right behind the first client joins its answer,
// which counts as a miss.
func (s *PageSite) WaitKept(t testing.TB, path string, headers ...string) {
	t.Helper()
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		_, how := s.Ask(t, path, headers...)
		return how == "hit"
	}, "%s is kept", path)
}

// BehindCDN makes the peers of the tests, which come from this machine, a CDN that the operator trusts.
const BehindCDN = "servers {\ntrusted_proxies static private_ranges\n}"

// FilesEdge returns an edge that has the builds of the example, and upstreams at which nobody answers: what it serves
// is from disk.
func FilesEdge(t testing.TB, global string) (*Edge, []*nextbuild.Build) {
	t.Helper()
	nobody, err := edgetest.FindPort()
	require.NoError(t, err)
	var zones strings.Builder
	var builds []*nextbuild.Build
	for _, name := range []string{"home", "blog", "shop"} {
		dir := filepath.Join(Repository(), "examples", "multi-zone", name, ".next")
		build, err := nextbuild.Read(dir)
		require.NoError(t, err)
		builds = append(builds, build)
		fmt.Fprintf(&zones, "\t\tzone %s localhost:%d {\n\t\t\tbuild %s\n\t\t\tqueue off\n\t\t}\n", name, nobody, dir)
	}
	return StartEdge(t, nil, Setup{Global: global, Zones: zones.String()}), builds
}
