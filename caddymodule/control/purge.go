package control

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
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

// CountPurge counts a purge of a cache by how much it was about.
func CountPurge(cache, scope string) { purgesTotal.WithLabelValues(cache, scope).Inc() }

// Cache is a cache that can be purged.
type Cache struct {
	Name string
	// Purge removes what an order means of a zone: nothing of it is served any more when it returns. hit counts what
	// that was, and is nil for a zone of which the cache keeps nothing.
	Purge func(zone *edge.Zone, order report.PurgeOrder) (hit Hit, err error)
}

// Hit counts what a purge has hit, and gives the room back. atLeast says that there may be more.
type Hit func(ctx context.Context) (number int, atLeast bool)

// purging is an order that has been carried out. What it has hit is not counted yet.
type purging struct {
	order report.PurgeOrder
	hits  map[string][]Hit // by zone, of those that keep something
}

// carryOut carries out an order on the zones that it means. The error is about a path that one of them has not; nothing
// is purged then.
func carryOut(o report.PurgeOrder, meant []*edge.Zone, caches []Cache) (*purging, error) {
	for _, zone := range meant {
		if err := o.CheckPlace(zone.Zone); err != nil {
			return nil, err
		}
	}
	cache := caches[slices.IndexFunc(caches, func(c Cache) bool { return c.Name == o.Cache })]
	p := &purging{order: o, hits: map[string][]Hit{}}
	for _, zone := range meant {
		hit, err := cache.Purge(zone, o)
		if err != nil {
			return nil, err
		}
		if hit != nil {
			p.hits[zone.Name] = append(p.hits[zone.Name], hit)
		}
	}
	return p, nil
}

// countPatience is how long a count waits, just after a start, for what was kept before to be looked through.
const countPatience = 2 * time.Second

// result counts what was hit.
func (p *purging) result(ctx context.Context) report.Purge {
	ctx, stop := context.WithTimeout(ctx, countPatience)
	defer stop()
	result := report.Purge{Purged: []report.Purged{}}
	for _, zone := range slices.Sorted(maps.Keys(p.hits)) {
		one, total := p.order.PurgedFrom(zone), 0
		for _, hit := range p.hits[zone] {
			number, atLeast := hit(ctx)
			total += number
			one.AtLeast = one.AtLeast || atLeast
		}
		switch {
		case p.order.Cache == report.CachePages:
			one.Pages = &total
		case p.order.Source != nil:
			one.Pictures = &total
		}
		result.Purged = append(result.Purged, one)
	}
	return result
}

// Collectors are the metrics of the package. They belong to the process, so counts go on over configurations.
func Collectors() []prometheus.Collector { return []prometheus.Collector{purgesTotal, purgeSeconds} }
