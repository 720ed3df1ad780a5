package caddymodule

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/builds"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// processBuilds are the builds of all sites.
var processBuilds = builds.NewPool()

// siteBuilds has the deployments of a handler's zones, and their builds. When one takes another build, or another
// deployment is live, the view of the handler is swapped.
type siteBuilds struct {
	configs  []ZoneConfig
	settings assets.Settings // how files are served
	log      *zap.Logger
	// swap serves the site from deployments. Its error says why there is no place for them, and that nothing has
	// changed.
	swap func(now, before []served) error
	// replaced is told that a deployment of a zone is another build now. before is nil where it had none.
	replaced func(i int, id string, before, after *build)

	mu  sync.Mutex // held while a view is made and swapped; taken within that of a directory
	now []served
}

// subscribeBuilds reads the builds that zones name, as far as nobody has read them. upstreams are those of each zone,
// settings say how files are served. What it returns is to be closed also with an error.
func subscribeBuilds(
	list []ZoneConfig, upstreams []*deploy.Rotation, settings assets.Settings, repl *caddy.Replacer, log *zap.Logger,
) (*siteBuilds, error) {
	s := &siteBuilds{configs: list, settings: settings, log: log, now: make([]served, len(list))}
	for i, config := range list {
		if err := errors.Join(config.checkDev(), config.checkExport()); err != nil {
			return s, fmt.Errorf("zone %s: %w", config.label(), err)
		}
		first := &deployment{id: deploy.ConfigDeployment, upstreams: upstreams[i]}
		s.now[i] = served{config: first}
		if !config.namesBuild() {
			continue
		}
		mayLack := config.Export == "" && edge.Current.Load() == nil
		var err error
		if first.builds, err = s.subscribe(i, first, config.source(repl), config.label(), mayLack); err != nil {
			return s, fmt.Errorf("zone %s: %w", config.label(), err)
		}
		s.now[i].config = first.with(config.serve(first.builds.Begin()))
	}
	return s, nil
}

// subscribe reads the build of a deployment, and has the site take what comes in its place.
func (s *siteBuilds) subscribe(i int, of *deployment, source builds.Source, label string, mayLack bool) (*builds.Subscription, error) {
	var before *build // guarded as Take and Taken are
	return processBuilds.Subscribe(builds.Options{
		Source: source, Sources: sourceTexts(of.upstreams), Upstreams: of.upstreams.Upstreams, Ask: of.upstreams.Ask,
		Files: s.settings, Label: label, Log: s.log, MayLack: mayLack,
		Take: func(next *builds.Snapshot) (err error) {
			before, err = s.take(i, of.id, next)
			return err
		},
		Taken:      func() { s.taken(i, of.id, before) },
		Refused:    func() { buildReadsTotal.WithLabelValues(s.configs[i].label(), "refused").Inc() },
		Unfinished: func() { buildReadsTotal.WithLabelValues(s.configs[i].label(), "unfinished").Inc() },
	})
}

// watch begins to take other builds. 0 stands for the default interval.
func (s *siteBuilds) watch(every time.Duration) {
	for _, zone := range s.all() {
		for _, one := range zone.all() {
			one.builds.Watch(every)
		}
	}
}

// close gives all builds back, and what was ordered.
func (s *siteBuilds) close() error {
	if s == nil {
		return nil
	}
	var errs []error
	for _, zone := range s.all() {
		errs = append(errs, zone.config.builds.Close())
		for _, one := range zone.ordered {
			errs = append(errs, one.close())
		}
	}
	return errors.Join(errs...)
}

// all returns what each zone is served from now.
func (s *siteBuilds) all() []served {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// take serves a deployment of a zone from another build, and returns the one before; nil: there was none. The error
// says why the site has no place for it.
func (s *siteBuilds) take(i int, id string, next *builds.Snapshot) (before *build, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one := s.now[i].find(id); one != nil {
		before = one.build
	}
	return before, s.replace(i, s.now[i].withBuild(id, s.configs[i].serve(next)))
}

// replace serves a zone from other deployments. The error says why the site has no place for them. s.mu is held.
func (s *siteBuilds) replace(i int, zone served) error {
	now := append([]served{}, s.now...)
	now[i] = zone
	if err := s.swap(now, s.now); err != nil {
		return err
	}
	s.now = now
	return nil
}

// taken counts a build that is taken in the place of another one, and says what it shows to be wrong.
func (s *siteBuilds) taken(i int, id string, before *build) {
	label := s.configs[i].label()
	buildReadsTotal.WithLabelValues(label, "taken").Inc()
	if one := s.all()[i].find(id); one != nil {
		one.build.logWarnings(label, s.log)
		s.replaced(i, id, before, one.build)
	}
}
