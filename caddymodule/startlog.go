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
		facts := h.site.view.Load().facts
		list := make([]*zones.Zone, 0, len(facts))
		for zone := range facts {
			list = append(list, zone)
		}
		slices.SortFunc(list, func(x, y *zones.Zone) int { return strings.Compare(x.Name, y.Name) })
		for _, zone := range list {
			if space := facts[zone].space; !said[space] {
				said[space] = true
				sayZone(facts[zone], a.logger)
			}
		}
	}
}

// sayZone says what a zone is and what the edge answers of it.
func sayZone(f *zoneFacts, log *zap.Logger) {
	zone := f.zone
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
		zap.Strings("edge_answers", edgeAnswers(f)))
}

// edgeAnswers are the kinds of requests that the edge answers itself where it can.
func edgeAnswers(f *zoneFacts) (kinds []string) {
	switch {
	case f.export != nil:
		return []string{"everything"}
	case f.zone.Dev:
		return []string{}
	}
	kinds = append(kinds, fileSlot.of(f).answers()...)
	kinds = append(kinds, imageSlot.of(f).answersSay()...)
	if pageSlot.of(f) != nil {
		kinds = append(kinds, "pages")
	}
	return kinds
}
