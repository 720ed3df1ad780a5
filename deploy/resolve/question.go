package resolve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// triesInTimeout is how many tries have room in the time-out of a question.
const triesInTimeout = 4

// question asks one server, or those of the system, by Go's own resolver. That of the C library, which Go takes on some
// systems, tells less of why there is no answer and cannot be stopped; sources that only that one knows (mDNS, LDAP)
// are not asked.
//
// Go's resolver waits 5 s for each try and runs on when its caller has given up. So it gets a context that does not
// end, and the connections it makes end with the question: whatever it tries then fails at once, and it returns.
type question struct {
	resolver *net.Resolver
	server   string
}

// newQuestion makes a question that fails when ctx ends. Each of its messages waits for its answer as long as try.
func newQuestion(ctx context.Context, server string, try time.Duration) question {
	dial := func(_ context.Context, network, address string) (net.Conn, error) {
		if server != "" {
			address = server
		}
		return connect(ctx, network, address, try)
	}
	// With StrictErrors a search domain that fails is no sign that the name is not there.
	return question{resolver: &net.Resolver{PreferGo: true, StrictErrors: true, Dial: dial}, server: server}
}

// addresses asks for those of one version, which is ip4 or ip6.
func (q question) addresses(ctx context.Context, version, host string) ([]netip.Addr, error) {
	addresses, err := q.resolver.LookupNetIP(context.WithoutCancel(ctx), version, host)
	record := map[string]string{"ip4": "A", "ip6": "AAAA"}[version]
	return addresses, q.failure(record, err)
}

// services asks for SRV records.
func (q question) services(ctx context.Context, name string) ([]*net.SRV, error) {
	_, records, err := q.resolver.LookupSRV(context.WithoutCancel(ctx), "", "", name)
	return records, q.failure("SRV", err)
}

// failure returns why there is no answer, or nil if there is one.
func (q question) failure(record string, err error) error {
	if err == nil || isNone(err) {
		return nil
	}
	if dnsError, ok := errors.AsType[*net.DNSError](err); ok && q.server != "" {
		// Go's resolver believes that it asked a server of the system.
		dnsError.Server = q.server
	}
	return fmt.Errorf("asking for %s records: %w", record, err)
}
