package caddymodule

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/files"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/images"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/pages"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/hygiene"
)

// newView prepares what configurations and builds say. What the view before has of a zone whose build is still the same
// goes on in the new one. before is nil if there is none; had are its builds.
func (h *Handler) newView(builds []*build, before *edge.View, had []*build) (*edge.View, error) {
	place := placeZones
	if h.AssetHost {
		place = placeAssetHost
	}
	list, err := place(h.Zones, builds)
	if err != nil {
		return nil, err
	}
	v := &edge.View{
		Zones: make(map[*zones.Zone]*edge.Zone, len(list)), List: make([]*edge.Zone, len(list)), HeadLimit: h.headLimit,
	}
	noteSiblings(list, h.upstreams)
	for i, zone := range list {
		if before != nil && had[i] == builds[i] && before.List[i].Name == zone.Name {
			same := *before.List[i]
			same.Zone, v.List[i] = zone, &same
		} else if v.List[i], err = h.newZone(i, zone, builds[i]); err != nil {
			closeView(v, before)
			return nil, fmt.Errorf("zone %s: %w", zone.Name, err)
		}
		v.Zones[zone] = v.List[i]
	}
	if v.Table, err = zones.NewTable(list); err != nil {
		closeView(v, before)
		return nil, err
	}
	v.Crossings = zones.NewCrossings(v.Table, list)
	for zone, scope := range hygiene.NewCookieScopes(list) {
		v.Zones[zone].Cookies = scope
	}
	return v, nil
}

// swapView serves the site from builds, in the place of those before.
func (h *Handler) swapView(now, had []*build) error {
	before := h.site.View.Load()
	v, err := h.newView(now, before, had)
	if err != nil {
		return err
	}
	h.site.View.Store(v)
	closeView(before, v)
	return nil
}

// newZone prepares what requests of the zone at a place of the configuration need.
func (h *Handler) newZone(at int, zone *zones.Zone, read *build) (*edge.Zone, error) {
	config := h.Zones[at]
	facts := &edge.Zone{
		Zone: zone, Upstreams: h.upstreams[at], Sticky: h.sticky[at], Builds: h.builds.zones[at],
		Shared404: h.Shared404Of(zone.Name), Log: h.logger,
	}
	var err error
	if facts.Space, err = config.space(zone.Name, facts.Upstreams.Sources()); err != nil {
		return nil, err
	}
	if facts.Repairs, err = h.Repair.Of(zone.Name); err != nil {
		return nil, err
	}
	facts.Notices = edge.NoticesOf(zone.Name, facts.Space)
	if read != nil {
		facts.Build, facts.RuleSet, facts.Export = read.Build, read.RuleSet, read.export
	}
	if facts.Build != nil {
		facts.Deployment = cmp.Or(facts.Build.DeploymentID, facts.Build.ID)
	}
	facts.HidesQuery = facts.RuleSet != nil && !h.ShowQuery
	zoneSlot.Put(facts, newSiteZone(zone.Name))
	h.addFiles(facts, read)
	h.addPages(facts)
	if err := h.addImages(facts, config); err != nil {
		return nil, fmt.Errorf("image: %w", err)
	}
	return facts, nil
}

// addFiles adds how the files of a zone are served.
func (h *Handler) addFiles(facts *edge.Zone, read *build) {
	config := files.Config{Zone: facts.Name, Space: facts.Space, Deployment: facts.Deployment, Off: h.StaticOff}
	switch {
	case read != nil && read.export == nil:
		config.Set, config.State, config.Deployment = read.Files, h.files, read.DeploymentID
	case read != nil:
	case !facts.Dev:
		config.State = h.files
	}
	files.Slot.Put(facts, files.NewZone(config))
}

// addPages adds how the pages of a zone are kept, if they are.
func (h *Handler) addPages(facts *edge.Zone) {
	if h.pages == nil || facts.Dev || facts.Export != nil {
		return
	}
	pages.Slot.Put(facts, pages.NewZone(pages.Config{
		State: h.pages, Site: h.Cache, Zone: facts.Name, Space: facts.Space, Build: facts.Build,
	}))
}

// addImages adds how the pictures of a zone are made or kept, if they are.
func (h *Handler) addImages(facts *edge.Zone, config ZoneConfig) error {
	if h.images == nil || facts.Export != nil || !config.mayMakePictures() {
		return nil
	}
	basePath := ""
	if paths := config.claimedPaths(); len(paths) > 0 {
		basePath = strings.TrimSuffix(paths[0], "/")
	}
	made, err := images.NewZone(images.Config{
		State: h.images, Settings: config.Image, Zone: facts.Zone, BasePath: basePath, Space: facts.Space,
		Build: facts.Build, ServeFile: files.ServeSource, Log: h.logger,
	})
	images.Slot.Put(facts, made)
	return err
}

// closeView gives back what a view has besides the builds, and the next one has not; nil: there is none. Requests that
// still use it are answered by Next.js.
func closeView(v, next *edge.View) {
	for i, facts := range v.List {
		if facts != nil && (next == nil || images.Slot.Of(next.List[i]) != images.Slot.Of(facts)) {
			images.Slot.Of(facts).Close()
		}
	}
}
