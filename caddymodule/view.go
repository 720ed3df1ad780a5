package caddymodule

import (
	"fmt"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/builds"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// newView prepares what configurations and builds say. What the view before has of a zone whose build is still the same
// goes on in the new one. before is nil if there is none; had are its builds.
func newView(h *Handler, builds []*build, before *view, had []*build) (*view, error) {
	place := placeZones
	if h.AssetHost {
		place = placeAssetHost
	}
	list, err := place(h.Zones, builds)
	if err != nil {
		return nil, err
	}
	v := &view{
		facts: make(map[*zones.Zone]*zoneFacts, len(list)), list: make([]*zoneFacts, len(list)), headLimit: h.headLimit,
	}
	for i, zone := range list {
		zone.Upstreams = h.upstreams[i]
		if before != nil && had[i] == builds[i] && before.list[i].zone.Name == zone.Name {
			same := *before.list[i]
			same.zone, v.list[i] = zone, &same
		} else if v.list[i], err = h.newFacts(h.Zones[i], zone, builds[i], h.builds.zones[i]); err != nil {
			closeView(v, before)
			return nil, fmt.Errorf("zone %s: %w", zone.Name, err)
		}
		v.facts[zone] = v.list[i]
	}
	if v.table, err = zones.NewTable(list); err != nil {
		closeView(v, before)
		return nil, err
	}
	v.crossings = zones.NewCrossings(v.table, list)
	for zone, scope := range zones.NewCookieScopes(list) {
		v.facts[zone].cookies = scope
	}
	return v, nil
}

// newFacts prepares what requests of a zone need.
func (h *Handler) newFacts(config ZoneConfig, zone *zones.Zone, read *build, others *builds.Subscription) (*zoneFacts, error) {
	facts := &zoneFacts{zone: zone, others: others, shared404: h.newShared404(zone.Name), log: h.logger}
	var err error
	if facts.space, err = config.space(zone); err != nil {
		return nil, err
	}
	if facts.repairs, err = h.Repair.of(zone.Name); err != nil {
		return nil, err
	}
	facts.notices = noticesOf(zone.Name, facts.space)
	if read != nil {
		facts.build, facts.book, facts.export = read.Build, read.Book, read.export
	}
	facts.hidesQuery = facts.book != nil && !h.ShowQuery
	zoneSlot.put(facts, newSiteZone(zone.Name))
	h.addFiles(facts, read)
	h.addPages(facts)
	if err := h.addImages(facts, config); err != nil {
		return nil, fmt.Errorf("image: %w", err)
	}
	return facts, nil
}

// addFiles adds how the files of a zone are served.
func (h *Handler) addFiles(facts *zoneFacts, read *build) {
	config := fileConfig{zone: facts.zone.Name, space: facts.space, off: h.StaticOff}
	switch {
	case read != nil && read.export == nil:
		config.set = read.Files
	case read != nil:
	case !facts.zone.Dev:
		config.passing = h.files
	}
	fileSlot.put(facts, newZoneFiles(config))
}

// addPages adds how the pages of a zone are kept, if they are.
func (h *Handler) addPages(facts *zoneFacts) {
	if h.pages == nil || facts.zone.Dev || facts.export != nil {
		return
	}
	pageSlot.put(facts, newZonePages(pageConfig{
		state: h.pages, site: h.Cache, zone: facts.zone.Name, space: facts.space, build: facts.build,
	}))
}

// addImages adds how the pictures of a zone are made or kept, if they are.
func (h *Handler) addImages(facts *zoneFacts, config ZoneConfig) error {
	if h.images == nil || facts.export != nil || !config.mayMakePictures() {
		return nil
	}
	basePath := ""
	if paths := config.claimedPaths(); len(paths) > 0 {
		basePath = strings.TrimSuffix(paths[0], "/")
	}
	images, err := newZoneImages(imageConfig{
		state: h.images, settings: config.Image, zone: facts.zone, basePath: basePath, space: facts.space,
		build: facts.build, serveFile: serveSource, log: h.logger,
	})
	imageSlot.put(facts, images)
	return err
}

// closeView gives back what a view has besides the builds, and the next one has not; nil: there is none. Requests that
// still use it are answered by Next.js.
func closeView(v, next *view) {
	for i, facts := range v.list {
		if facts != nil && (next == nil || imageSlot.of(next.list[i]) != imageSlot.of(facts)) {
			imageSlot.of(facts).close()
		}
	}
}
