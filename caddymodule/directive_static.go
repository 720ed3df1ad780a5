package caddymodule

import (
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// parseStatic reads `static off`.
func (s *directive) parseStatic(d *caddyfile.Dispenser) error {
	if args := d.RemainingArgs(); len(args) != 1 || args[0] != "off" {
		return d.Errf("static takes off here, found %q; its bounds are global options: `nextjs { static { … } }`", strings.Join(args, " "))
	}
	s.staticOff = true
	return nil
}

// parseAssetHost reads `asset_host`.
func (s *directive) parseAssetHost(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.Errf("asset_host takes no arguments, found %q: the address of the site says the host", d.Val())
	}
	s.assetHost = true
	return nil
}
