package caddymodule

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
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

// countPurge counts a purge of a cache by how much it was about.
func countPurge(cache, scope string) { purgesTotal.WithLabelValues(cache, scope).Inc() }

// purgeCache is a cache that can be purged.
type purgeCache struct {
	name string
	// purge removes what an order means of a zone. keeps is false for a zone of which the cache keeps nothing.
	purge func(zone *zoneFacts, order purgeOrder) (keeps bool, err error)
}

// carryOut carries out an order on the zones of sites. The error is about a zone that there is not; nothing is purged
// then.
func carryOut(o purgeOrder, sites []*site, caches []purgeCache) (purgeReport, error) {
	all, purged := map[string]bool{}, map[string]bool{}
	meant := false
	cache := caches[slices.IndexFunc(caches, func(c purgeCache) bool { return c.name == o.Cache })]
	for _, s := range sites {
		for zone, facts := range s.view.Load().facts {
			all[zone.Name] = true
			if !o.means(zone) {
				continue
			}
			meant = true
			if err := o.checkPlace(zone); err != nil {
				return purgeReport{}, err
			}
			keeps, err := cache.purge(facts, o)
			if err != nil {
				return purgeReport{}, err
			}
			purged[zone.Name] = purged[zone.Name] || keeps
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
		if purged[zone] {
			report.Purged = append(report.Purged, o.purgedFrom(zone))
		}
	}
	return report, nil
}
