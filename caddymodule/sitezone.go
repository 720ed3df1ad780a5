package caddymodule

import "github.com/prometheus/client_golang/prometheus"

// siteZone is what the nextjs handler counts and says of a zone.
type siteZone struct {
	// name is that of the zone, as the value of a placeholder.
	name      any
	counters  *kindCounters
	crossings prometheus.Counter
	rules     string // the Speculation-Rules header of its pages
}

var zoneSlot = newSlot[*siteZone]()

func newSiteZone(name string) *siteZone {
	return &siteZone{
		name: name, counters: countersOf(name), crossings: crossZoneTotal.WithLabelValues(name), rules: speculationHeader(name),
	}
}
