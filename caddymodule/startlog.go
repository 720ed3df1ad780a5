package caddymodule

import (
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// sayZones says once, when the configuration runs, what there is: one line for each zone, though it may be on several
// sites.
func (a *App) sayZones() {
	said := map[string]bool{}
	for _, h := range a.handlers {
		facts := h.view.Load().facts
		list := make([]*zones.Zone, 0, len(facts))
		for zone := range facts {
			list = append(list, zone)
		}
		slices.SortFunc(list, func(x, y *zones.Zone) int { return strings.Compare(x.Name, y.Name) })
		for _, zone := range list {
			if space := facts[zone].space; !said[space] {
				said[space] = true
				facts[zone].say(zone, a.logger)
			}
		}
	}
}

// say says what a zone is and what the edge answers of it.
func (f *zoneFacts) say(zone *zones.Zone, log *zap.Logger) {
	build, next := "not known", ""
	if f.build != nil {
		build, next = f.build.ID, f.build.NextVersion
	}
	paths := zone.Paths
	if zone.ByRoutes {
		paths = append(slices.Clip(paths), "what its build names")
	}
	log.Info("zone", zap.String("zone", zone.Name), zap.Strings("paths", paths), zap.Strings("host", zone.Hosts),
		zap.Int("upstreams", len(zone.Upstreams)), zap.String("build", build), zap.String("next", next),
		zap.Strings("edge_answers", f.answers(zone)))
}

// answers are the kinds of requests that the edge answers itself where it can.
func (f *zoneFacts) answers(zone *zones.Zone) (kinds []string) {
	switch {
	case f.export != nil:
		return []string{"everything"}
	case zone.Dev:
		return []string{}
	case f.assets != nil && !f.staticOff:
		kinds = append(kinds, "files")
	case f.keep != nil:
		kinds = append(kinds, "files that have passed through")
	}
	switch {
	case f.images == nil:
	case f.images.zone != nil:
		kinds = append(kinds, "pictures")
	default:
		kinds = append(kinds, "pictures that have passed through")
	}
	if f.pages != nil {
		kinds = append(kinds, "pages")
	}
	return kinds
}
