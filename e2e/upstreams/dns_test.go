//go:build e2e

package upstreams_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/dnstest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// service is the name of the replicas in DNS.
const service = "web.test"

// hosts are addresses of loopback that need no setting up.
var hosts = []string{"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6"}

// zoneOf is a zone whose upstreams DNS tells. words stand in it.
func zoneOf(dns *dnstest.Server, port string, words ...string) string {
	if !strings.Contains(strings.Join(words, " "), "queue") {
		words = append(words, "queue off") // what is not there shows at once
	}
	return fmt.Sprintf("\t\tzone web / dns+http://%s:%s {\n\t\t\tresolvers %s\n\t\t\t%s\n\t\t}\n",
		service, port, dns.Addr(), strings.Join(words, "\n\t\t\t"))
}

// rename makes the service lead to replicas, and returns when.
func rename(dns *dnstest.Server, replicas ...*replica) time.Time {
	var addresses []string
	for _, r := range replicas {
		addresses = append(addresses, r.host)
	}
	now := time.Now()
	dns.SetA(service, addresses...)
	return now
}

// waitAsked waits until DNS was asked for the service again, so many times.
func waitAsked(t testing.TB, dns *dnstest.Server, times int) {
	t.Helper()
	before := dns.Asked(service, dnsmessage.TypeA)
	edgetest.Eventually(t, edgetest.Patience, func() bool { return dns.Asked(service, dnsmessage.TypeA) >= before+times },
		"DNS is asked %d times more", times)
}

// stateOf returns 1 for the state that a replica is in, 0 for the others.
func stateOf(t testing.TB, e *harness.Edge, r *replica, state string) float64 {
	t.Helper()
	return e.Metric(t, fmt.Sprintf(`caddy_nextjs_upstream_state{state=%q,upstream=%q,zone="web"}`, state, r.address))
}

// outage is a time for which DNS names no replica.
type outage struct{ begun, over time.Time }

func TestReplicasComeAndGoUnderLoad(t *testing.T) {
	t.Parallel()
	e, dns, replicas := startService(t, 5, 1)
	l := startLoad(t, e)
	l.goesOn(t, 20)

	l.requireUsed(t, rename(dns, replicas...), replicas...) // 1 → 5

	leaving := replicas[2:]
	edgetest.Eventually(t, edgetest.Patience, func() bool { return slices.ContainsFunc(leaving, (*replica).isBusy) },
		"one of those that go is at a slow answer")
	left := rename(dns, replicas[:2]...) // 5 → 2
	l.requireUnused(t, left, leaving...)

	requireNoChange(t, dns, replicas[:2])

	none := outage{begun: rename(dns)} // 2 → 0
	l.requireUnused(t, none.begun, replicas...)
	l.goesOn(t, 20)
	none.over = rename(dns, leaving...) // 0 → 3
	l.requireUsed(t, none.over, leaving...)
	l.goesOn(t, 50)

	unknown := outage{begun: time.Now()}
	dns.NXDomain(service)
	l.requireUnused(t, unknown.begun, replicas...)
	unknown.over = rename(dns, replicas[1])
	l.requireUsed(t, unknown.over, replicas[1])
	l.goesOn(t, 50)

	l.requireGood(t, none, unknown)
	assert.NotEmpty(t, l.Since(time.Time{}, func(a harness.LoadAnswer) bool {
		wasThere := slices.ContainsFunc(leaving, func(r *replica) bool { return r.host == a.From })
		return wasThere && !isQuick(a) && a.IsGood() && a.WasOpenAt(left)
	}), "what was in flight at one that has gone has ended")
}

// requireNoChange checks that what is no answer of DNS changes nothing.
func requireNoChange(t *testing.T, dns *dnstest.Server, replicas []*replica) {
	t.Helper()
	for _, trouble := range []struct {
		name string
		make func()
	}{
		{"SERVFAIL", func() { dns.Fail(service, dnsmessage.RCodeServerFailure) }},
		{"silence", func() { dns.Silent(service) }},
		{"what is no message", func() { dns.Garbage(service) }},
	} {
		trouble.make()
		waitAsked(t, dns, 3)
		from := time.Now()
		edgetest.Eventually(t, edgetest.Patience, func() bool {
			return !slices.ContainsFunc(replicas, func(r *replica) bool { return len(r.arrivedSince(from)) == 0 })
		}, "all are used on after %s", trouble.name)
	}
	dns.SetAAAA(service)
	rename(dns, replicas...)
	waitAsked(t, dns, 2)
}
