package caddymodule

import (
	"fmt"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// view is what a handler knows of its site. It is replaced as a whole when a build has changed.
type view struct {
	table     *zones.Table
	crossings *zones.Crossings
	facts     map[*zones.Zone]*zoneFacts
	headLimit siteLimit
}

// newView prepares what configurations and builds say.
func newView(h *Handler, builds []*build) (*view, error) {
	place := placeZones
	if h.AssetHost {
		place = placeAssetHost
	}
	list, err := place(h.Zones, builds)
	if err != nil {
		return nil, err
	}
	v := &view{facts: make(map[*zones.Zone]*zoneFacts, len(list)), headLimit: h.headLimit}
	for i, zone := range list {
		zone.Upstreams = h.upstreams[i]
		facts := &zoneFacts{name: zone.Name, counters: countersOf(zone.Name), crossings: crossZoneTotal.WithLabelValues(zone.Name), rules: speculationHeader(zone.Name)}
		facts.staticOff, facts.others = h.StaticOff, h.watch.zones[i].others
		facts.shared404, facts.log = h.newShared404(zone.Name), h.logger
		if facts.space, err = h.Zones[i].space(zone); err != nil {
			return nil, fmt.Errorf("zone %s: %w", zone.Name, err)
		}
		switch {
		case builds[i] != nil:
			facts.build, facts.book, facts.assets, facts.export = builds[i].Build, builds[i].book, builds[i].assets, builds[i].export
		case h.files != nil && !zone.Dev:
			facts.keep = h.files.keep(facts.space)
		}
		if facts.repairs, err = h.Repair.of(zone.Name); err != nil {
			return nil, err
		}
		facts.notices = noticesOf(zone.Name, facts.space)
		facts.hidesQuery = facts.book != nil && !h.ShowQuery
		facts.files = fileCountersOf(zone.Name)
		facts.pages = h.newZonePages(zone, facts.space, builds[i])
		if facts.images, err = h.newZoneImages(h.Zones[i], zone, facts.space, builds[i], h.logger); err != nil {
			return nil, fmt.Errorf("zone %s: image: %w", zone.Name, err)
		}
		v.facts[zone] = facts
	}
	if v.table, err = zones.NewTable(list); err != nil {
		return nil, err
	}
	v.crossings = zones.NewCrossings(v.table, list)
	for zone, scope := range zones.NewCookieScopes(list) {
		v.facts[zone].cookies = scope
	}
	return v, nil
}

// close gives back what the view has besides the builds. Requests that still use it are answered by Next.js.
func (v *view) close() {
	for _, facts := range v.facts {
		facts.images.close()
	}
}
