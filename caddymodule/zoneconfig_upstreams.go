package caddymodule

import (
	"fmt"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddyserver/caddy/v2"
)

// leaseUpstreams takes the state of each zone's upstreams from the pool.
func (h *Handler) leaseUpstreams(repl *caddy.Replacer) error {
	h.upstreams = make([][]*zones.Upstream, len(h.Zones))
	for i, config := range h.Zones {
		if len(config.Upstreams) == 0 && config.Export == "" {
			return fmt.Errorf("zone %s: it has no upstream", config.label())
		}
		addresses, err := config.upstreamAddresses(repl)
		if err != nil {
			return err
		}
		for _, address := range addresses {
			upstream, err := leaseUpstream(address)
			if err != nil {
				return fmt.Errorf("zone %s: %w", config.label(), err)
			}
			h.leases = append(h.leases, address)
			h.upstreams[i] = append(h.upstreams[i], upstream)
		}
	}
	return nil
}

// upstreamAddresses reads the zone's upstreams, replacing global placeholders such as {env.WEB}.
func (c ZoneConfig) upstreamAddresses(repl *caddy.Replacer) ([]upstreamAddress, error) {
	addresses := make([]upstreamAddress, 0, len(c.Upstreams))
	for _, upstream := range c.Upstreams {
		replaced, err := repl.ReplaceOrErr(upstream, true, true)
		if err != nil {
			return nil, fmt.Errorf("zone %s: upstream %q: %w", c.label(), upstream, err)
		}
		address, err := parseUpstream(replaced)
		if err != nil {
			return nil, fmt.Errorf("zone %s: upstream %q: %w", c.label(), upstream, err)
		}
		addresses = append(addresses, address)
	}
	return addresses, nil
}
