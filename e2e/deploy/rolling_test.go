//go:build e2e

package deploy_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// command runs `caddy nextjs` on a running edge.
func command(t *testing.T, e *harness.Edge, args ...string) string {
	t.Helper()
	text, failure := harness.NextjsCommand(t, append(args, "--address", "localhost:"+strconv.Itoa(e.AdminPort))...)
	require.Empty(t, failure, "caddy nextjs %v", args)
	return text
}

// statusOf asks an edge what answers for its zones.
func statusOf(t *testing.T, e *harness.Edge) (status report.Status) {
	t.Helper()
	res, err := http.Get(fmt.Sprintf("http://localhost:%d%s", e.AdminPort, report.AdminPath(report.StatusRoute)))
	require.NoError(t, err)
	defer res.Body.Close()
	require.NoError(t, json.NewDecoder(res.Body).Decode(&status))
	return status
}

// Three replicas are restarted one after the other, three times over, as an operator does: drain, restart, undrain.
func TestRollingRestartsLoseNothing(t *testing.T) {
	t.Parallel()
	apps, e, l := startReplicas(t, 3)
	for range harness.LongOr(1, 3) {
		for _, app := range apps {
			said := command(t, e, "drain", app.Upstream(), "--wait", "20s")
			assert.Contains(t, said, "0 in flight")
			app.Terminate(t)
			edgetest.Receive(t, app.Done, "the replica ends")
			app.ServeAgain(t)
			command(t, e, "undrain", app.Upstream())
		}
	}
	time.Sleep(time.Second)
	harness.RequireNoneFailed(t, l.Stop())
	for _, upstream := range statusOf(t, e).Zones[0].Deployments[0].Upstreams {
		assert.Equal(t, "healthy", upstream.State, upstream.Upstream)
		assert.Zero(t, upstream.InFlight, upstream.Upstream)
	}
}

// A drain holds over a reload and a restart of the edge, and over its end at any moment.
func TestADrainOutlivesTheEdge(t *testing.T) {
	t.Parallel()
	apps := harness.NextApps(t).Home.StartReplicas(t, 2)
	e := startEdge(t, upstreamsOf(apps))
	command(t, e, "drain", apps[0].Upstream())
	isDrained := func() bool { return stateIn(t, e, apps[0].Upstream()) == "draining" }
	require.True(t, isDrained())
	require.Empty(t, e.Load(t, e.Caddyfile(t, nil, harness.Setup{Zones: zoneOf(upstreamsOf(apps), "health tcp")})))
	require.True(t, isDrained(), "after a reload")
	for i := range harness.LongOr(5, 20) {
		order, want := "undrain", "healthy"
		if i%2 == 1 {
			order, want = "drain", "draining"
		}
		command(t, e, order, apps[0].Upstream())
		e.Kill()
		edgetest.Receive(t, e.Done, "the edge ends")
		e.Restart(t)
		require.Equal(t, want == "draining", isDrained(), "killed after %s was answered", order)
	}
}

// balancer is what stands before two edges: it asks their /readyz and sends requests to those that are ready.
type balancer struct {
	edges []*balanced
	turn  atomic.Int64
}

type balanced struct {
	ready atomic.Bool
	proxy *httputil.ReverseProxy
}

// ServeHTTP implements http.Handler.
func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	turn := int(b.turn.Add(1))
	for i := range b.edges {
		if edge := b.edges[(turn+i)%len(b.edges)]; edge.ready.Load() {
			edge.proxy.ServeHTTP(w, r)
			return
		}
	}
	http.Error(w, "no edge is ready", http.StatusServiceUnavailable)
}

// isReady reports whether an edge gets requests.
func (b *balancer) isReady(edge int) bool { return b.edges[edge].ready.Load() }

// startBalancer asks edges by their probe ports every quarter of a second.
func startBalancer(t *testing.T, edges []*harness.Edge, probes []int) (b *balancer, base string) {
	t.Helper()
	b = &balancer{}
	asking := harness.NewWorkers()
	for i, e := range edges {
		target, err := url.Parse(e.URL(""))
		require.NoError(t, err)
		one := &balanced{proxy: httputil.NewSingleHostReverseProxy(target)}
		b.edges = append(b.edges, one)
		client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
		asking.Repeat(func(int) {
			res, err := client.Get(fmt.Sprintf("http://localhost:%d/readyz", probes[i]))
			one.ready.Store(err == nil && res.StatusCode == http.StatusOK)
			if err == nil {
				_ = res.Body.Close()
			}
			time.Sleep(250 * time.Millisecond)
		})
	}
	address := edgetest.Upstream(t, b.ServeHTTP)
	t.Cleanup(asking.Stop)
	edgetest.Eventually(t, edgetest.Patience, func() bool { return b.isReady(0) && b.isReady(1) }, "both edges are ready")
	return b, "http://" + address
}

// Two edges behind a balancer that asks whether they are ready are restarted in turn, three times each.
func TestEdgesAreRestartedWithoutALoss(t *testing.T) {
	t.Parallel()
	f := harness.NextApps(t)
	var edges []*harness.Edge
	var probes []int
	for range 2 {
		probe, err := edgetest.FindPort()
		require.NoError(t, err)
		probes = append(probes, probe)
		edges = append(edges, harness.StartEdge(t, f, harness.Setup{
			Global: "\tshutdown_delay 2s\n", Sites: fmt.Sprintf("http://localhost:%d {\n\tnextjs_health\n}\n", probe),
		}))
	}
	b, base := startBalancer(t, edges, probes)
	l := harness.StartLoad(t, base, mixOf("/", "/about", "/blog", "/shop"))
	for range harness.LongOr(1, 3) {
		for i, e := range edges {
			e.Terminate(t)
			edgetest.Receive(t, e.Done, "the edge ends")
			e.Restart(t)
			edgetest.Eventually(t, edgetest.Patience, func() bool { return b.isReady(i) }, "it is ready again")
		}
	}
	harness.RequireNoneFailed(t, l.Stop())
}
