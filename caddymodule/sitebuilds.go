package caddymodule

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/builds"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// processBuilds are the builds of all sites.
var processBuilds = builds.NewPool()

// siteBuilds has the builds of a handler's zones. When one takes another build, the view of the handler is swapped.
type siteBuilds struct {
	configs []ZoneConfig
	log     *zap.Logger
	zones   []*builds.Subscription // nil: the zone names no build
	// swap serves the site from builds. Its error says why there is no place for them, and that nothing has changed.
	swap func(now, before []*build) error

	mu  sync.Mutex // held while a view is made and swapped; taken within that of a directory
	now []*build   // nil: the zone names none, or it is missing
}

// subscribeBuilds reads the builds that zones name, as far as nobody has read them. upstreams are those of each zone,
// settings say how files are served. What it returns is to be closed also with an error.
func subscribeBuilds(
	list []ZoneConfig, upstreams []*deploy.Rotation, settings assets.Settings, repl *caddy.Replacer, log *zap.Logger,
) (*siteBuilds, error) {
	s := &siteBuilds{
		configs: list, log: log, zones: make([]*builds.Subscription, len(list)), now: make([]*build, len(list)),
	}
	for i, config := range list {
		if err := errors.Join(config.checkDev(), config.checkExport()); err != nil {
			return s, fmt.Errorf("zone %s: %w", config.label(), err)
		}
		if !config.namesBuild() {
			continue
		}
		subscription, err := processBuilds.Subscribe(builds.Options{
			Source: config.source(repl), Sources: sourceTexts(upstreams[i]), Upstreams: upstreams[i].Upstreams, Ask: upstreams[i].Ask,
			Files: settings, Label: config.label(), Log: log, MayLack: config.Export == "" && edge.Current.Load() == nil,
			Take:       func(next *builds.Snapshot) error { return s.take(i, next) },
			Taken:      func() { s.taken(i) },
			Refused:    func() { buildReadsTotal.WithLabelValues(config.label(), "refused").Inc() },
			Unfinished: func() { buildReadsTotal.WithLabelValues(config.label(), "unfinished").Inc() },
		})
		if err != nil {
			return s, fmt.Errorf("zone %s: %w", config.label(), err)
		}
		s.zones[i], s.now[i] = subscription, config.serve(subscription.Begin())
	}
	return s, nil
}

// watch begins to take other builds. 0 stands for the default interval.
func (s *siteBuilds) watch(every time.Duration) {
	for _, subscription := range s.zones {
		subscription.Watch(every)
	}
}

// close gives all builds back.
func (s *siteBuilds) close() error {
	if s == nil {
		return nil
	}
	var errs []error
	for _, subscription := range s.zones {
		errs = append(errs, subscription.Close())
	}
	return errors.Join(errs...)
}

// take serves a zone from another build. The error says why the site has no place for it.
func (s *siteBuilds) take(i int, next *builds.Snapshot) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := slices.Clone(s.now)
	now[i] = s.configs[i].serve(next)
	if err := s.swap(now, s.now); err != nil {
		return err
	}
	s.now = now
	return nil
}

// taken counts a build that is taken, and says what it shows to be wrong.
func (s *siteBuilds) taken(i int) {
	label := s.configs[i].label()
	buildReadsTotal.WithLabelValues(label, "taken").Inc()
	s.of(i).logWarnings(label, s.log)
}

// of returns the build of a zone.
func (s *siteBuilds) of(i int) *build {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now[i]
}

var buildReadsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
	Namespace: "caddy", Subsystem: "nextjs", Name: "build_changes_total",
	Help: "Changed build directories, by zone and by what became of them: taken, refused, or unfinished: " +
		"without a whole build.",
}, []string{"zone", "result"})
