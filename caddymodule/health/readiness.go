package health

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/builds"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// probePath is cheap for Next.js: it looks for a file that it has not, renders nothing, and answers. Any answer will
// do.
const probePath = "/_next/static/caddy-nextjs-readiness"

// Readiness knows whether the zones of a configuration can be served.
type Readiness struct {
	Logger *zap.Logger

	mu    sync.Mutex // held while upstreams are asked, so that all who ask meanwhile get the same answer
	zones []Zone
	last  Report
	until time.Time
}

// Zone is a zone, and what must answer for it.
type Zone struct {
	Name      string
	Optional  bool
	Upstreams []*deploy.Upstream
	Export    bool // its files are loaded, and nobody else is needed
	Note      func() string
}

// Report is the answer to a probe.
type Report struct {
	Ready bool         `json:"ready"`
	Zones []ZoneReport `json:"zones"`
}

// ZoneReport is what a probe has found of a zone.
type ZoneReport struct {
	Name  string `json:"name"`
	Ready bool   `json:"ready"`
	// Optional zones are not asked.
	Optional bool `json:"optional,omitempty"`
	// Error is what kept the last upstream that was asked from answering.
	Error string `json:"error,omitempty"`
	// WithoutBuild is why the zone has no build yet, though it names one. It is served all the same.
	WithoutBuild string `json:"without_build,omitempty"`
}

// Add adds the zones of a site. The same zone may belong to several sites.
func (r *Readiness) Add(list ...Zone) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, zone := range list {
		known := slices.ContainsFunc(r.zones, func(other Zone) bool {
			return other.Name == zone.Name && slices.Equal(other.Upstreams, zone.Upstreams)
		})
		if !known {
			r.zones = append(r.zones, zone)
		}
	}
}

// probe asks the upstreams of every zone that is needed, all at once. An answer holds for probeEvery.
func (r *Readiness) probe(timeout time.Duration) Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Now().Before(r.until) {
		return r.last
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	report := Report{Ready: true, Zones: make([]ZoneReport, len(r.zones))}
	var group sync.WaitGroup
	for i, zone := range r.zones {
		if zone.Optional {
			report.Zones[i] = ZoneReport{Name: zone.Name, Optional: true}
			continue
		}
		group.Go(func() { report.Zones[i] = zone.probe(ctx) })
	}
	group.Wait()
	for i, zone := range report.Zones {
		report.Ready = report.Ready && (zone.Ready || zone.Optional)
		report.Zones[i].WithoutBuild = r.zones[i].Note()
	}
	if report.Ready != r.last.Ready || r.until.IsZero() {
		r.Logger.Info("readiness changed", zap.Bool("ready", report.Ready), zap.Any("zones", report.Zones))
	}
	r.last, r.until = report, time.Now().Add(probeEvery)
	return report
}

// probe asks all upstreams of a zone, until one answers.
func (z Zone) probe(ctx context.Context) ZoneReport {
	if z.Export {
		return ZoneReport{Name: z.Name, Ready: true}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan error, len(z.Upstreams))
	for _, upstream := range z.Upstreams {
		go func() { answers <- askUpstream(ctx, upstream) }()
	}
	report := ZoneReport{Name: z.Name}
	for range z.Upstreams {
		err := <-answers
		if err == nil {
			return ZoneReport{Name: z.Name, Ready: true}
		}
		report.Error = err.Error()
	}
	return report
}

// askUpstream reports whether an upstream answers HTTP, whatever it says. A process that only listens, as Next.js 16
// does before it has loaded its configuration, does not.
func askUpstream(ctx context.Context, upstream *deploy.Upstream) error {
	_, err := builds.StatusOf(ctx, upstream, http.MethodGet, probePath)
	return err
}
