package caddymodule

import (
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/files"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/images"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/pages"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// logZones logs, when the configuration runs, one line for each zone, though it may be on several sites.
func logZones(sites []*edge.Site, log *zap.Logger) {
	said := map[string]bool{}
	for _, site := range sites {
		facts := site.View.Load().Zones
		list := make([]*zones.Zone, 0, len(facts))
		for zone := range facts {
			list = append(list, zone)
		}
		slices.SortFunc(list, func(x, y *zones.Zone) int { return strings.Compare(x.Name, y.Name) })
		for _, zone := range list {
			if space := facts[zone].Space; !said[space] {
				said[space] = true
				logZone(facts[zone], log)
			}
		}
	}
}

// logZone logs what a zone is and what the edge answers of it.
func logZone(f *edge.Zone, log *zap.Logger) {
	zone := f.Zone
	build, next := "not known", ""
	if f.Build != nil {
		build, next = f.Build.ID, f.Build.NextVersion
	}
	paths := zone.Paths
	if zone.ByRoutes {
		paths = append(slices.Clip(paths), "what its build names")
	}
	log.Info("zone", zap.String("zone", zone.Name), zap.Strings("paths", paths), zap.Strings("host", zone.Hosts),
		zap.Stringers("upstreams", f.Upstreams.Sources()), zap.String("build", build), zap.String("next", next),
		zap.Strings("edge_answers", edgeAnswers(f)))
}

// edgeAnswers are the kinds of requests that the edge answers itself where it can.
func edgeAnswers(f *edge.Zone) (kinds []string) {
	switch {
	case f.Export != nil:
		return []string{"everything"}
	case f.Dev:
		return []string{}
	}
	kinds = append(kinds, files.Slot.Of(f).AnswersItself()...)
	kinds = append(kinds, images.Slot.Of(f).AnswersItself()...)
	if pages.Slot.Of(f) != nil {
		kinds = append(kinds, "pages")
	}
	return kinds
}
