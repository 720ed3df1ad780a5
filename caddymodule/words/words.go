package words

import (
	"math"
	"strconv"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/dustin/go-humanize"
)

// OneArg reads the one argument of a word that may be there once.
func OneArg(d *caddyfile.Dispenser, target *string, what string) error {
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

// PositiveDuration reads a duration of at least 1 ms.
func PositiveDuration(d *caddyfile.Dispenser) (caddy.Duration, error) {
	word := d.Val()
	var value string
	if err := OneArg(d, &value, "a duration such as 10s"); err != nil {
		return 0, err
	}
	return ParseDuration(d, word, value)
}

// DurationOrOff reads a duration, for which `off` stands too: -1.
func DurationOrOff(d *caddyfile.Dispenser) (caddy.Duration, error) {
	word := d.Val()
	var value string
	if err := OneArg(d, &value, "a duration such as 10s, or off"); err != nil {
		return 0, err
	}
	if value == "off" {
		return -1, nil
	}
	return ParseDuration(d, word, value)
}

// ParseDuration reads a value of a word as a duration of at least 1 ms.
func ParseDuration(d *caddyfile.Dispenser, word, value string) (caddy.Duration, error) {
	duration, err := caddy.ParseDuration(value)
	if err != nil {
		return 0, d.Errf("%s takes a duration such as 10s, found %q", word, value)
	}
	if duration < time.Millisecond {
		return 0, d.Errf("%s takes a duration of at least 1ms, found %q", word, value)
	}
	return caddy.Duration(duration), nil
}

// EachWord reads the words of a block, none of which may be there twice.
func EachWord(d *caddyfile.Dispenser, read func(word string) error) error {
	seen := map[string]bool{}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		word := d.Val()
		if seen[word] {
			return d.Errf("%s is written twice", word)
		}
		seen[word] = true
		if err := read(word); err != nil {
			return err
		}
	}
	return nil
}

// OffArg reads the word off.
func OffArg(d *caddyfile.Dispenser) error {
	word, value := d.Val(), ""
	if err := OneArg(d, &value, "off"); err != nil {
		return err
	}
	if value != "off" {
		return d.Errf("%s takes off, found %q", word, value)
	}
	return nil
}

// SizeArg reads a size in bytes; -1 stands for off.
func SizeArg(d *caddyfile.Dispenser, mayBeOff bool) (int64, error) {
	word, what := d.Val(), "a size such as 64MiB"
	if mayBeOff {
		what = "off or " + what
	}
	var value string
	if err := OneArg(d, &value, what); err != nil {
		return 0, err
	}
	if mayBeOff && value == "off" {
		return -1, nil
	}
	size, err := humanize.ParseBytes(value)
	if err != nil || size == 0 || size > math.MaxInt64 {
		return 0, d.Errf("%s takes %s, found %q", word, what, value)
	}
	return int64(size), nil
}

// TextArgs reads at least one argument.
func TextArgs(d *caddyfile.Dispenser, list []string, what string) ([]string, error) {
	word, args := d.Val(), d.RemainingArgs()
	if len(args) == 0 {
		return nil, d.Errf("%s takes %s", word, what)
	}
	return append(list, args...), nil
}

// NoArgs refuses arguments of a word that takes none.
func NoArgs(d *caddyfile.Dispenser) error {
	if word := d.Val(); d.NextArg() {
		return d.Errf("%s takes no arguments, found %q", word, d.Val())
	}
	return nil
}

// CountArg reads a whole number that is at least least.
func CountArg(d *caddyfile.Dispenser, least int) (int, error) {
	word, value := d.Val(), ""
	if err := OneArg(d, &value, "a number"); err != nil {
		return 0, err
	}
	count, err := strconv.Atoi(value)
	if err != nil || count < least {
		return 0, d.Errf("%s takes a whole number of at least %d, found %q", word, least, value)
	}
	return count, nil
}

// CountArgs reads whole numbers.
func CountArgs(d *caddyfile.Dispenser, list []int) ([]int, error) {
	word, args := d.Val(), d.RemainingArgs()
	if len(args) == 0 {
		return nil, d.Errf("%s takes one or more numbers", word)
	}
	for _, arg := range args {
		count, err := strconv.Atoi(arg)
		if err != nil || count < 1 {
			return nil, d.Errf("%s takes whole numbers of at least 1, found %q", word, arg)
		}
		list = append(list, count)
	}
	return list, nil
}
