package caddymodule

import (
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/dustin/go-humanize"
)

// Words of the two image blocks. A test compares them with the reference in docs/caddyfile.md.
var (
	imageWords = []string{"concurrency", "max_pixels", "timeout", "queue", "queue_wait", "sources", "shared_pixels", "cache_size", "memory"}

	zoneImageWords = []string{
		"sizes", "formats", "qualities", "remote", "local", "min_ttl", "svg", "private_addresses", "redirects", "redirects_anywhere", "max_source", "forward",
	}
)

// parse reads the block of the global option.
func (s *ImageSettings) parse(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.Errf("image takes a block here, found %q; `image off` belongs into a zone's block", d.Val())
	}
	return eachWord(d, func(word string) (err error) {
		switch word {
		case "concurrency":
			s.Concurrency, err = countArg(d, 1)
		case "max_pixels":
			var pixels int
			pixels, err = countArg(d, 1)
			s.MaxPixels = int64(pixels)
		case "timeout":
			s.Timeout, err = positiveDuration(d)
		case "queue":
			s.Queue, err = countArg(d, 1)
		case "queue_wait":
			s.QueueWait, err = positiveDuration(d)
		case "sources":
			s.Sources, err = countArg(d, 1)
		case "shared_pixels":
			s.SharedPixels, err = sizeArg(d, true)
		case "cache_size":
			s.CacheSize, err = sizeArg(d, false)
		case "memory":
			s.Memory, err = sizeArg(d, true)
		default:
			err = d.Errf("unknown word %q in image; allowed: %s", word, strings.Join(imageWords, ", "))
		}
		return err
	})
}

// parseZoneImage reads `image off`, or what the zone's optimizer allows.
func parseZoneImage(d *caddyfile.Dispenser) (*ZoneImage, error) {
	image := new(ZoneImage)
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

func (z *ZoneImage) parseWord(d *caddyfile.Dispenser) error {
	word := d.Val()
	var err error
	switch word {
	case "sizes":
		z.Sizes, err = countArgs(d, z.Sizes)
	case "formats":
		z.Formats, err = textArgs(d, z.Formats, "avif, webp or both")
	case "qualities":
		z.Qualities, err = countArgs(d, z.Qualities)
	case "remote":
		z.Remote, err = textArgs(d, z.Remote, "one or more URLs such as https://cdn.example.com/**")
	case "local":
		z.Local, err = textArgs(d, z.Local, "one or more paths such as /photos/**")
	case "min_ttl":
		var text string
		if err = oneArg(d, &text, "a duration such as 4h"); err == nil {
			ttl, failed := caddy.ParseDuration(text)
			if failed != nil || ttl < 0 {
				return d.Errf("min_ttl takes a duration such as 4h, found %q", text)
			}
			z.MinTTL = new(caddy.Duration(ttl))
		}
	case "svg":
		z.SVG, err = true, noArgs(d)
	case "private_addresses":
		z.PrivateAddresses, err = true, noArgs(d)
	case "redirects":
		var count int
		count, err = countArg(d, 0)
		z.Redirects = &count
	case "redirects_anywhere":
		z.RedirectsAnywhere, err = true, noArgs(d)
	case "max_source":
		var text string
		if err = oneArg(d, &text, "a size such as 50MB"); err == nil {
			size, failed := humanize.ParseBytes(text)
			if failed != nil || size == 0 || size > 1<<40 {
				return d.Errf("max_source takes a size such as 50MB, found %q", text)
			}
			z.MaxSource = int64(size)
		}
	case "forward":
		return z.parseForward(d)
	default:
		return d.Errf("unknown word %q in image; allowed: %s", word, strings.Join(zoneImageWords, ", "))
	}
	return err
}

// parseForward reads `forward <path> cookie|header <names...>`.
func (z *ZoneImage) parseForward(d *caddyfile.Dispenser) error {
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
