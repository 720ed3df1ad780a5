//go:build e2e

package upstreams_test

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/dnstest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// DNS is not waited for where an upstream says by itself that it is gone.
func TestDNSIsAskedAtOnceWhenAReplicaRefuses(t *testing.T) {
	e, dns, replicas := startService(t, 2, 1, "refresh 1h")
	client := edgetest.PlainClient(t)
	require.Equal(t, replicas[0].host, edgetest.Get(t, client, e.URL("/quick")).Text)

	rename(dns, replicas[1])
	require.Equal(t, replicas[0].host, edgetest.Get(t, client, e.URL("/quick")).Text, "nobody has asked")
	replicas[0].stop(t)
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		return edgetest.Get(t, client, e.URL("/quick")).Text == replicas[1].host
	}, "the other one is found")
}

// Addresses are given to other containers, so what DNS has said before is no ground to ask one.
func TestNothingOfDNSOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	e, dns, replicas := startService(t, 2, 1)
	client := edgetest.PlainClient(t)
	require.Equal(t, replicas[0].host, edgetest.Get(t, client, e.URL("/quick")).Text)
	e.Terminate(t)
	edgetest.Receive(t, e.Done, "the edge ends")
	before := replicas[0].arrived()

	dns.Silent(service)
	e.Restart(t)
	assert.Equal(t, http.StatusServiceUnavailable, edgetest.Get(t, client, e.URL("/quick")).StatusCode, "DNS says nothing")
	rename(dns, replicas[1])
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		a := edgetest.Get(t, client, e.URL("/quick"))
		return a.StatusCode == http.StatusOK && assert.Equal(t, replicas[1].host, a.Text)
	}, "the other one is used")
	assert.Equal(t, before, replicas[0].arrived(), "the former one gets nothing")
}

// A container of two addresses is one upstream.
func TestAReplicaOfTwoAddressesCountsOnce(t *testing.T) {
	if listener, err := net.Listen("tcp", "[::1]:0"); err != nil {
		t.Skip("this machine has no IPv6: ", err)
	} else {
		require.NoError(t, listener.Close())
	}
	replicas, port := startReplicas(t, "127.0.0.1", "::1")
	four, six := replicas[0], replicas[1]
	for name, c := range map[string]struct {
		words     []string
		four, six bool // whether DNS has one
		used      []*replica
	}{
		"by default those of IPv4": {nil, true, true, []*replica{four}},
		"else those of IPv6":       {nil, false, true, []*replica{six}},
		"those that are chosen":    {[]string{"versions ipv6"}, true, true, []*replica{six}},
		"all":                      {[]string{"versions ipv4 ipv6"}, true, true, []*replica{four, six}},
	} {
		t.Run(name, func(t *testing.T) {
			dns := dnstest.Start(t)
			if dns.SetA(service); c.four {
				dns.SetA(service, four.host)
			}
			if dns.SetAAAA(service); c.six {
				dns.SetAAAA(service, six.host)
			}
			e := harness.StartEdge(t, nil, harness.Setup{Zones: zoneOf(dns, port, c.words...)})
			by := map[string]bool{}
			for range 20 {
				by[edgetest.Get(t, edgetest.PlainClient(t), e.URL("/quick")).Text] = true
			}
			counted := 0.0
			for _, r := range replicas {
				counted += stateOf(t, e, r, "healthy")
			}
			assert.InDelta(t, len(c.used), counted, 0)
			assert.Len(t, by, len(c.used))
			for _, r := range c.used {
				assert.True(t, by[r.host], r.host)
			}
		})
	}
}

func TestTheServicesOfTheLowestPriorityThatHasAFitOneAreUsed(t *testing.T) {
	t.Parallel()
	first, second := ownReplica(t), ownReplica(t)
	dns := dnstest.Start(t)
	const name = "_web._tcp.test"
	srv := func(priority uint16, r *replica) dnstest.SRV {
		port, err := strconv.ParseUint(r.address[strings.LastIndex(r.address, ":")+1:], 10, 16)
		require.NoError(t, err)
		return dnstest.SRV{Priority: priority, Port: uint16(port), Target: "host.test"} // which only this server knows
	}
	dns.SetA("host.test", "127.0.0.1")
	dns.SetSRV(name, srv(20, second), srv(10, first))
	e := harness.StartEdge(t, nil, harness.Setup{
		Zones: fmt.Sprintf("\t\tzone web / srv+http://%s {\n\t\t\tresolvers %s\n\t\t}\n", name, dns.Addr()),
	})
	l := startLoad(t, e)
	l.goesOn(t, 20)
	assert.Zero(t, second.arrived())

	l.stopBetween(t, first, first, second)
	first.stop(t)
	edgetest.Eventually(t, edgetest.Patience, func() bool { return second.arrived() > 20 }, "the second one is used")
	before := first.arrived()
	first.start(t)
	edgetest.Eventually(t, edgetest.Patience, func() bool { return first.arrived() > before+20 },
		"the first one is used again")
	between := second.arrived()
	l.goesOn(t, 20)
	assert.Equal(t, between, second.arrived(), "the second one no more")

	third := ownReplica(t)
	dns.SetSRV(name, srv(20, second), srv(10, first), srv(5, third))
	edgetest.Eventually(t, edgetest.Patience, func() bool { return third.arrived() > 20 }, "a lower one is used")
	l.requireGood(t)
	assert.Positive(t, dns.Asked(name, dnsmessage.TypeSRV))
}

// ownReplica is a replica on a port of its own.
func ownReplica(t testing.TB) *replica {
	t.Helper()
	list, _ := startReplicas(t, "127.0.0.1")
	return list[0]
}
