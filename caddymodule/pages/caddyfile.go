package pages

import (
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/words"
)

// Words of the two cache blocks. A test compares them with the reference in docs/caddyfile.md.
var (
	Words     = []string{"memory", "cache_size", "max_body", "fill_memory", "revalidations", "precompress"}
	SiteWords = []string{"ignore_query", "allow", "tags_header", "recheck", "stale_if_error"}
)

// Parse reads the block of the global option.
func (s *Settings) Parse(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.Errf("cache takes a block here, found %q", d.Val())
	}
	return words.EachWord(d, func(word string) (err error) {
		switch word {
		case "memory":
			s.Memory, err = words.SizeArg(d, true)
		case "cache_size":
			s.CacheSize, err = words.SizeArg(d, false)
		case "max_body":
			s.MaxBody, err = words.SizeArg(d, false)
		case "fill_memory":
			s.FillMemory, err = words.SizeArg(d, false)
		case "revalidations":
			s.Revalidations, err = words.CountArg(d, 1)
		case "precompress":
			s.PrecompressOff, err = true, words.OffArg(d)
		default:
			err = d.Errf("unknown word %q in cache; allowed: %s", word, strings.Join(Words, ", "))
		}
		return err
	})
}

// ParseSite reads `cache` of a site.
func ParseSite(d *caddyfile.Dispenser) (*SiteSettings, error) {
	cache := new(SiteSettings)
	if d.NextArg() {
		if d.Val() != "off" || d.NextArg() {
			return nil, d.Errf("cache takes a block or off, found %q; its bounds are global options: `nextjs { cache { … } }`", d.Val())
		}
		cache.Off = true
		return cache, nil
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		var err error
		switch word := d.Val(); word {
		case "ignore_query":
			cache.IgnoreQuery, err = words.TextArgs(d, cache.IgnoreQuery, "names of query parameters, such as utm_* gclid")
		case "allow":
			cache.Allow, err = words.TextArgs(d, cache.Allow, "paths, such as /blog/* /about")
		case "tags_header":
			err = words.OneArg(d, &cache.TagsHeader, "the name of a header")
		case "recheck":
			cache.Recheck, err = words.DurationOrOff(d)
		case "stale_if_error":
			cache.StaleIfError, err = words.PositiveDuration(d)
		default:
			err = d.Errf("unknown word %q in cache; allowed: %s", word, strings.Join(SiteWords, ", "))
		}
		if err != nil {
			return nil, err
		}
	}
	if err := cache.Check(); err != nil {
		return nil, d.Err(err.Error())
	}
	return cache, nil
}
