package caddymodule

import (
	"math"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/dustin/go-humanize"
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

// headerSize reads max_header_size.
func headerSize(d *caddyfile.Dispenser) (int, error) {
	var value string
	if err := oneArg(d, &value, "a size such as 16KiB"); err != nil {
		return 0, err
	}
	size, err := humanize.ParseBytes(value)
	if err != nil {
		return 0, d.Errf("max_header_size takes a size such as 16KiB, found %q", value)
	}
	if size < minHeaderSize || size > math.MaxInt32-serverRoom {
		return 0, d.Errf("max_header_size takes a size from 1KiB to 2GiB, found %q", value)
	}
	return int(size), nil
}
