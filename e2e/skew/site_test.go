//go:build e2e

package skew_test

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

// site is an edge whose only zone is the application.
type site struct {
	*harness.Edge
	base string
}

// inConfig is the id of the deployment that the configuration names.
const inConfig = "config"

// startSite starts an edge before a server, and tells it of the build if it shall know it.
func startSite(t testing.TB, live *served, knowsBuild bool) *site {
	t.Helper()
	zone := "\t\tzone shop / " + live.Upstream() + " {\n\t\t\tpin_cookie on\n"
	if knowsBuild {
		zone += "\t\t\tbuild " + live.dir + "\n"
	}
	zone += "\t\t}"
	e := harness.StartEdge(t, nil, harness.Setup{Zones: zone + "\n"})
	return &site{e, e.URL("")}
}

// command runs `caddy nextjs` on the zone, and returns what it says when it fails.
func (s *site) command(t testing.TB, name string, args ...string) (said, failure string) {
	t.Helper()
	args = append([]string{name, "--zone", "shop", "--address", "localhost:" + strconv.Itoa(s.AdminPort)}, args...)
	return harness.NextjsCommand(t, args...)
}

// order runs a command that must succeed.
func (s *site) order(t testing.TB, name string, args ...string) string {
	t.Helper()
	said, failure := s.command(t, name, args...)
	require.Empty(t, failure, "%s %v: %s", name, args, said)
	return said
}

// deployArgs are the arguments of a deploy.
func deployArgs(next *served, knowsBuild bool) []string {
	args := []string{"--to", next.Upstream(), "--timeout", "60s"}
	if knowsBuild {
		args = append(args, "--build", next.dir)
	}
	return args
}

// deploy makes a server the live one. It returns the id of its deployment, which is that of its build, also where the edge must ask the
// server for it.
func (s *site) deploy(t testing.TB, next *served, knowsBuild bool) (id string) {
	t.Helper()
	s.order(t, "deploy", deployArgs(next, knowsBuild)...)
	live, _ := s.deployments(t)
	require.Equal(t, next.Upstream(), upstreamOf(live))
	require.Equal(t, cmp.Or(next.deploymentID, next.id), live.ID)
	return live.ID
}

func upstreamOf(d report.DeploymentStatus) string {
	var addresses []string
	for _, upstream := range d.Upstreams {
		addresses = append(addresses, upstream.Upstream)
	}
	return strings.Join(addresses, " ")
}

// deployments asks the edge what serves the zone.
func (s *site) deployments(t testing.TB) (live report.DeploymentStatus, all []report.DeploymentStatus) {
	t.Helper()
	said, failure := harness.NextjsCommand(t, "status", "--json", "--address", "localhost:"+strconv.Itoa(s.AdminPort))
	require.Empty(t, failure)
	var status report.Status
	require.NoError(t, json.Unmarshal([]byte(said), &status))
	require.Len(t, status.Zones, 1)
	all = status.Zones[0].Deployments
	isLive := func(d report.DeploymentStatus) bool { return d.Live }
	at := slices.IndexFunc(all, isLive)
	require.GreaterOrEqual(t, at, 0, "one is live: %s", said)
	require.False(t, slices.ContainsFunc(all[at+1:], isLive), "only one is live: %s", said)
	return all[at], all
}

// retire ends a deployment, and then the process that served it.
func (s *site) retire(t testing.TB, id string, old *served) {
	t.Helper()
	s.order(t, "retire", "--id", id, "--now")
	old.Kill()
}
