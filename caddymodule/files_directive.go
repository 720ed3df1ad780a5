package caddymodule

import (
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// staticWords are those of the global block. A test compares them with the reference in docs/caddyfile.md.
var staticWords = []string{"memory", "cache_size", "precompress"}

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
