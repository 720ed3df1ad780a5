package edge

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

// Repair is something that Next.js gets wrong and the edge puts right, unless the configuration turns it off.
type Repair uint8

// The repairs.
const (
	RepairLocation          Repair = iota // URLs of redirects that name the upstream
	RepairPrefetchRedirects               // prefetches that are redirected
	RepairStoredCookies                   // cookies that everybody would get
	RepairImageMethods                    // methods that pictures and files do not have
	RepairUploads                         // bodies that Next.js would cut
	RepairPrefetchFlood                   // prefetches that a client makes over and over
	repairs                               // how many there are
)

// RepairNames are the words of configurations, metrics and logs.
var RepairNames = [repairs]string{
	RepairLocation:          "location",
	RepairPrefetchRedirects: "prefetch_redirects",
	RepairStoredCookies:     "stored_cookies",
	RepairImageMethods:      "image_methods",
	RepairUploads:           "uploads",
	RepairPrefetchFlood:     "prefetch_flood",
}

// String returns the name of the repair.
func (r Repair) String() string { return RepairNames[r] }

// RepairNamed returns the repair of a name.
func RepairNamed(name string) (Repair, error) {
	at := slices.Index(RepairNames[:], name)
	if at < 0 {
		return 0, fmt.Errorf("unknown repair %q; known: %s", name, strings.Join(RepairNames[:], ", "))
	}
	return Repair(at), nil //nolint:gosec // an index of repairNames
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

// ZoneRepairs are the repairs of one zone.
type ZoneRepairs struct {
	zone     string
	on       uint8 // a bit for each
	Flood    zones.FloodLimit
	counters [repairs]prometheus.Counter
	Said     [repairs]*logLimit
}

// Of returns the repairs of a zone. A site that says nothing of them has all.
func (s *Repairs) Of(zone string) (ZoneRepairs, error) {
	z := ZoneRepairs{zone: zone, on: 1<<repairs - 1, Flood: defaultFlood}
	for r := range repairs {
		z.counters[r] = repairsTotal.WithLabelValues(zone, r.String())
		z.Said[r] = LogLimitOf(zone, r.String())
	}
	if s == nil {
		return z, nil
	}
	for _, name := range s.Disabled {
		r, err := RepairNamed(name)
		if err != nil {
			return ZoneRepairs{}, fmt.Errorf("repair: disabled: %w", err)
		}
		z.on &^= 1 << r
	}
	if s.PrefetchFlood != nil {
		var err error
		if z.Flood, err = s.PrefetchFlood.Limit(); err != nil {
			return ZoneRepairs{}, fmt.Errorf("repair: prefetch_flood: %w", err)
		}
	}
	if s.Off {
		z.on = 0
	}
	return z, nil
}

// Has reports whether the zone has a repair.
func (z *ZoneRepairs) Has(r Repair) bool { return z.on&(1<<r) != 0 }

// Count counts that something was put right.
func (z *ZoneRepairs) Count(r Repair) { z.counters[r].Inc() }

// LogHourly logs that something was put right, once an hour at most.
func (z *ZoneRepairs) LogHourly(r Repair, logger *zap.Logger, msg string, fields ...zap.Field) {
	if !z.Said[r].oncePerHour() {
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

// Limit returns the bound. The error says which number cannot be.
func (p PrefetchFlood) Limit() (zones.FloodLimit, error) {
	if p.Count < 1 || p.Count > zones.MaxFloodCount {
		return zones.FloodLimit{}, fmt.Errorf("count %d is not from 1 to %d", p.Count, zones.MaxFloodCount)
	}
	if p.Window <= 0 {
		return zones.FloodLimit{}, fmt.Errorf("window %s is not above 0", time.Duration(p.Window))
	}
	return zones.FloodLimit{Count: p.Count, Window: time.Duration(p.Window)}, nil
}
