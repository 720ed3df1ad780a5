package files

import (
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/words"
)

// Words are those of the global block. A test compares them with the reference in docs/caddyfile.md.
var Words = []string{"memory", "cache_size", "precompress", "assets", "assets_max_age", "assets_size"}

// Parse reads the block `static` of the global option.
func (s *Settings) Parse(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.Errf("static takes a block here, found %q; `static off` belongs into the site's nextjs block", d.Val())
	}
	return words.EachWord(d, func(word string) (err error) {
		switch word {
		case "memory":
			s.Memory, err = words.SizeArg(d, true)
		case "cache_size":
			s.CacheSize, err = words.SizeArg(d, false)
		case "precompress":
			s.PrecompressOff, err = true, words.OffArg(d)
		case "assets":
			s.AssetsOff, err = true, words.OffArg(d)
		case "assets_max_age":
			s.AssetsMaxAge, err = words.PositiveDuration(d)
		case "assets_size":
			s.AssetsSize, err = words.SizeArg(d, false)
		default:
			err = d.Errf("unknown word %q in static; allowed: %s", word, strings.Join(Words, ", "))
		}
		return err
	})
}
