package caddymodule

import (
	"math"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/dustin/go-humanize"
)

// Words of the global option `nextjs` and its blocks. A test compares them with the reference in docs/caddyfile.md.
var (
	globalWords = []string{"state", "static", "image", "cache"}
	staticWords = []string{"memory", "cache_size", "precompress"}
)

// parseGlobal reads the global option:
//
//	nextjs {
//		state <directory>
//		static {
//			memory      off|<size>
//			cache_size  <size>
//			precompress off
//		}
//		image {
//			concurrency <number>
//			max_pixels  <number>
//			timeout     <duration>
//			queue       <number>
//			queue_wait  <duration>
//			sources     <number>
//			shared_pixels off|<size>
//			cache_size  <size>
//			memory      off|<size>
//		}
//		cache {
//			memory        off|<size>
//			cache_size    <size>
//			max_body      <size>
//			revalidations <number>
//			precompress   off
//		}
//	}
func parseGlobal(d *caddyfile.Dispenser, existing any) (any, error) {
	app := new(App)
	d.Next()
	if existing != nil {
		return nil, d.Err("the global option nextjs is written twice")
	}
	if d.NextArg() {
		return nil, d.Errf("the global option nextjs takes a block, found %q", d.Val())
	}
	for d.NextBlock(0) {
		switch word := d.Val(); word {
		case "state":
			if err := oneArg(d, &app.State, "a directory"); err != nil {
				return nil, err
			}
		case "static":
			if err := app.Static.parse(d); err != nil {
				return nil, err
			}
		case "image":
			if err := app.Image.parse(d); err != nil {
				return nil, err
			}
		case "cache":
			if err := app.Cache.parse(d); err != nil {
				return nil, err
			}
		default:
			return nil, d.Errf("unknown word %q in the global option nextjs; allowed: %s", word, strings.Join(globalWords, ", "))
		}
	}
	return httpcaddyfile.App{Name: "nextjs", Value: caddyconfig.JSON(app, nil)}, nil
}

func (s *StaticSettings) parse(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.Errf("static takes a block here, found %q; `static off` belongs into the site's nextjs block", d.Val())
	}
	return eachWord(d, func(word string) (err error) {
		switch word {
		case "memory":
			s.Memory, err = sizeArg(d, true)
		case "cache_size":
			s.CacheSize, err = sizeArg(d, false)
		case "precompress":
			s.PrecompressOff, err = true, offArg(d)
		default:
			err = d.Errf("unknown word %q in static; allowed: %s", word, strings.Join(staticWords, ", "))
		}
		return err
	})
}

// eachWord reads the words of a block, none of which may be there twice.
func eachWord(d *caddyfile.Dispenser, read func(word string) error) error {
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

// offArg reads the word off.
func offArg(d *caddyfile.Dispenser) error {
	word, value := d.Val(), ""
	if err := oneArg(d, &value, "off"); err != nil {
		return err
	}
	if value != "off" {
		return d.Errf("%s takes off, found %q", word, value)
	}
	return nil
}

// sizeArg reads a size in bytes; -1 stands for off.
func sizeArg(d *caddyfile.Dispenser, mayBeOff bool) (int64, error) {
	word, what := d.Val(), "a size such as 64MiB"
	if mayBeOff {
		what = "off or " + what
	}
	var value string
	if err := oneArg(d, &value, what); err != nil {
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
