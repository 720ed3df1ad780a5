package resolve

import (
	"cmp"
	"context"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// questionsAtOnce bounds how many hosts of a service are asked for at one time.
const questionsAtOnce = 16

// hosts are the addresses of the hosts of a service, by their names.
type hosts map[string][]netip.Addr

// hostsOf returns which addresses the hosts of a service have, as far as its targets say.
func hostsOf(targets []Target) hosts {
	known := hosts{}
	for _, target := range targets {
		host, _, _ := net.SplitHostPort(target.Dial) // it was joined
		if address, err := netip.ParseAddr(host); err == nil && target.Host != "" {
			known[target.Host] = append(known[target.Host], address)
		}
	}
	return known
}

// locate asks for the addresses of services. Each is one target, and a host that has none leads nowhere. One that gives
// no answer is where it was before, unless that is so of all: then nothing is known.
func (a *asker) locate(ctx context.Context, q question, services []Target) (answer, error) {
	services = services[:min(len(services), MaxTargets)]
	found, failed := a.askHosts(ctx, q, services)
	if len(failed) > 0 && len(failed) == len(found) {
		return answer{}, firstOf(failed)
	}
	for host := range failed {
		found[host] = a.hosts[host]
	}
	var targets []Target
	for _, service := range services {
		_, port, _ := net.SplitHostPort(service.Dial) // it was joined
		for _, address := range found[service.Host] {
			located := service
			located.Dial = net.JoinHostPort(address.Unmap().String(), port)
			targets = append(targets, located)
		}
	}
	return answer{targets: distinct(targets), hosts: found, missing: firstOf(failed)}, nil
}

// askHosts asks for the addresses of the hosts of services, of several at once. Those that give no answer are in both
// results.
func (a *asker) askHosts(ctx context.Context, q question, services []Target) (found hosts, failed map[string]error) {
	var names []string
	for _, service := range services {
		names = append(names, service.Host)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	addresses, errs := make([][]netip.Addr, len(names)), make([]error, len(names))
	room := make(chan struct{}, questionsAtOnce)
	var asking sync.WaitGroup
	for i, name := range names {
		room <- struct{}{}
		asking.Go(func() {
			// It is a whole name (RFC 2782), for which no search domain is tried.
			addresses[i], errs[i] = a.addresses(ctx, q, name+".")
			<-room
		})
	}
	asking.Wait()
	found, failed = hosts{}, map[string]error{}
	for i, name := range names {
		found[name] = addresses[i]
		if errs[i] != nil {
			failed[name] = errs[i]
		}
	}
	return found, failed
}

// firstOf returns the error of the host that is first by its name, nil without any: one that is the same at each
// question is no news.
func firstOf(failed map[string]error) error {
	if len(failed) == 0 {
		return nil
	}
	return failed[slices.Min(slices.Collect(maps.Keys(failed)))]
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
