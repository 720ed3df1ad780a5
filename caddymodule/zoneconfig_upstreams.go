package caddymodule

import (
	"errors"
	"fmt"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/proxy"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// leasedUpstreams are the upstreams of each zone of a site, whose state is shared with other configurations.
type leasedUpstreams struct {
	ofZone []*deploy.Upstreams
	leases []proxy.Address
}

// leaseUpstreams takes the state of each zone's upstreams. What it returns is to be released also with an error.
func leaseUpstreams(list []ZoneConfig, repl *caddy.Replacer) (leased leasedUpstreams, err error) {
	leased.ofZone = make([]*deploy.Upstreams, len(list))
	for i, config := range list {
		if len(config.Upstreams) == 0 && config.Export == "" {
			return leased, fmt.Errorf("zone %s: it has no upstream", config.label())
		}
		addresses, err := config.upstreamAddresses(repl)
		if err != nil {
			return leased, err
		}
		upstreams := make([]*deploy.Upstream, 0, len(addresses))
		for _, address := range addresses {
			upstream, err := proxy.Lease(address)
			if err != nil {
				return leased, fmt.Errorf("zone %s: %w", config.label(), err)
			}
			leased.leases = append(leased.leases, address)
			upstreams = append(upstreams, upstream)
		}
		leased.ofZone[i] = deploy.NewUpstreams(upstreams)
	}
	return leased, nil
}

// noteSiblings tells the zones of a site which of them are one application: those that have an upstream in common.
func (l *leasedUpstreams) noteSiblings(list []*zones.Zone) {
	for i, zone := range list {
		for j, other := range list {
			if i != j && l.ofZone[i].Share(l.ofZone[j]) {
				zone.Siblings = append(zone.Siblings, other)
			}
		}
	}
}

// release gives all upstreams back.
func (l *leasedUpstreams) release() error {
	var errs []error
	for _, lease := range l.leases {
		errs = append(errs, proxy.Release(lease))
	}
	l.leases = nil
	return errors.Join(errs...)
}

// upstreamAddresses reads the zone's upstreams, replacing global placeholders such as {env.WEB}.
func (c ZoneConfig) upstreamAddresses(repl *caddy.Replacer) ([]proxy.Address, error) {
	addresses := make([]proxy.Address, 0, len(c.Upstreams))
	for _, upstream := range c.Upstreams {
		replaced, err := repl.ReplaceOrErr(upstream, true, true)
		if err != nil {
			return nil, fmt.Errorf("zone %s: upstream %q: %w", c.label(), upstream, err)
		}
		address, err := proxy.ParseAddress(replaced)
		if err != nil {
			return nil, fmt.Errorf("zone %s: upstream %q: %w", c.label(), upstream, err)
		}
		addresses = append(addresses, address)
	}
	return addresses, nil
}
