package resolve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// asker asks for one name.
type asker struct {
	name     Name
	versions Versions
	timeout  time.Duration
	servers  []string // host:port; "" stands for those of the system
	first    int      // index of the server to begin with: the one that answered last
	hosts    hosts    // what those of a service have last led to
}

// answer is what is known of a name.
type answer struct {
	targets []Target // sorted, none twice
	hosts   hosts    // of a service
	// missing says why a part of it is what it was before: hosts of a service that gave no answer. nil: all is of now.
	missing error
}

// newAsker returns who asks for a name that has led to the targets before.
func newAsker(name Name, s Settings, before []Target) *asker {
	a := &asker{name: name, versions: s.Versions, timeout: s.Timeout, servers: []string{""}, hosts: hostsOf(before)}
	if len(s.Resolvers) > 0 {
		a.servers = nil
		for _, server := range s.Resolvers {
			a.servers = append(a.servers, withPort(server))
		}
	}
	return a
}

// withPort adds the port of DNS to the address of a server that has none.
func withPort(server string) string {
	if _, _, err := net.SplitHostPort(server); err == nil {
		return server
	}
	return net.JoinHostPort(strings.Trim(server, "[]"), "53")
}

// ask returns what the name leads to: nothing if it is so, while an error says that this is not known. Where a server
// knows a part, the next ones may know all; if none does, the first part is the answer.
func (a *asker) ask(ctx context.Context) (answer, error) {
	if address, err := netip.ParseAddr(a.name.Host); err == nil && !a.name.Service {
		return answer{targets: a.targets([]netip.Addr{address})}, nil
	}
	ends := time.Now().Add(a.timeout)
	var part *answer
	var failed error
	for i := range a.servers {
		next := (a.first + i) % len(a.servers)
		share := time.Until(ends) / time.Duration(len(a.servers)-i)
		found, err := a.askServer(ctx, a.servers[next], share)
		if err == nil && found.missing == nil {
			a.first, a.hosts = next, found.hosts
			return found, nil
		}
		if err == nil {
			err = found.missing
			if part == nil {
				part = &found
			}
		}
		failed = join(failed, err)
	}
	if part == nil {
		return answer{}, failed
	}
	part.missing, a.hosts = failed, part.hosts
	return *part, nil
}

// join puts errors into one line. The first may be nil.
func join(first, second error) error {
	if first == nil {
		return second
	}
	return fmt.Errorf("%w; %w", first, second)
}

// askServer asks one server, which gets a share of the time so that the others get theirs.
func (a *asker) askServer(ctx context.Context, server string, share time.Duration) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, share)
	defer cancel()
	q := newQuestion(ctx, server, a.timeout/triesInTimeout)
	if a.name.Service {
		records, err := q.services(ctx, a.name.Host)
		services := serviceTargets(records)
		if err != nil || server == "" {
			return answer{targets: services}, err
		}
		return a.locate(ctx, q, services)
	}
	addresses, err := a.addresses(ctx, q, a.name.Host)
	return answer{targets: a.targets(addresses)}, err
}

// addresses asks for those of the versions that are wanted. The other version is asked for only after an answer: one
// that did not come is no sign that there are none of the first.
func (a *asker) addresses(ctx context.Context, q question, host string) ([]netip.Addr, error) {
	switch a.versions {
	case OnlyIPv4:
		return q.addresses(ctx, "ip4", host)
	case OnlyIPv6:
		return q.addresses(ctx, "ip6", host)
	}
	four, err := q.addresses(ctx, "ip4", host)
	if err != nil || a.versions == PreferIPv4 && len(four) > 0 {
		return four, err
	}
	six, err := q.addresses(ctx, "ip6", host)
	if err != nil {
		return nil, err
	}
	return append(four, six...), nil
}

func (a *asker) targets(addresses []netip.Addr) []Target {
	for i := range addresses {
		addresses[i] = addresses[i].Unmap()
	}
	slices.SortFunc(addresses, netip.Addr.Compare)
	var targets []Target
	for _, address := range slices.Compact(addresses) {
		targets = append(targets, Target{Dial: net.JoinHostPort(address.String(), a.name.Port)})
	}
	return targets
}

// isNone reports whether an error of net.Resolver is an answer: the name does not exist, or has nothing of this type.
func isNone(err error) bool {
	if dnsError, ok := errors.AsType[*net.DNSError](err); ok {
		return dnsError.IsNotFound
	}
	// A name of /etc/hosts has only addresses of the other version.
	_, otherVersion := errors.AsType[*net.AddrError](err)
	return otherVersion
}
