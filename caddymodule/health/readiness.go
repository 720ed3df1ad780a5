package health

import (
	"slices"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// Readiness knows whether the zones of a configuration can be served. It asks nobody: who looks after the upstreams
// does, until each zone has answered once.
type Readiness struct {
	Logger *zap.Logger

	mu    sync.Mutex
	zones []Zone
	// was says that all zones that are needed had answered once, under this configuration or the one before.
	was atomic.Bool
}

// Zone is a zone, and what must answer for it.
type Zone struct {
	Name      string
	Optional  bool
	Upstreams *deploy.Rotation // nil: its files are loaded, and nobody else is needed
	// Live returns those of the deployment that is live now.
	Live func() *deploy.Rotation
	Note func() string
}

// Report is the answer to a probe.
type Report struct {
	Ready bool         `json:"ready"`
	Zones []ZoneReport `json:"zones"`
}

// ZoneReport is what is known of a zone.
type ZoneReport struct {
	Name string `json:"name"`
	// Ready says that the zone has answered once, Serving that an upstream is fit to answer now.
	Ready   bool `json:"ready"`
	Serving bool `json:"serving"`
	// Optional zones are not waited for.
	Optional bool `json:"optional,omitempty"`
	// Error is why the upstreams are not fit, each reason once.
	Error []string `json:"error,omitempty"`
	// WithoutBuild is why the zone has no build yet, though it names one. It is served all the same.
	WithoutBuild string `json:"without_build,omitempty"`
}

// Add adds the zones of a site. The same zone may belong to several sites.
func (r *Readiness) Add(list ...Zone) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, zone := range list {
		known := slices.ContainsFunc(r.zones, func(other Zone) bool {
			return other.Name == zone.Name && idOf(other.Upstreams) == idOf(zone.Upstreams)
		})
		if !known {
			r.zones = append(r.zones, zone)
		}
	}
}

func idOf(rotation *deploy.Rotation) string {
	if rotation == nil {
		return ""
	}
	return rotation.ID()
}

// GoOn has a configuration be ready if the one before was: edges that get a new zone whose application is not there yet
// must not all be taken away.
func (r *Readiness) GoOn(before *Readiness) { r.was.Store(before.was.Load()) }

// report says what is known of the zones. strict says that each one that is needed must have a fit upstream now.
func (r *Readiness) report(strict bool) Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	report := Report{Zones: make([]ZoneReport, len(r.zones))}
	answered, serving := true, true
	for i, zone := range r.zones {
		report.Zones[i] = zone.report()
		answered = answered && (report.Zones[i].Ready || zone.Optional)
		serving = serving && (report.Zones[i].Serving || zone.Optional)
	}
	if answered && !r.was.Swap(true) {
		r.Logger.Info("ready: each zone that is needed has answered", zap.Any("zones", report.Zones))
	}
	report.Ready = r.was.Load() && (serving || !strict)
	return report
}

func (z Zone) report() ZoneReport {
	report := ZoneReport{Name: z.Name, Optional: z.Optional, WithoutBuild: z.Note()}
	if z.Upstreams == nil {
		report.Ready, report.Serving = true, true
		return report
	}
	zone := z.Live().Zone()
	report.Ready, report.Serving = zone.Answered, zone.IsServed()
	if report.Serving && report.Ready {
		return report
	}
	for _, member := range zone.Deployment.Members {
		if member.Why != "" && !slices.Contains(report.Error, member.Why) {
			report.Error = append(report.Error, member.Why)
		}
	}
	switch {
	case len(zone.Deployment.Members) == 0:
		report.Error = []string{"DNS tells no upstream"}
	case len(report.Error) == 0:
		report.Error = []string{"no upstream has answered yet"}
	}
	return report
}
