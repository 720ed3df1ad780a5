package fleet

import (
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/words"
)

// Words are those of a zone that are about its upstreams. A test compares them with the reference in
// docs/caddyfile.md.
var Words = []string{
	"action_body", "eject", "health", "keep", "max_age", "max_concurrent", "pin_cookie", "queue", "refresh", "resolvers",
	"retries", "slow_start", "sticky", "versions",
}

// Words of the blocks of health and eject.
var (
	HealthWords = []string{"interval", "timeout", "passes", "fails", "host"}
	EjectWords  = []string{"silence", "for", "max"}
)

// ParseWord reads one of Words.
func (s *Settings) ParseWord(d *caddyfile.Dispenser) (err error) {
	switch word := d.Val(); word {
	case "action_body":
		s.ActionBody, err = words.SizeArg(d, true)
	case "health":
		err = s.parseHealth(d)
	case "eject":
		err = s.parseEject(d)
	case "keep":
		s.Keep, err = words.CountArg(d, 1)
	case "max_age":
		s.MaxAge, err = words.PositiveDuration(d)
	case "pin_cookie":
		err = words.OneArg(d, &s.PinCookie, strings.Join(pinCookieWords, ", "))
	case "slow_start":
		s.SlowStart, err = words.DurationOrOff(d)
	case "max_concurrent":
		s.MaxConcurrent, err = words.CountArg(d, 1)
	case "queue":
		err = s.parseQueue(d)
	case "retries":
		s.RetriesOff = true
		err = words.OffArg(d)
	case "sticky":
		err = s.parseSticky(d)
	case "refresh":
		s.Refresh, err = words.PositiveDuration(d)
	case "resolvers":
		s.Resolvers, err = words.TextArgs(d, s.Resolvers, "one or more name servers, host or host:port")
	case "versions":
		s.Versions, err = words.TextArgs(d, s.Versions, "ipv4, ipv6 or both")
	}
	if err == nil {
		if wrong := s.Check(); wrong != nil {
			err = d.Err(wrong.Error())
		}
	}
	return err
}

// parseHealth reads `health <path>|tcp|off`, and the block behind it.
func (s *Settings) parseHealth(d *caddyfile.Dispenser) error {
	if s.Health != nil {
		return d.Err("health is written twice")
	}
	s.Health = new(Health)
	if err := words.OneArg(d, &s.Health.Ask, "a path, tcp or off"); err != nil {
		return err
	}
	return words.EachWord(d, func(word string) (err error) {
		switch word {
		case "interval":
			s.Health.Interval, err = words.PositiveDuration(d)
		case "timeout":
			s.Health.Timeout, err = words.PositiveDuration(d)
		case "passes":
			s.Health.Passes, err = words.CountArg(d, 1)
		case "fails":
			s.Health.Fails, err = words.CountArg(d, 1)
		case "host":
			err = words.OneArg(d, &s.Health.Host, "a host")
		default:
			err = d.Errf("unknown word %q in health; allowed: %s", word, strings.Join(HealthWords, ", "))
		}
		return err
	})
}

// parseEject reads `eject off`, or its block.
func (s *Settings) parseEject(d *caddyfile.Dispenser) error {
	if s.Eject != nil {
		return d.Err("eject is written twice")
	}
	s.Eject = new(Eject)
	if args := d.RemainingArgs(); len(args) > 0 {
		if len(args) > 1 || args[0] != "off" {
			return d.Errf("eject takes off or a block, found %q", strings.Join(args, " "))
		}
		s.Eject.Off = true
	}
	return words.EachWord(d, func(word string) (err error) {
		switch word {
		case "silence":
			s.Eject.Silence, err = words.PositiveDuration(d)
		case "for":
			s.Eject.For, err = words.PositiveDuration(d)
		case "max":
			s.Eject.Max, err = words.PositiveDuration(d)
		default:
			err = d.Errf("unknown word %q in eject; allowed: %s", word, strings.Join(EjectWords, ", "))
		}
		return err
	})
}

// parseQueue reads `queue <size> [<time>]` or `queue off`.
func (s *Settings) parseQueue(d *caddyfile.Dispenser) (err error) {
	if s.Queue != nil {
		return d.Err("queue is written twice")
	}
	s.Queue = new(Queue)
	args := d.RemainingArgs()
	if len(args) == 1 && args[0] == "off" {
		s.Queue.Off = true
		return nil
	}
	if len(args) == 0 || len(args) > 2 {
		return d.Errf("queue takes off, or a number of requests and a time such as 10s, found %q", strings.Join(args, " "))
	}
	if s.Queue.Size, err = strconv.Atoi(args[0]); err != nil || s.Queue.Size < 1 {
		return d.Errf("queue takes a number of requests that is at least 1, found %q", args[0])
	}
	if len(args) == 2 {
		s.Queue.Within, err = words.ParseDuration(d, "queue", args[1])
	}
	return err
}

// parseSticky reads `sticky cookie [<secret>]` or `sticky header <name>`.
func (s *Settings) parseSticky(d *caddyfile.Dispenser) error {
	if s.Sticky != nil {
		return d.Err("sticky is written twice")
	}
	switch args := d.RemainingArgs(); {
	case len(args) == 1 && args[0] == "cookie":
		s.Sticky = &Sticky{Cookie: true}
	case len(args) == 2 && args[0] == "cookie" && args[1] != "":
		s.Sticky = &Sticky{Cookie: true, Secret: args[1]}
	case len(args) == 2 && args[0] == "header":
		s.Sticky = &Sticky{Header: args[1]}
	default:
		return d.Errf("sticky takes `cookie [<secret>]` or `header <name>`, found %q", strings.Join(args, " "))
	}
	return nil
}
