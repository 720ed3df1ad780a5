package images

import (
	"context"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/control"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

// purge removes what is kept in a space of pictures made of one source, or of all (""). It returns how many were made
// of that source.
func (p *pooledImages) purge(space, source string) (deleted int) {
	if source == "" {
		p.Blobs.DeleteSpace(space)
	} else {
		deleted = p.Blobs.DeleteGroup(space, source)
	}
	if making := p.maker.Load(); making != nil {
		making.optimizer.Forget(space, source)
	}
	return deleted
}

// Purge removes pictures of a zone.
var Purge = control.Cache{Name: report.CacheImages, Purge: func(zone *edge.Zone, o report.PurgeOrder) (control.Hit, error) {
	images := Slot.Of(zone)
	if images == nil {
		return nil, nil
	}
	deleted := images.state.purge(images.space, o.SourceText())
	return func(context.Context) (int, bool) { return deleted, false }, nil
}}
