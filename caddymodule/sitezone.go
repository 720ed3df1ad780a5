package caddymodule

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/speculation"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// siteZone is what the nextjs handler counts and says of a zone.
type siteZone struct {
	// name is that of the zone, as the value of a placeholder.
	name             any
	counters         *kindCounters
	crossings        prometheus.Counter
	speculationRules string // the Speculation-Rules header of its pages
}

var zoneSlot = edge.NewSlot[*siteZone]()

func newSiteZone(name string) *siteZone {
	return &siteZone{
		name: name, counters: countersOf(name), crossings: crossZoneTotal.WithLabelValues(name),
		speculationRules: speculation.Header(name),
	}
}

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
		Help: "Soft navigations and prefetches from pages of other zones that the edge answered itself, " +
			"by the zone they asked.",
	}, []string{"zone"})
	buildReadsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "build_changes_total",
		Help: "Changed build directories, by zone and by what became of them: taken, refused, or unfinished: " +
			"without a whole build.",
	}, []string{"zone", "result"})
)

// kindCounters are the request counters of one zone, looked up once so that counting a request is one atomic addition.
type kindCounters [zones.Kinds]prometheus.Counter

func countersOf(zone string) *kindCounters {
	var counters kindCounters
	for kind := range zones.Kind(zones.Kinds) {
		counters[kind] = requestsTotal.WithLabelValues(zone, kind.String())
	}
	return &counters
}

// kindNames are the names of the kinds as values of placeholders.
var kindNames = func() (names [zones.Kinds]any) {
	for kind := range zones.Kind(zones.Kinds) {
		names[kind] = kind.String()
	}
	return names
}()

// verdictNames are the names of the verdicts as values of placeholders.
var verdictNames = func() map[string]any {
	names := map[string]any{}
	for _, name := range rules.VerdictNames() {
		names[name] = name
	}
	return names
}()
