// Package guard answers requests that would do harm to an application: prefetches that a client makes over and over,
// and bodies that Next.js would cut.
package guard

import (
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/hygiene"
)

// prefetchFlood has the prefetches of segments of all zones of the process, over configurations.
var prefetchFlood = zones.NewFlood()

// collectors report what is remembered of prefetches.
var collectors = []prometheus.Collector{
	prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "prefetch_flood_bytes",
		Help: "Bytes of what is remembered of prefetches, to find those that a client makes over and over; at most 4 MiB.",
	}, func() float64 { bytes, _ := prefetchFlood.Size(); return float64(bytes) }),
	prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "prefetch_flood_dropped",
		Help: "Prefetches of which that was forgotten before its time, for want of room, since the start.",
	}, func() float64 { _, dropped := prefetchFlood.Size(); return float64(dropped) }),
}

// EndPrefetchFlood answers the prefetch of a segment that its client asks for over and over with 204
// (vercel/next.js#98345), and reports whether it has.
func EndPrefetchFlood(w http.ResponseWriter, r *http.Request, zone *edge.Zone) bool {
	if !hygiene.IsSegmentPrefetch(r) || !zone.Repairs.Has(edge.RepairPrefetchFlood) {
		return false
	}
	address, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
	if !prefetchFlood.Exceeds(zones.FloodKeyOf(r, zone.Space, address), zone.Repairs.Flood, time.Now()) {
		return false
	}
	hygiene.EmptyPrefetch(w.Header())
	w.WriteHeader(http.StatusNoContent)
	zone.Repairs.Count(edge.RepairPrefetchFlood)
	zone.Repairs.LogHourly(edge.RepairPrefetchFlood, zone.Log,
		"a client asks for the same prefetch over and over: answered with 204",
		zap.String("path", r.URL.Path), zap.String("client_ip", address))
	return true
}

// Collectors are the metrics of the package. They belong to the process, so counts go on over configurations.
func Collectors() []prometheus.Collector { return collectors }
