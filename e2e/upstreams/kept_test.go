//go:build e2e

package upstreams_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/dnstest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

const pagesAreKept = "\t\tcache {\n\t\t\trecheck off\n\t\t}\n"

// askKept asks for a page that may be kept, and reports whether it was. The site's port says nothing of who answers:
// all are asked by the same host.
func askKept(t testing.TB, e *harness.Edge, port int) (by string, kept bool) {
	t.Helper()
	req := edgetest.Request(t, edgetest.Within(t, edgetest.Patience), http.MethodGet, fmt.Sprintf("http://localhost:%d/kept", port), nil)
	req.Host = e.Address()
	a := edgetest.Do(t, edgetest.PlainClient(t), req)
	require.Equal(t, http.StatusOK, a.StatusCode)
	return a.Text, strings.Contains(a.Header.Get("Cache-Status"), "; hit")
}

func waitKept(t testing.TB, e *harness.Edge) (by string) {
	t.Helper()
	edgetest.Eventually(t, edgetest.Patience, func() (kept bool) {
		by, kept = askKept(t, e, e.HTTPPort)
		return kept
	}, "the page is kept")
	return by
}

// What is kept is the application's, whichever replica has made it.
func TestWhatIsKeptOutlivesTheAddressesOfItsZone(t *testing.T) {
	replicas, port := startReplicas(t, hosts[:2]...)
	dns := dnstest.Start(t)
	rename(dns, replicas[0])
	e := harness.StartEdge(t, nil, harness.Setup{Zones: zoneOf(dns, port) + pagesAreKept})
	require.Equal(t, replicas[0].host, waitKept(t, e))

	rename(dns, replicas[1])
	client := edgetest.PlainClient(t)
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		return edgetest.Get(t, client, e.URL("/quick")).Text == replicas[1].host
	}, "the other one is used")
	by, kept := askKept(t, e, e.HTTPPort)
	assert.True(t, kept)
	assert.Equal(t, replicas[0].host, by)

	e.Terminate(t)
	edgetest.Receive(t, e.Done, "the edge ends")
	replicas[1].stop(t)
	e.Restart(t)
	by, kept = askKept(t, e, e.HTTPPort)
	assert.True(t, kept, "over a restart, too")
	assert.Equal(t, replicas[0].host, by)
}

func TestSitesAlikeInAllButTheUpstreamShareNothing(t *testing.T) {
	replicas, port := startReplicas(t, hosts[:2]...)
	dns := dnstest.Start(t)
	rename(dns, replicas[0])
	dns.SetA("other.test", replicas[1].host)
	same, err := edgetest.FindPort()
	require.NoError(t, err)
	other, err := edgetest.FindPort()
	require.NoError(t, err)
	zones := zoneOf(dns, port) + pagesAreKept
	site := func(port int, zones string) string {
		return fmt.Sprintf("http://localhost:%d {\n\tnextjs {\n%s\t}\n}\n", port, zones)
	}
	e := harness.StartEdge(t, nil, harness.Setup{
		Zones: zones, Sites: site(same, zones) + site(other, strings.ReplaceAll(zones, service, "other.test")),
	})
	require.Equal(t, replicas[0].host, waitKept(t, e))

	by, kept := askKept(t, e, same)
	assert.True(t, kept, "a site that is alike in all shares")
	assert.Equal(t, replicas[0].host, by)
	by, kept = askKept(t, e, other)
	assert.False(t, kept)
	assert.Equal(t, replicas[1].host, by)
}
