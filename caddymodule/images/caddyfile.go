package images

import (
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/dustin/go-humanize"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/words"
)

// Words of the two image blocks. A test compares them with the reference in docs/caddyfile.md.
var (
	Words = []string{
		"concurrency", "max_pixels", "timeout", "queue", "queue_wait", "sources", "shared_pixels", "first_format_after",
		"cache_size", "memory",
	}

	ZoneWords = []string{
		"sizes", "formats", "qualities", "remote", "local", "min_ttl", "svg", "private_addresses", "redirects", "redirects_anywhere", "max_source", "forward",
	}
)

// Parse reads the block of the global option.
func (s *Settings) Parse(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.Errf("image takes a block here, found %q; `image off` belongs into a zone's block", d.Val())
	}
	return words.EachWord(d, func(word string) (err error) {
		switch word {
		case "concurrency":
			s.Concurrency, err = words.CountArg(d, 1)
		case "max_pixels":
			var pixels int
			pixels, err = words.CountArg(d, 1)
			s.MaxPixels = int64(pixels)
		case "timeout":
			s.Timeout, err = words.PositiveDuration(d)
		case "queue":
			s.Queue, err = words.CountArg(d, 1)
		case "queue_wait":
			s.QueueWait, err = words.PositiveDuration(d)
		case "sources":
			s.Sources, err = words.CountArg(d, 1)
		case "shared_pixels":
			s.SharedPixels, err = words.SizeArg(d, true)
		case "first_format_after":
			s.FirstFormatAfter, err = words.DurationOrOff(d)
		case "cache_size":
			s.CacheSize, err = words.SizeArg(d, false)
		case "memory":
			s.Memory, err = words.SizeArg(d, true)
		default:
			err = d.Errf("unknown word %q in image; allowed: %s", word, strings.Join(Words, ", "))
		}
		return err
	})
}

// ParseZone reads `image off`, or what the zone's optimizer allows.
func ParseZone(d *caddyfile.Dispenser) (*ZoneSettings, error) {
	image := new(ZoneSettings)
	if d.NextArg() {
		if d.Val() != "off" || d.NextArg() {
			return nil, d.Errf("image takes off or a block, found %q", d.Val())
		}
		image.Off = true
		if d.NextBlock(d.Nesting()) {
			return nil, d.Err("image off takes no block")
		}
		return image, nil
	}
	seen := map[string]bool{}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		word := d.Val()
		if seen[word] && !repeatable[word] {
			return nil, d.Errf("%s is written twice", word)
		}
		seen[word] = true
		if err := image.parseWord(d); err != nil {
			return nil, err
		}
		if err := image.check(); err != nil {
			return nil, d.Errf("image: %v", err)
		}
	}
	return image, nil
}

// repeatable are the words of the zone's block whose arguments add up.
var repeatable = map[string]bool{"sizes": true, "formats": true, "qualities": true, "remote": true, "local": true, "forward": true}

func (z *ZoneSettings) parseWord(d *caddyfile.Dispenser) error {
	word := d.Val()
	var err error
	switch word {
	case "sizes":
		z.Sizes, err = words.CountArgs(d, z.Sizes)
	case "formats":
		z.Formats, err = words.TextArgs(d, z.Formats, "avif, webp or both")
	case "qualities":
		z.Qualities, err = words.CountArgs(d, z.Qualities)
	case "remote":
		z.Remote, err = words.TextArgs(d, z.Remote, "one or more URLs such as https://cdn.example.com/**")
	case "local":
		z.Local, err = words.TextArgs(d, z.Local, "one or more paths such as /photos/**")
	case "min_ttl":
		var text string
		if err = words.OneArg(d, &text, "a duration such as 4h"); err == nil {
			ttl, failed := caddy.ParseDuration(text)
			if failed != nil || ttl < 0 {
				return d.Errf("min_ttl takes a duration such as 4h, found %q", text)
			}
			z.MinTTL = new(caddy.Duration(ttl))
		}
	case "svg":
		z.SVG, err = true, words.NoArgs(d)
	case "private_addresses":
		z.PrivateAddresses, err = true, words.NoArgs(d)
	case "redirects":
		var count int
		count, err = words.CountArg(d, 0)
		z.Redirects = &count
	case "redirects_anywhere":
		z.RedirectsAnywhere, err = true, words.NoArgs(d)
	case "max_source":
		var text string
		if err = words.OneArg(d, &text, "a size such as 50MB"); err == nil {
			size, failed := humanize.ParseBytes(text)
			if failed != nil || size == 0 || size > 1<<40 {
				return d.Errf("max_source takes a size such as 50MB, found %q", text)
			}
			z.MaxSource = int64(size)
		}
	case "forward":
		return z.parseForward(d)
	default:
		return d.Errf("unknown word %q in image; allowed: %s", word, strings.Join(ZoneWords, ", "))
	}
	return err
}

// parseForward reads `forward <path> cookie|header <names...>`.
func (z *ZoneSettings) parseForward(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) < 3 || args[1] != "cookie" && args[1] != "header" {
		return d.Err("forward takes a path, then cookie or header, then names: `forward /private/** cookie session`")
	}
	var forward *ForwardConfig
	for i := range z.Forward {
		if z.Forward[i].Path == args[0] {
			forward = &z.Forward[i]
		}
	}
	if forward == nil {
		z.Forward = append(z.Forward, ForwardConfig{Path: args[0]})
		forward = &z.Forward[len(z.Forward)-1]
	}
	if args[1] == "cookie" {
		forward.Cookies = append(forward.Cookies, args[2:]...)
	} else {
		forward.Headers = append(forward.Headers, args[2:]...)
	}
	return nil
}
