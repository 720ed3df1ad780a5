package caddymodule

import (
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// parseRepair reads `repair off|{ <name> off … }`.
func (s *site) parseRepair(d *caddyfile.Dispenser) error {
	s.repair = new(Repairs)
	switch args := d.RemainingArgs(); {
	case len(args) == 1 && args[0] == "off":
		s.repair.Off = true
		return nil
	case len(args) > 0:
		return d.Errf("repair takes off, or a block of names, found %q", strings.Join(args, " "))
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		name := d.Val()
		if _, err := repairNamed(name); err != nil {
			return d.Errf("repair: %v", err)
		}
		if args := d.RemainingArgs(); len(args) != 1 || args[0] != "off" {
			return d.Errf("%s takes off, found %q: it is on without it", name, strings.Join(args, " "))
		}
		if slices.Contains(s.repair.Disabled, name) {
			return d.Errf("%s is written twice", name)
		}
		s.repair.Disabled = append(s.repair.Disabled, name)
	}
	if len(s.repair.Disabled) == 0 {
		return d.Errf("repair without names says nothing; known: %s", strings.Join(repairNames[:], ", "))
	}
	return nil
}
