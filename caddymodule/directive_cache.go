package caddymodule

import (
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// Words of the two cache blocks. A test compares them with the reference in docs/caddyfile.md.
var (
	cacheWords     = []string{"memory", "cache_size", "max_body", "fill_memory", "revalidations", "precompress"}
	siteCacheWords = []string{"ignore_query", "allow", "tags_header", "recheck", "stale_if_error"}
)

// parse reads the block of the global option.
func (s *CacheSettings) parse(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.Errf("cache takes a block here, found %q", d.Val())
	}
	return eachWord(d, func(word string) (err error) {
		switch word {
		case "memory":
			s.Memory, err = sizeArg(d, true)
		case "cache_size":
			s.CacheSize, err = sizeArg(d, false)
		case "max_body":
			s.MaxBody, err = sizeArg(d, false)
		case "fill_memory":
			s.FillMemory, err = sizeArg(d, false)
		case "revalidations":
			s.Revalidations, err = countArg(d, 1)
		case "precompress":
			s.PrecompressOff, err = true, offArg(d)
		default:
			err = d.Errf("unknown word %q in cache; allowed: %s", word, strings.Join(cacheWords, ", "))
		}
		return err
	})
}

// parseSiteCache reads `cache` of a site.
func parseSiteCache(d *caddyfile.Dispenser) (*SiteCache, error) {
	cache := new(SiteCache)
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
			cache.IgnoreQuery, err = textArgs(d, cache.IgnoreQuery, "names of query parameters, such as utm_* gclid")
		case "allow":
			cache.Allow, err = textArgs(d, cache.Allow, "paths, such as /blog/* /about")
		case "tags_header":
			err = oneArg(d, &cache.TagsHeader, "the name of a header")
		case "recheck":
			cache.Recheck, err = durationOrOff(d)
		case "stale_if_error":
			cache.StaleIfError, err = positiveDuration(d)
		default:
			err = d.Errf("unknown word %q in cache; allowed: %s", word, strings.Join(siteCacheWords, ", "))
		}
		if err != nil {
			return nil, err
		}
	}
	if err := cache.check(); err != nil {
		return nil, d.Err(err.Error())
	}
	return cache, nil
}
