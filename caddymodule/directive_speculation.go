package caddymodule

import "github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

// parseSpeculation reads `speculation off|prefetch|prerender [conservative|moderate|eager]`; off is nil.
func parseSpeculation(d *caddyfile.Dispenser) (*Speculation, error) {
	args := d.RemainingArgs()
	if len(args) == 1 && args[0] == "off" {
		return nil, nil
	}
	if len(args) < 1 || len(args) > 2 {
		return nil, d.Errf("speculation takes off, prefetch or prerender, and then conservative, moderate or eager; found %d arguments", len(args))
	}
	s := &Speculation{Action: args[0]}
	if len(args) == 2 {
		s.Eagerness = args[1]
	}
	if err := s.rules().Validate(); err != nil {
		return nil, d.Errf("speculation: %v", err)
	}
	return s, nil
}
