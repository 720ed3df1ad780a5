package caddymodule

// purge removes what is kept in a space of pictures made of one source, or of all ("").
func (p *pooledImages) purge(space, source string) {
	if source == "" {
		p.store.DeleteSpace(space)
	} else {
		p.store.DeleteGroup(space, source)
	}
	if p.optimizer != nil {
		p.optimizer.Forget(space, source)
	}
}

// purgeImages removes pictures of a zone.
var purgeImages = purgeCache{name: cacheImages, purge: func(zone *zoneFacts, o purgeOrder) (keeps bool, err error) {
	images := imageSlot.of(zone)
	if images == nil {
		return false, nil
	}
	images.state.purge(images.space, o.source())
	return true, nil
}}
