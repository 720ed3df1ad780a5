package caddymodule

import "context"

// purge removes what is kept in a space of pictures made of one source, or of all (""). It returns how many were made
// of that source.
func (p *pooledImages) purge(space, source string) (deleted int) {
	if source == "" {
		p.store.DeleteSpace(space)
	} else {
		deleted = p.store.DeleteGroup(space, source)
	}
	if p.optimizer != nil {
		p.optimizer.Forget(space, source)
	}
	return deleted
}

// purgeImages removes pictures of a zone.
var purgeImages = purgeCache{name: cacheImages, purge: func(zone *zoneFacts, o purgeOrder) (countHit, error) {
	images := imageSlot.of(zone)
	if images == nil {
		return nil, nil
	}
	deleted := images.state.purge(images.space, o.source())
	return func(context.Context) (int, bool) { return deleted, false }, nil
}}
