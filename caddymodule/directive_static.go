package caddymodule

import (
	"math"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/dustin/go-humanize"
)

// parseStatic reads `static off`, or
//
//	static {
//		memory off|<size>
//	}
func (s *site) parseStatic(d *caddyfile.Dispenser) error {
	switch args := d.RemainingArgs(); {
	case len(args) == 1 && args[0] == "off":
		s.staticOff = true
		return nil
	case len(args) > 0:
		return d.Errf("static takes off or a block, found %q", args[0])
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if d.Val() != "memory" {
			return d.Errf("unknown word %q in static; allowed: memory", d.Val())
		}
		var value string
		if err := oneArg(d, &value, "off or a size such as 64MiB"); err != nil {
			return err
		}
		if s.staticMemory != 0 {
			return d.Err("memory is written twice")
		}
		if value == "off" {
			s.staticMemory = -1
			continue
		}
		size, err := humanize.ParseBytes(value)
		if err != nil || size == 0 || size > math.MaxInt64 {
			return d.Errf("memory takes off or a size such as 64MiB, found %q", value)
		}
		s.staticMemory = int64(size)
	}
	return nil
}
