package edge

import (
	"cmp"
	"fmt"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"
)

// defaultShared404 is how long shared caches may keep a 404 of Next.js.
const defaultShared404 = time.Minute

// SharedCaches says what caches that stand in front of a site are told.
type SharedCaches struct {
	// Whether a CDN stands in front that is purged at each deploy. It may keep public files and exports for a year
	// then; browsers ask each time. Default: caches ask each time too, as Next.js has it.
	CDN bool `json:"cdn,omitempty"`

	// How long at most they are told to keep a 404 that Next.js has prerendered (`notFound()`), which may be a year
	// with it. What the edge itself keeps is as Next.js says. At least `1s`. Default: `60s`.
	Shared404 caddy.Duration `json:"shared_404,omitempty"`
}

// CheckSharedCaches refuses bounds that cannot be meant.
func (c *SharedCaches) CheckSharedCaches() error {
	if c.Shared404 != 0 && time.Duration(c.Shared404) < time.Second {
		return fmt.Errorf("shared_404 must be at least 1s, found %s", time.Duration(c.Shared404))
	}
	return nil
}

var shared404Total = prometheus.NewCounterVec(prometheus.CounterOpts{
	Namespace: "caddy", Subsystem: "nextjs", Name: "shared_404_total",
	Help: "Answers with status 404 that Next.js let shared caches keep for longer than shared_404, by zone.",
}, []string{"zone"})

// Shared404Of returns what is said of the 404s of a zone.
func (c SharedCaches) Shared404Of(zone string) *Shared404 {
	return &Shared404{
		Most: cmp.Or(time.Duration(c.Shared404), defaultShared404), Count: shared404Total.WithLabelValues(zone).Inc,
	}
}
