package guard

import (
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/words"
)

// ParseRepairs reads `repair off|{ <name> off … }`.
func ParseRepairs(d *caddyfile.Dispenser) (*edge.Repairs, error) {
	s := new(edge.Repairs)
	switch args := d.RemainingArgs(); {
	case len(args) == 1 && args[0] == "off":
		s.Off = true
		return s, nil
	case len(args) > 0:
		return nil, d.Errf("repair takes off, or a block of names, found %q", strings.Join(args, " "))
	}
	seen := map[string]bool{}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		name := d.Val()
		r, err := edge.RepairNamed(name)
		if err != nil {
			return nil, d.Errf("repair: %v", err)
		}
		if seen[name] {
			return nil, d.Errf("%s is written twice", name)
		}
		seen[name] = true
		if err := parseOne(s, d, r); err != nil {
			return nil, err
		}
	}
	if len(seen) == 0 {
		return nil, d.Errf("repair without names says nothing; known: %s", strings.Join(edge.RepairNames[:], ", "))
	}
	return s, nil
}

// parseOne reads what stands after the name of a repair.
func parseOne(s *edge.Repairs, d *caddyfile.Dispenser, r edge.Repair) (err error) {
	args := d.RemainingArgs()
	switch {
	case len(args) == 1 && args[0] == "off":
		s.Disabled = append(s.Disabled, r.String())
		return nil
	case r == edge.RepairPrefetchFlood && len(args) == 2:
		s.PrefetchFlood, err = parsePrefetchFlood(d, args)
		return err
	case r == edge.RepairPrefetchFlood:
		return d.Errf("%s takes off, or a count and a duration such as 20 10s, found %q", r, strings.Join(args, " "))
	}
	return d.Errf("%s takes off, found %q: it is on without it", r, strings.Join(args, " "))
}

// parsePrefetchFlood reads the arguments of `prefetch_flood <count> <window>`.
func parsePrefetchFlood(d *caddyfile.Dispenser, args []string) (*edge.PrefetchFlood, error) {
	count, err := strconv.Atoi(args[0])
	if err != nil {
		return nil, d.Errf("prefetch_flood takes off, or a count and a duration such as 20 10s, found %q", args[0])
	}
	window, err := words.ParseDuration(d, "prefetch_flood", args[1])
	if err != nil {
		return nil, err
	}
	p := &edge.PrefetchFlood{Count: count, Window: window}
	if _, err := p.Limit(); err != nil {
		return nil, d.Errf("prefetch_flood: %v", err)
	}
	return p, nil
}
