package caddymodule

import (
	"math"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/dustin/go-humanize"
)

// oneArg reads the one argument of a word that may be there once.
func oneArg(d *caddyfile.Dispenser, target *string, what string) error {
	word := d.Val()
	args := d.RemainingArgs()
	if len(args) != 1 {
		return d.Errf("%s takes %s, found %d arguments", word, what, len(args))
	}
	if *target != "" {
		return d.Errf("%s is written twice", word)
	}
	*target = args[0]
	return nil
}

func positiveDuration(d *caddyfile.Dispenser) (caddy.Duration, error) {
	word := d.Val()
	var value string
	if err := oneArg(d, &value, "a duration such as 10s"); err != nil {
		return 0, err
	}
	return parseDuration(d, word, value)
}

// durationOrOff reads a duration, for which `off` stands too: -1.
func durationOrOff(d *caddyfile.Dispenser) (caddy.Duration, error) {
	word := d.Val()
	var value string
	if err := oneArg(d, &value, "a duration such as 10s, or off"); err != nil {
		return 0, err
	}
	if value == "off" {
		return -1, nil
	}
	return parseDuration(d, word, value)
}

func parseDuration(d *caddyfile.Dispenser, word, value string) (caddy.Duration, error) {
	duration, err := caddy.ParseDuration(value)
	if err != nil {
		return 0, d.Errf("%s takes a duration such as 10s, found %q", word, value)
	}
	if duration < time.Millisecond {
		return 0, d.Errf("%s takes a duration of at least 1ms, found %q", word, value)
	}
	return caddy.Duration(duration), nil
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
