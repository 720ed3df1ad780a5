package caddymodule

import (
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// parseRepair reads `repair off|{ <name> off … }`.
func (s *directive) parseRepair(d *caddyfile.Dispenser) error {
	s.repair = new(Repairs)
	switch args := d.RemainingArgs(); {
	case len(args) == 1 && args[0] == "off":
		s.repair.Off = true
		return nil
	case len(args) > 0:
		return d.Errf("repair takes off, or a block of names, found %q", strings.Join(args, " "))
	}
	seen := map[string]bool{}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		name := d.Val()
		r, err := repairNamed(name)
		if err != nil {
			return d.Errf("repair: %v", err)
		}
		if seen[name] {
			return d.Errf("%s is written twice", name)
		}
		seen[name] = true
		if err := parseOneRepair(s.repair, d, r); err != nil {
			return err
		}
	}
	if len(seen) == 0 {
		return d.Errf("repair without names says nothing; known: %s", strings.Join(repairNames[:], ", "))
	}
	return nil
}

// parseOneRepair reads what stands after the name of a repair.
func parseOneRepair(s *Repairs, d *caddyfile.Dispenser, r repair) (err error) {
	args := d.RemainingArgs()
	switch {
	case len(args) == 1 && args[0] == "off":
		s.Disabled = append(s.Disabled, r.String())
		return nil
	case r == repairPrefetchFlood && len(args) == 2:
		s.PrefetchFlood, err = parsePrefetchFlood(d, args)
		return err
	case r == repairPrefetchFlood:
		return d.Errf("%s takes off, or a count and a duration such as 20 10s, found %q", r, strings.Join(args, " "))
	}
	return d.Errf("%s takes off, found %q: it is on without it", r, strings.Join(args, " "))
}
