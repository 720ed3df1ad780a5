package caddymodule

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache"
)

var purgesTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
	Namespace: "caddy", Subsystem: "nextjs", Name: "purges_total",
	Help: "Purges that were ordered, by cache and by how much they were about: all, a zone, a source, a path, a prefix, a tag, or a deployment.",
}, []string{"cache", "scope"})

var purgeSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
	Namespace: "caddy", Subsystem: "nextjs", Name: "purge_seconds",
	Help:    "How long purges took from the order until nothing of what they name was served any more, by cache.",
	Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5},
}, []string{"cache"})

// run carries out an order on the zones of handlers. The error is about a zone that there is not; nothing is purged then.
func (o purgeOrder) run(handlers []*Handler) (purgeReport, error) {
	all, purged, spaces := map[string]bool{}, map[string]bool{}, map[string]bool{}
	meant := false
	for _, h := range handlers {
		for zone, facts := range h.view.Load().facts {
			all[zone.Name] = true
			if !o.means(zone) {
				continue
			}
			meant = true
			if err := o.checkPlace(zone); err != nil {
				return purgeReport{}, err
			}
			if o.Cache == cachePages {
				if facts.pages != nil {
					purged[zone.Name] = true
					if err := facts.pages.purge(o); err != nil {
						return purgeReport{}, err
					}
				}
				continue
			}
			if facts.images == nil {
				continue // it keeps none
			}
			purged[zone.Name] = true
			if space := facts.images.space; !spaces[space] {
				spaces[space] = true
				h.images.purge(space, o.source())
			}
		}
	}
	switch {
	case o.Zone != nil && len(all) == 0:
		return purgeReport{}, fmt.Errorf("unknown zone %q: the configuration has no zones", *o.Zone)
	case o.Zone != nil && !meant:
		return purgeReport{}, fmt.Errorf("unknown zone %q; the configuration has: %s", *o.Zone, strings.Join(slices.Sorted(maps.Keys(all)), ", "))
	}
	report := purgeReport{Purged: []purgedCache{}}
	for _, zone := range slices.Sorted(maps.Keys(purged)) {
		report.Purged = append(report.Purged, o.purgedFrom(zone))
	}
	return report, nil
}

// purge makes pages of the zone gone, or stale.
func (z *zonePages) purge(o purgeOrder) error {
	selectors := []pagecache.Selector{{Space: z.space, Soft: o.Soft}}
	switch {
	case o.Path != nil:
		selectors = nil
		for _, prefix := range pagecache.PrefixesOf(*o.Path) {
			selectors = append(selectors, pagecache.Selector{Space: z.space, Prefix: prefix, Soft: o.Soft})
		}
	case o.Prefix != nil:
		selectors[0].Prefix = *o.Prefix
	case o.Tag != nil:
		selectors[0].Tag = *o.Tag
	case o.Deployment != nil:
		selectors[0].Deployment = *o.Deployment
	default:
		selectors[0].All = true
	}
	for _, selector := range selectors {
		if err := z.cache.Purge(selector); err != nil {
			return fmt.Errorf("purging pages: %w", err)
		}
	}
	return nil
}

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

// zones are the names of the zones that were purged.
func (r purgeReport) zones() []string {
	names := make([]string, len(r.Purged))
	for i, one := range r.Purged {
		names[i] = one.Zone
	}
	return names
}
