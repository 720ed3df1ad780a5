package caddymodule

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/builds"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// probePath is cheap for Next.js: it looks for a file that it has not, renders nothing, and answers. Any answer will do.
const probePath = "/_next/static/caddy-nextjs-readiness"

// readiness knows whether the zones of a configuration can be served.
type readiness struct {
	logger *zap.Logger

	mu    sync.Mutex // held while upstreams are asked, so that all who ask meanwhile get the same answer
	zones []probedZone
	last  readinessReport
	until time.Time
}

// probedZone is a zone, and what must answer for it.
type probedZone struct {
	name      string
	optional  bool
	upstreams []*zones.Upstream
	export    bool // its files are loaded, and nobody else is needed
	note      func() string
}

// readinessReport is the answer to a probe.
type readinessReport struct {
	Ready bool         `json:"ready"`
	Zones []zoneReport `json:"zones"`
}

type zoneReport struct {
	Name  string `json:"name"`
	Ready bool   `json:"ready"`
	// Optional zones are not asked.
	Optional bool `json:"optional,omitempty"`
	// Error is what kept the last upstream that was asked from answering.
	Error string `json:"error,omitempty"`
	// WithoutBuild is why the zone has no build yet, though it names one. It is served all the same.
	WithoutBuild string `json:"without_build,omitempty"`
}

// add adds the zones of a site. The same zone may belong to several sites.
func (r *readiness) add(list ...probedZone) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, zone := range list {
		known := slices.ContainsFunc(r.zones, func(other probedZone) bool {
			return other.name == zone.name && slices.Equal(other.upstreams, zone.upstreams)
		})
		if !known {
			r.zones = append(r.zones, zone)
		}
	}
}

// probe asks the upstreams of every zone that is needed, all at once. An answer holds for probeEvery.
func (r *readiness) probe(timeout time.Duration) readinessReport {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Now().Before(r.until) {
		return r.last
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	report := readinessReport{Ready: true, Zones: make([]zoneReport, len(r.zones))}
	var group sync.WaitGroup
	for i, zone := range r.zones {
		if zone.optional {
			report.Zones[i] = zoneReport{Name: zone.name, Optional: true}
			continue
		}
		group.Go(func() { report.Zones[i] = zone.probe(ctx) })
	}
	group.Wait()
	for i, zone := range report.Zones {
		report.Ready = report.Ready && (zone.Ready || zone.Optional)
		report.Zones[i].WithoutBuild = r.zones[i].note()
	}
	if report.Ready != r.last.Ready || r.until.IsZero() {
		r.logger.Info("readiness changed", zap.Bool("ready", report.Ready), zap.Any("zones", report.Zones))
	}
	r.last, r.until = report, time.Now().Add(probeEvery)
	return report
}

// probe asks all upstreams of a zone, until one answers.
func (z probedZone) probe(ctx context.Context) zoneReport {
	if z.export {
		return zoneReport{Name: z.name, Ready: true}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan error, len(z.upstreams))
	for _, upstream := range z.upstreams {
		go func() { answers <- askUpstream(ctx, upstream) }()
	}
	report := zoneReport{Name: z.name}
	for range z.upstreams {
		err := <-answers
		if err == nil {
			return zoneReport{Name: z.name, Ready: true}
		}
		report.Error = err.Error()
	}
	return report
}

// askUpstream reports whether an upstream answers HTTP, whatever it says. A process that only listens, as Next.js 16 does before it has
// loaded its configuration, does not.
func askUpstream(ctx context.Context, upstream *zones.Upstream) error {
	_, err := builds.StatusOf(ctx, upstream, http.MethodGet, probePath)
	return err
}
