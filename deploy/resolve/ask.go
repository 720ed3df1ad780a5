package resolve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
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
}

func newAsker(name Name, s Settings) *asker {
	a := &asker{name: name, versions: s.Versions, timeout: s.Timeout, servers: []string{""}}
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

// ask returns the targets of the name, sorted and none twice. There are none if the name leads nowhere; an error says
// that this is not known.
func (a *asker) ask(ctx context.Context) ([]Target, error) {
	if address, err := netip.ParseAddr(a.name.Host); err == nil && !a.name.Service {
		return a.targets([]netip.Addr{address}), nil
	}
	ends := time.Now().Add(a.timeout)
	var failed error
	for i := range a.servers {
		next := (a.first + i) % len(a.servers)
		share := time.Until(ends) / time.Duration(len(a.servers)-i)
		targets, err := a.askServer(ctx, a.servers[next], share)
		if err == nil {
			a.first = next
			return targets, nil
		}
		if failed != nil {
			err = fmt.Errorf("%w; %w", failed, err)
		}
		failed = err
	}
	return nil, failed
}

// askServer asks one server, which gets a share of the time so that the others get theirs.
func (a *asker) askServer(ctx context.Context, server string, share time.Duration) ([]Target, error) {
	ctx, cancel := context.WithTimeout(ctx, share)
	defer cancel()
	q := newQuestion(ctx, server, a.timeout/triesInTimeout)
	if a.name.Service {
		records, err := q.services(ctx, a.name.Host)
		targets := serviceTargets(records)
		if err != nil || server == "" {
			return targets, err
		}
		return a.locate(ctx, q, targets)
	}
	addresses, err := a.addresses(ctx, q, a.name.Host)
	return a.targets(addresses), err
}

// locate asks for the addresses of services. Each is one target, and a host that has none leads nowhere.
func (a *asker) locate(ctx context.Context, q question, services []Target) (targets []Target, err error) {
	known := map[string][]netip.Addr{}
	for _, service := range services[:min(len(services), MaxTargets)] {
		addresses, asked := known[service.Host]
		if !asked {
			// It is a whole name (RFC 2782), for which no search domain is tried.
			if addresses, err = a.addresses(ctx, q, service.Host+"."); err != nil {
				return nil, err
			}
			known[service.Host] = addresses
		}
		_, port, _ := net.SplitHostPort(service.Dial) // it was joined
		for _, address := range addresses {
			located := service
			located.Dial = net.JoinHostPort(address.Unmap().String(), port)
			targets = append(targets, located)
		}
	}
	return distinct(targets), nil
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

// serviceTargets makes targets of the records of a service.
func serviceTargets(records []*net.SRV) (targets []Target) {
	for _, record := range records {
		host := strings.ToLower(strings.TrimSuffix(record.Target, "."))
		if host == "" {
			continue
		}
		dial := net.JoinHostPort(host, strconv.Itoa(int(record.Port)))
		targets = append(targets, Target{Dial: dial, Host: host, Priority: record.Priority})
	}
	return distinct(targets)
}

// distinct sorts targets. One that is there twice has the better of its priorities.
func distinct(targets []Target) []Target {
	best := map[string]Target{}
	for _, target := range targets {
		known, twice := best[target.Dial]
		if !twice || cmp.Or(cmp.Compare(target.Priority, known.Priority), strings.Compare(target.Host, known.Host)) < 0 {
			best[target.Dial] = target
		}
	}
	return slices.SortedFunc(maps.Values(best), func(a, b Target) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), strings.Compare(a.Dial, b.Dial))
	})
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
