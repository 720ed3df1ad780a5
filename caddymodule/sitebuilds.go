package caddymodule

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/builds"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// processBuilds are the builds of all sites.
var processBuilds = builds.NewPool()

// build is what a zone of a site is served from.
type build struct {
	*nextbuild.Build
	*builds.Snapshot
	export *exportedSite // nil: Next.js serves it
}

// siteBuilds has the builds of a handler's zones. When one takes another build, the view of the handler is swapped.
type siteBuilds struct {
	handler *Handler
	log     *zap.Logger
	zones   []*builds.Subscription // nil: the zone names no build

	mu  sync.Mutex // held while a view is made and swapped; taken within that of a directory
	now []*build   // nil: the zone names none, or it is missing
}

// subscribeBuilds reads the builds that the zones of a handler name, as far as nobody has read them. What it returns
// is to be closed also with an error.
func subscribeBuilds(h *Handler, repl *caddy.Replacer, log *zap.Logger) (*siteBuilds, error) {
	s := &siteBuilds{handler: h, log: log, zones: make([]*builds.Subscription, len(h.Zones)), now: make([]*build, len(h.Zones))}
	for i, config := range h.Zones {
		if err := errors.Join(config.checkDev(), config.checkExport()); err != nil {
			return s, fmt.Errorf("zone %s: %w", config.label(), err)
		}
		if !config.namesBuild() {
			continue
		}
		subscription, err := processBuilds.Subscribe(builds.Options{
			Source: config.source(repl), Upstreams: h.upstreams[i], Files: h.files.assetSettings(h.CDN),
			Label: config.label(), Log: log, MayLack: config.Export == "" && running.app() == nil,
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
	h := s.handler
	now, before := slices.Clone(s.now), h.site.view.Load()
	now[i] = h.Zones[i].serve(next)
	v, err := newView(h, now, before, s.now)
	if err != nil {
		return err
	}
	s.now = now
	h.site.view.Store(v)
	closeView(before, v)
	return nil
}

// taken counts a build that is taken, and says what it shows to be wrong.
func (s *siteBuilds) taken(i int) {
	label := s.handler.Zones[i].label()
	buildReadsTotal.WithLabelValues(label, "taken").Inc()
	s.of(i).say(label, s.log)
}

// of returns the build of a zone.
func (s *siteBuilds) of(i int) *build {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now[i]
}

// say says once, when a zone begins with a build or takes it, what that shows to be wrong.
func (b *build) say(zone string, log *zap.Logger) {
	b.advise(zone, log)
	if b != nil && b.export != nil {
		b.export.report(zone, log)
	}
}
