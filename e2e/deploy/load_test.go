//go:build e2e

package deploy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

// slowTime is how long the slow requests of a load take: as Envoy Gateway tests its shutdown.
const slowTime = 3 * time.Second

// mixOf is 25 requests a second for paths in turn, and each eighth of them for one that answers after slowTime.
func mixOf(paths ...string) harness.Mix {
	return harness.Mix{
		Every: 40 * time.Millisecond, Paths: paths,
		Rare: []string{fmt.Sprintf("/api/slow?ms=%d", slowTime.Milliseconds())}, RareEvery: 8,
	}
}

// startEdge starts an edge whose only zone has these upstreams. words stand in the zone.
func startEdge(t *testing.T, upstreams []string, words ...string) *harness.Edge {
	t.Helper()
	return harness.StartEdge(t, nil, harness.Setup{Zones: zoneOf(upstreams, words...)})
}

func zoneOf(upstreams []string, words ...string) string {
	return "\t\tzone / " + strings.Join(upstreams, " ") + " {\n\t\t\t" + strings.Join(words, "\n\t\t\t") + "\n\t\t}\n"
}

// upstreamsOf are the addresses of applications as they stand in a Caddyfile.
func upstreamsOf(apps []*harness.App) (addresses []string) {
	for _, a := range apps {
		addresses = append(addresses, a.Upstream())
	}
	return addresses
}

// startReplicas starts servers of the home application, an edge before them, and a load. words stand in their zone.
func startReplicas(t *testing.T, count int, words ...string) (apps []*harness.App, e *harness.Edge, l *harness.Load) {
	t.Helper()
	apps = harness.NextApps(t).Home.StartReplicas(t, count)
	e = startEdge(t, upstreamsOf(apps), words...)
	return apps, e, harness.StartLoad(t, e.URL(""), mixOf("/", "/about", "/api/slow?ms=20"))
}
