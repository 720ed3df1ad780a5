//go:build e2e

package skew_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// pods are an edge whose only zone has two servers without deploymentId, and what one of them was asked.
type pods struct {
	*harness.Edge
	doors []*harness.Door
	id    string // of the build of the first server
}

func startPods(t *testing.T, first, second *served) *pods {
	t.Helper()
	p := &pods{id: first.id}
	var upstreams []string
	for _, s := range []*served{first, second} {
		door := harness.StartDoor(t, s.App)
		p.doors, upstreams = append(p.doors, door), append(upstreams, door.Upstream())
	}
	p.Edge = harness.StartEdge(t, nil, harness.Setup{Zones: "\t\tzone pods / " + strings.Join(upstreams, " ") + "\n"})
	return p
}

// compared is how often each server was asked for the file that only the first one's build has.
func (p *pods) compared() int {
	file := "/_next/static/" + p.id + "/_ssgManifest.js"
	return min(p.doors[0].Count(file), p.doors[1].Count(file))
}

// notices are the lines of the log that say that pods run different builds.
func (p *pods) notices() (lines []string) {
	for line := range strings.Lines(p.Log.Since(0)) {
		if strings.Contains(line, `"notice":"mixed_deployments"`) {
			lines = append(lines, line)
		}
	}
	return lines
}

// Pods of one name that run different builds are said once, and those that run one are not. Nobody visits them.
func TestPodsThatRunDifferentBuildsAreNoticed(t *testing.T) {
	actions := filepath.Join(t.TempDir(), "actions")
	serve := func(next, name string) *served { return buildOf(t, next, name).serve(t, actions) }
	one, same, two := serve("16", "a1"), serve("16", "a1"), serve("16", "a2")
	older, sameOlder := serve("15", "a1"), serve("15", "a1")
	// These come first, so they are compared before the others.
	alike := []*pods{startPods(t, one, same), startPods(t, older, sameOlder)}
	mixed := []*pods{startPods(t, one, two), startPods(t, older, one)}
	for _, p := range mixed {
		isNoticed := func() bool { return len(p.notices()) > 0 }
		edgetest.Eventually(t, 4*edgetest.Patience, isNoticed, "different builds are noticed")
	}
	for _, p := range alike {
		wait(t, func() bool { return p.compared() > 1 }, "one build is asked about as often")
		assert.Empty(t, p.notices())
	}
	for _, p := range append(mixed, alike...) {
		identified := p.doors[0].Count("/?_rsc") + p.doors[1].Count("/?_rsc")
		assert.Equal(t, 1, identified, "one of them is asked once which build it runs")
	}
	for _, p := range mixed {
		require.Len(t, p.notices(), 1, "once")
		assert.Contains(t, p.notices()[0], p.doors[0].Upstream())
		assert.Contains(t, p.notices()[0], p.doors[1].Upstream())
		assert.Contains(t, p.notices()[0], `"remedy":"give each build upstreams of its own`)
	}
}
