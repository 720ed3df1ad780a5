package pages

import (
	"context"
	"fmt"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/control"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache"
)

// Purge makes pages of a zone gone, or stale.
var Purge = control.Cache{Name: report.CachePages, Purge: func(zone *edge.Zone, o report.PurgeOrder) (control.Hit, error) {
	pages := Slot.Of(zone)
	if pages == nil {
		return nil, nil
	}
	marked, err := pages.purge(o)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (number int, atLeast bool) {
		defer marked.Free()
		count := marked.Count(ctx, time.Now())
		return count.Pages, count.AtLeast
	}, nil
}}

// purge makes pages of the zone gone, or stale.
func (z *Zone) purge(o report.PurgeOrder) (*pagecache.Marked, error) {
	selector := pagecache.Selector{Space: z.space, Soft: o.Soft}
	switch {
	case o.Path != nil:
		selector.Path = *o.Path
	case o.Prefix != nil:
		selector.Prefix = *o.Prefix
	case o.Tag != nil:
		selector.Tag = *o.Tag
	case o.Deployment != nil:
		selector.Deployment = *o.Deployment
	default:
		selector.All = true
	}
	marked, err := z.cache.Mark(selector)
	if err != nil {
		return nil, fmt.Errorf("purging pages: %w", err)
	}
	return marked, nil
}
