package caddymodule

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// repair is something that Next.js gets wrong and the edge puts right, unless the configuration turns it off.
type repair uint8

const (
	repairLocation          repair = iota // URLs of redirects that name the upstream
	repairPrefetchRedirects               // prefetches that are redirected
	repairStoredCookies                   // cookies that everybody would get
	repairImageMethods                    // methods that pictures and files do not have
	repairUploads                         // bodies that Next.js would cut
	repairPrefetchFlood                   // prefetches that a client makes over and over
	repairs                               // how many there are
)

// repairNames are the words of configurations, metrics and logs.
var repairNames = [repairs]string{
	repairLocation:          "location",
	repairPrefetchRedirects: "prefetch_redirects",
	repairStoredCookies:     "stored_cookies",
	repairImageMethods:      "image_methods",
	repairUploads:           "uploads",
	repairPrefetchFlood:     "prefetch_flood",
}

// String returns the name of the repair.
func (r repair) String() string { return repairNames[r] }

// repairNamed returns the repair of a name.
func repairNamed(name string) (repair, error) {
	at := slices.Index(repairNames[:], name)
	if at < 0 {
		return 0, fmt.Errorf("unknown repair %q; known: %s", name, strings.Join(repairNames[:], ", "))
	}
	return repair(at), nil //nolint:gosec // an index of repairNames
}

// Repairs says what of Next.js the edge does not put right.
type Repairs struct {
	// Whether nothing is.
	Off bool `json:"off,omitempty"`

	// Names of what is not (docs/caddyfile.md, "Repairs"). Default: everything is put right.
	Disabled []string `json:"disabled,omitempty"`

	// How often a client may ask for one segment of a page ahead of a click. Default: 20 times in 10 seconds.
	PrefetchFlood *PrefetchFlood `json:"prefetch_flood,omitempty"`
}

var repairsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
	Namespace: "caddy", Subsystem: "nextjs", Name: "repairs_total",
	Help: "Requests and answers of Next.js that the edge put right, by zone and repair.",
}, []string{"zone", "repair"})

// zoneRepairs are the repairs of one zone.
type zoneRepairs struct {
	zone     string
	on       uint8 // a bit for each
	flood    zones.FloodLimit
	counters [repairs]prometheus.Counter
	said     [repairs]*hourly
}

// of returns the repairs of a zone. A site that says nothing of them has all.
func (s *Repairs) of(zone string) (zoneRepairs, error) {
	z := zoneRepairs{zone: zone, on: 1<<repairs - 1, flood: defaultFlood}
	for r := range repairs {
		z.counters[r] = repairsTotal.WithLabelValues(zone, r.String())
		z.said[r] = hourlyOf(zone, r.String())
	}
	if s == nil {
		return z, nil
	}
	for _, name := range s.Disabled {
		r, err := repairNamed(name)
		if err != nil {
			return zoneRepairs{}, fmt.Errorf("repair: disabled: %w", err)
		}
		z.on &^= 1 << r
	}
	if s.PrefetchFlood != nil {
		var err error
		if z.flood, err = s.PrefetchFlood.limit(); err != nil {
			return zoneRepairs{}, fmt.Errorf("repair: prefetch_flood: %w", err)
		}
	}
	if s.Off {
		z.on = 0
	}
	return z, nil
}

// has reports whether the zone has a repair.
func (z *zoneRepairs) has(r repair) bool { return z.on&(1<<r) != 0 }

// count counts that something was put right.
func (z *zoneRepairs) count(r repair) { z.counters[r].Inc() }

// say logs that something was put right, once an hour at most.
func (z *zoneRepairs) say(r repair, logger *zap.Logger, msg string, fields ...zap.Field) {
	if !z.said[r].may() {
		return
	}
	logger.Warn(msg, append([]zap.Field{zap.String("zone", z.zone), zap.Stringer("repair", r)}, fields...)...)
}

// PrefetchFlood is how often a client may ask for one segment of a page ahead of a click. A client is an address and
// its Cookie header.
type PrefetchFlood struct {
	// How often, from 1 to 1000.
	Count int `json:"count"`

	// Within which time.
	Window caddy.Duration `json:"window"`
}

// defaultFlood is far above what the client of Next.js asks for when it makes no mistake.
var defaultFlood = zones.FloodLimit{Count: 20, Window: 10 * time.Second}

func (p PrefetchFlood) limit() (zones.FloodLimit, error) {
	if p.Count < 1 || p.Count > zones.MaxFloodCount {
		return zones.FloodLimit{}, fmt.Errorf("count %d is not from 1 to %d", p.Count, zones.MaxFloodCount)
	}
	if p.Window <= 0 {
		return zones.FloodLimit{}, fmt.Errorf("window %s is not above 0", time.Duration(p.Window))
	}
	return zones.FloodLimit{Count: p.Count, Window: time.Duration(p.Window)}, nil
}
