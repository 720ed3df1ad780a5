package caddymodule

import (
	"errors"
	"fmt"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// The collectors belong to the process, so counts go on over configuration reloads; every configuration has a registry of its own,
// into which registerMetrics puts them again. Labels are of bounded number: zones and kinds, never paths or users.
var (
	requestsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "requests_total",
		Help: "Requests by zone and kind.",
	}, []string{"zone", "kind"})
	unclaimedTotal = prometheus.NewCounter(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "unclaimed_requests_total",
		Help: "Requests answered with 404 because no zone claims their path.",
	})
	crossZoneTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "cross_zone_navigations_total",
		Help: "Soft navigations and prefetches from pages of other zones that the edge answered itself, by the zone they asked.",
	}, []string{"zone"})
	buildReadsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "build_changes_total",
		Help: "Changed build directories, by zone and by what became of them: taken, refused, or unfinished: " +
			"without a whole build.",
	}, []string{"zone", "result"})
	filesHeld = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "files_held",
		Help: "Files of builds and exports that are held open, so that they can be served when they have been replaced.",
	}, func() float64 { return float64(assets.HeldFiles()) })
)

func registerMetrics(registry prometheus.Registerer) error {
	collectors := []prometheus.Collector{
		requestsTotal, unclaimedTotal, dialFailuresTotal, upgradeTimeoutsTotal, headersTooLargeTotal, crossZoneTotal,
		shared404Total,
		buildReadsTotal, staticRequestsTotal, staticBytesTotal, staticMemoryBytes, copiesPending, filesHeld,
		imageRequestsTotal, imageSourcesTotal, imageTransformsTotal, imageTransformSeconds, imageFetchSeconds, imageBytesTotal, pageRequestsTotal,
		purgesTotal, purgeSeconds, storedCookiesTotal, storedCookiesBytes, repairsTotal, noticesTotal,
		storeGauges{},
		pageCopies{},
		streamGauge{&processStreams},
	}
	for _, c := range slices.Concat(collectors, imageGauges, pageGauges, prefetchFloodGauges) {
		var already prometheus.AlreadyRegisteredError
		if err := registry.Register(c); err != nil && !errors.As(err, &already) {
			return fmt.Errorf("registering metrics: %w", err)
		}
	}
	return nil
}

// kindCounters are the request counters of one zone, looked up once so that counting a request is one atomic addition.
type kindCounters [zones.Kinds]prometheus.Counter

func countersOf(zone string) *kindCounters {
	var counters kindCounters
	for kind := range zones.Kind(zones.Kinds) {
		counters[kind] = requestsTotal.WithLabelValues(zone, kind.String())
	}
	return &counters
}
