package caddymodule

import (
	"net/http"
	"strconv"
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// parsePrefetchFlood reads the arguments of `prefetch_flood <count> <window>`.
func parsePrefetchFlood(d *caddyfile.Dispenser, args []string) (*PrefetchFlood, error) {
	count, err := strconv.Atoi(args[0])
	if err != nil {
		return nil, d.Errf("prefetch_flood takes off, or a count and a duration such as 20 10s, found %q", args[0])
	}
	window, err := parseDuration(d, "prefetch_flood", args[1])
	if err != nil {
		return nil, err
	}
	p := &PrefetchFlood{Count: count, Window: window}
	if _, err := p.limit(); err != nil {
		return nil, d.Errf("prefetch_flood: %v", err)
	}
	return p, nil
}

// prefetchFlood has the prefetches of segments of all zones of the process, over configurations.
var prefetchFlood = zones.NewFlood()

// prefetchFloodGauges report what is remembered of prefetches.
var prefetchFloodGauges = []prometheus.Collector{
	prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "prefetch_flood_bytes",
		Help: "Bytes of what is remembered of prefetches, to find those that a client makes over and over; at most 4 MiB.",
	}, func() float64 { bytes, _ := prefetchFlood.Size(); return float64(bytes) }),
	prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "caddy", Subsystem: "nextjs", Name: "prefetch_flood_dropped",
		Help: "Prefetches of which that was forgotten before its time, for want of room, since the start.",
	}, func() float64 { _, dropped := prefetchFlood.Size(); return float64(dropped) }),
}

// endPrefetchFlood answers the prefetch of a segment that its client asks for over and over with 204
// (vercel/next.js#98345), and reports whether it has.
func (h *Handler) endPrefetchFlood(w http.ResponseWriter, r *http.Request, facts *zoneFacts) bool {
	if !zones.IsSegmentPrefetch(r) || !facts.repairs.has(repairPrefetchFlood) {
		return false
	}
	address, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
	if !prefetchFlood.IsMore(zones.SegmentAsked(r, facts.space, address), facts.repairs.flood, time.Now()) {
		return false
	}
	zones.EmptyPrefetch(w.Header())
	w.WriteHeader(http.StatusNoContent)
	facts.repairs.count(repairPrefetchFlood)
	facts.repairs.say(repairPrefetchFlood, h.logger, "a client asks for the same prefetch over and over: answered with 204",
		zap.String("path", r.URL.Path), zap.String("client_ip", address))
	return true
}
