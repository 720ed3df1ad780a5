package caddymodule

import (
	"fmt"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache"
)

// purge makes pages of the zone gone, or stale.
func (z *zonePages) purge(o purgeOrder) error {
	selectors := []pagecache.Selector{{Space: z.space, Soft: o.Soft}}
	switch {
	case o.Path != nil:
		selectors[0].Path = *o.Path
	case o.Prefix != nil:
		selectors[0].Prefix = *o.Prefix
	case o.Tag != nil:
		selectors[0].Tag = *o.Tag
	case o.Deployment != nil:
		selectors[0].Deployment = *o.Deployment
	default:
		selectors[0].All = true
	}
	for _, selector := range selectors {
		if err := z.cache.Purge(selector); err != nil {
			return fmt.Errorf("purging pages: %w", err)
		}
	}
	return nil
}

// purgePages makes pages of a zone gone, or stale.
var purgePages = purgeCache{name: cachePages, purge: func(zone *zoneFacts, o purgeOrder) (keeps bool, err error) {
	pages := pageSlot.of(zone)
	if pages == nil {
		return false, nil
	}
	return true, pages.purge(o)
}}
