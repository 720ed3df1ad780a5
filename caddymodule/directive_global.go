package caddymodule

import (
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/words"
)

// globalWords are those of the global option `nextjs`. A test compares them with the reference in docs/caddyfile.md.
var globalWords = []string{"state", "builds", "action_memory", "static", "image", "cache"}

// parseGlobal reads the global option:
//
//	nextjs {
//		state <directory>
//		builds <directories...>
//		action_memory off|<size>
//		static {
//			memory      off|<size>
//			cache_size  <size>
//			precompress off
//			assets         off
//			assets_max_age <duration>
//			assets_size    <size>
//		}
//		image {
//			concurrency <number>
//			max_pixels  <number>
//			timeout     <duration>
//			queue       <number>
//			queue_wait  <duration>
//			sources     <number>
//			shared_pixels off|<size>
//			first_format_after off|<duration>
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
			if err := words.OneArg(d, &app.State, "a directory"); err != nil {
				return nil, err
			}
		case "builds":
			dirs, err := words.TextArgs(d, app.Builds, "one or more directories")
			if err != nil {
				return nil, err
			}
			app.Builds = dirs
		case "action_memory":
			if app.ActionMemory != 0 {
				return nil, d.Err("action_memory is written twice")
			}
			size, err := words.SizeArg(d, true)
			if err != nil {
				return nil, err
			}
			app.ActionMemory = size
		case "static":
			if err := app.Static.Parse(d); err != nil {
				return nil, err
			}
		case "image":
			if err := app.Image.Parse(d); err != nil {
				return nil, err
			}
		case "cache":
			if err := app.Cache.Parse(d); err != nil {
				return nil, err
			}
		default:
			return nil, d.Errf("unknown word %q in the global option nextjs; allowed: %s", word, strings.Join(globalWords, ", "))
		}
	}
	return httpcaddyfile.App{Name: "nextjs", Value: caddyconfig.JSON(app, nil)}, nil
}
