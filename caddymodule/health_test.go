package caddymodule

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/health"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// probe asks the health handler of an edge whose site hands /healthz and /readyz to it. It waits a moment for the answer
// that is expected.
func probe(t *testing.T, e *edgetest.Edge, path string) (int, health.Report) {
	t.Helper()
	status, body := e.Get(t, "localhost", path)
	var report health.Report
	require.NoError(t, json.Unmarshal([]byte(body), &report), body)
	return status, report
}

// atOnce has the end of a test not wait as an edge with nextjs_health does.
const atOnce = "shutdown_delay 1ms"

const healthSite = "handle /healthz {\n nextjs_health\n}\nhandle /readyz {\n nextjs_health\n}\n"

func TestReadyWhenEachZoneThatIsNeededAnswers(t *testing.T) {
	up := edgetest.Named(t, "x")
	closed := "127.0.0.1:" + edgetest.FreePort(t)
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	// One that listens and says nothing, as Next.js 16 does while it starts.
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })

	for name, c := range map[string]struct {
		zones string
		ready bool
	}{
		"an upstream answers":       {"zone / " + up, true},
		"one of several does":       {fmt.Sprintf("zone / %s %s", closed, up), true},
		"none answers":              {fmt.Sprintf("zone / %s\n zone /blog %s", up, closed), false},
		"the zone is optional":      {fmt.Sprintf("zone / %s\n zone /blog %s {\n optional\n }", up, closed), true},
		"it listens, no more":       {"zone / " + silent.Addr().String(), false},
		"TLS, with an unknown root": {"zone / " + secure.URL, true},
	} {
		t.Run(name, func(t *testing.T) {
			e := edgetest.Serve(t, healthSite+"handle {\n nextjs {\n "+c.zones+"\n }\n}", atOnce)
			if !c.ready {
				status, report := probe(t, e, "/readyz")
				assert.Equal(t, http.StatusServiceUnavailable, status)
				assert.False(t, report.Ready)
				assert.NotEmpty(t, report.Zones[len(report.Zones)-1].Error)
				return
			}
			edgetest.Eventually(t, edgetest.Patience, func() bool {
				status, report := probe(t, e, "/readyz")
				return status == http.StatusOK && report.Ready
			}, "it is ready")
			status, _ := e.Get(t, "localhost", "/healthz")
			assert.Equal(t, http.StatusOK, status)
		})
	}
}

// An outage stands in the answer, which is 503 where the site says so.
func TestAnOutageDoesNotTakeTheEdgeAway(t *testing.T) {
	app := edgetest.Named(t, "x")
	away := edgetest.NewRestartable(t, nil)
	handlers := "handle /readyz {\n nextjs_health\n}\nhandle_path /strict/* {\n nextjs_health {\n strict\n }\n}\n"
	e := edgetest.Serve(t, handlers+fmt.Sprintf(
		"handle {\n nextjs {\n zone / %s\n zone /blog %s {\n health tcp {\n interval 100ms\n fails 1\n passes 1\n }\n }\n }\n}", app, away.Address), atOnce)
	ready := func(path string, want int) func() bool {
		return func() bool {
			status, _ := probe(t, e, path)
			return status == want
		}
	}
	edgetest.Eventually(t, edgetest.Patience, ready("/strict/readyz", http.StatusOK), "all have answered")
	away.Stop()
	edgetest.Eventually(t, edgetest.Patience, ready("/strict/readyz", http.StatusServiceUnavailable), "the outage is seen")
	status, report := probe(t, e, "/readyz")
	assert.Equal(t, http.StatusOK, status)
	require.Len(t, report.Zones, 2)
	assert.False(t, report.Zones[1].Serving)
	assert.NotEmpty(t, report.Zones[1].Error)
	away.Start()
	edgetest.Eventually(t, edgetest.Patience, ready("/strict/readyz", http.StatusOK), "it is back")
}

func TestManyProbesAskTheUpstreamOnce(t *testing.T) {
	var asked atomic.Int64
	address := edgetest.Upstream(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/_next/static/caddy-nextjs-readiness" {
			asked.Add(1)
		}
	})
	// The test's edge has two sites of the same zone.
	e := edgetest.Serve(t, healthSite+"handle {\n nextjs "+address+"\n}", atOnce)
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		status, _ := probe(t, e, "/readyz")
		return status == http.StatusOK
	}, "it is ready")
	for range 20 {
		status, report := probe(t, e, "/readyz")
		require.Equal(t, http.StatusOK, status)
		require.Len(t, report.Zones, 1)
	}
	assert.LessOrEqual(t, asked.Load(), int64(3), "it is asked until it has answered")
}

func TestOtherPathsAreNoProbes(t *testing.T) {
	e := edgetest.Serve(t, "nextjs_health\nrespond \"mine\"", atOnce)
	client, base := e.Client(t, edgetest.H1)
	res, err := client.Get(base + "/elsewhere")
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.Equal(t, "mine", string(body))
}
