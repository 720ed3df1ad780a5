package caddymodule

import (
	"fmt"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/files"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/images"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/pages"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/hygiene"
)

// newView prepares what configurations and builds say. What the view before has of a deployment that is still the same
// goes on in the new one. before is nil if there is none; had is what it is made of.
func (h *Handler) newView(now []served, before *edge.View, had []served) (*edge.View, error) {
	list, err := h.place(now)
	if err != nil {
		return nil, err
	}
	v := &edge.View{
		Zones: make(map[*zones.Zone]*edge.Zone, len(list)), List: make([]*edge.Zone, len(list)), HeadLimit: h.headLimit,
	}
	noteSiblings(list, h.upstreams)
	for i, zone := range list {
		var old *edge.Zone
		var was served
		if before != nil && before.List[i].Name == zone.Name {
			old, was = before.List[i], had[i]
		}
		if v.List[i], err = h.newDeployments(i, zone, now[i], old, was); err != nil {
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
		for _, facts := range v.Zones[zone].All() {
			facts.Cookies = scope
		}
	}
	return v, nil
}

// place gives each zone its part of the site, as its live build says.
func (h *Handler) place(now []served) ([]*zones.Zone, error) {
	live := make([]*build, len(now))
	for i, zone := range now {
		live[i] = zone.live().build
	}
	if h.AssetHost {
		return placeAssetHost(h.Zones, live)
	}
	return placeZones(h.Zones, live)
}

// swapView serves the site from deployments, in the place of those before.
func (h *Handler) swapView(now, had []served) error {
	before := h.site.View.Load()
	v, err := h.newView(now, before, had)
	if err != nil {
		return err
	}
	h.site.View.Store(v)
	closeView(before, v)
	return nil
}

// newDeployments prepares what requests of the zone at a place of the configuration need: for each of its deployments
// that requests may go to. It returns that of the live one. old is what there was before for the same, nil if nothing.
func (h *Handler) newDeployments(at int, zone *zones.Zone, now served, old *edge.Zone, was served) (live *edge.Zone, err error) {
	var list []*edge.Zone
	for _, one := range now.inUse() {
		isLive := one == now.live()
		facts := old.Find(one.id)
		if facts == nil || was.find(one.id) != one || facts.IsLive != isLive || facts.Deployment != now.saysOf(one) {
			if facts, err = h.newZone(at, zone, now, one); err != nil {
				return nil, err
			}
		} else {
			same := *facts
			same.Zone, facts = zone, &same
		}
		facts.Deployments = nil
		if isLive {
			live = facts
		}
		list = append(list, facts)
	}
	isServer := !zone.Dev && live.Export == nil
	if now.rollout.WasOrdered() || isServer && h.Zones[at].PinsFromStart() {
		all := h.newPins(at, now, list)
		for _, facts := range list {
			facts.Deployments, facts.Served = all, edge.DeploymentCountersOf(facts.Name, facts.DeployedAs)
		}
	}
	return live, nil
}

// newZone prepares what requests of one deployment of the zone at a place of the configuration need.
func (h *Handler) newZone(at int, zone *zones.Zone, now served, from *deployment) (*edge.Zone, error) {
	config, read := h.Zones[at], from.build
	facts := &edge.Zone{
		Zone: zone, Upstreams: from.upstreams, Sticky: h.sticky[at], Builds: from.builds,
		DeployedAs: from.id, IsLive: from == now.live(), Deployment: now.saysOf(from),
		Shared404: h.Shared404Of(zone.Name), ActionBody: config.KeptActionBody(), Log: h.logger,
	}
	var err error
	if facts.Space, err = config.space(zone.Name, h.upstreams[at].Sources()); err != nil {
		return nil, err
	}
	if facts.Repairs, err = h.Repair.Of(zone.Name); err != nil {
		return nil, err
	}
	facts.Notices = edge.NoticesOf(zone.Name, facts.Space)
	if read != nil {
		facts.Build, facts.RuleSet, facts.Export = read.Build, read.RuleSet, read.export
	}
	facts.HidesQuery = facts.RuleSet != nil && !h.ShowQuery
	zoneSlot.Put(facts, newSiteZone(zone.Name))
	h.addFiles(facts, read)
	if !facts.IsLive {
		return facts, nil // nothing is kept of it but files
	}
	h.addPages(facts, now)
	if err := h.addImages(facts, config); err != nil {
		return nil, fmt.Errorf("image: %w", err)
	}
	return facts, nil
}

// addFiles adds how the files of a zone are served.
func (h *Handler) addFiles(facts *edge.Zone, read *build) {
	config := files.Config{
		Zone: facts.Name, Space: facts.Space, Archive: archiveSpace(facts.Name, facts.Space, h.places),
		Deployment: facts.Deployment, Off: h.StaticOff,
	}
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
func (h *Handler) addPages(facts *edge.Zone, now served) {
	if h.pages == nil || facts.Dev || facts.Export != nil {
		return
	}
	space := facts.Space
	if ordered, is := now.rollout.Find(facts.DeployedAs); is && facts.Build == nil {
		// No build tells its pages apart, so each time that it becomes live it begins without any.
		space += fmt.Sprintf("\x00%s\x00%d", ordered.ID, ordered.Since.UnixNano())
	}
	pages.Slot.Put(facts, pages.NewZone(pages.Config{
		State: h.pages, Site: h.Cache, Zone: facts.Name, Space: space, Build: facts.Build,
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
