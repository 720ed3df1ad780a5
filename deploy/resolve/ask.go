package resolve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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
		return serviceTargets(records), err
	}
	addresses, err := a.addresses(ctx, q)
	return a.targets(addresses), err
}

// addresses asks for those of the versions that are wanted. The other version is asked for only after an answer: one
// that did not come is no sign that there are none of the first.
func (a *asker) addresses(ctx context.Context, q question) ([]netip.Addr, error) {
	switch a.versions {
	case OnlyIPv4:
		return q.addresses(ctx, "ip4", a.name.Host)
	case OnlyIPv6:
		return q.addresses(ctx, "ip6", a.name.Host)
	}
	four, err := q.addresses(ctx, "ip4", a.name.Host)
	if err != nil || a.versions == PreferIPv4 && len(four) > 0 {
		return four, err
	}
	six, err := q.addresses(ctx, "ip6", a.name.Host)
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

// serviceTargets makes targets of the records of a service. One that is named twice has the better of its priorities.
func serviceTargets(records []*net.SRV) []Target {
	best := map[string]uint16{}
	for _, record := range records {
		host := strings.ToLower(strings.TrimSuffix(record.Target, "."))
		if host == "" {
			continue
		}
		dial := net.JoinHostPort(host, strconv.Itoa(int(record.Port)))
		if known, twice := best[dial]; !twice || record.Priority < known {
			best[dial] = record.Priority
		}
	}
	var targets []Target
	for dial, priority := range best {
		targets = append(targets, Target{Dial: dial, Priority: priority})
	}
	slices.SortFunc(targets, func(a, b Target) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), strings.Compare(a.Dial, b.Dial))
	})
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
