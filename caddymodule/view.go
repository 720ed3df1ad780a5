package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// defaultWatch is how often build directories are looked at.
const defaultWatch = 2 * time.Second

// view is what a handler knows of its site. It is replaced as a whole when a build has changed.
type view struct {
	table     *zones.Table
	crossings *zones.Crossings
	facts     map[*zones.Zone]*zoneFacts
	headLimit siteLimit
}

// newView prepares what configurations and builds say.
func newView(h *Handler, builds []*build) (*view, error) {
	place := placeZones
	if h.AssetHost {
		place = placeAssetHost
	}
	list, err := place(h.Zones, builds)
	if err != nil {
		return nil, err
	}
	v := &view{facts: make(map[*zones.Zone]*zoneFacts, len(list)), headLimit: h.headLimit}
	for i, zone := range list {
		zone.Upstreams = h.upstreams[i]
		facts := &zoneFacts{name: zone.Name, counters: countersOf(zone.Name), crossings: crossZoneTotal.WithLabelValues(zone.Name), rules: speculationHeader(zone.Name)}
		facts.staticOff = h.StaticOff
		if facts.space, err = h.Zones[i].space(zone); err != nil {
			return nil, fmt.Errorf("zone %s: %w", zone.Name, err)
		}
		switch {
		case builds[i] != nil:
			facts.build, facts.book, facts.assets, facts.export = builds[i].Build, builds[i].book, builds[i].assets, builds[i].export
		case h.files != nil && !zone.Dev:
			facts.keep = h.files.keep(facts.space)
		}
		facts.hidesQuery = facts.book != nil && !h.ShowQuery
		facts.files = fileCountersOf(zone.Name)
		facts.pages = h.newZonePages(zone, facts.space, builds[i])
		if facts.images, err = h.newZoneImages(h.Zones[i], zone, facts.space, builds[i], h.logger); err != nil {
			return nil, fmt.Errorf("zone %s: image: %w", zone.Name, err)
		}
		v.facts[zone] = facts
	}
	if v.table, err = zones.NewTable(list); err != nil {
		return nil, err
	}
	v.crossings = zones.NewCrossings(v.table, list)
	for zone, scope := range zones.NewCookieScopes(list) {
		v.facts[zone].cookies = scope
	}
	return v, nil
}

// closeAssets gives back the files of the view's builds, but for those that the next view has too. Requests that still use them are
// answered by Next.js.
func (v *view) closeAssets(next *view) error {
	kept, exports := map[*assets.Set]bool{nil: true}, map[*exportedSite]bool{nil: true}
	if next != nil {
		for _, facts := range next.facts {
			kept[facts.assets], exports[facts.export] = true, true
		}
	}
	var errs []error
	for _, facts := range v.facts {
		facts.images.close()
		if !kept[facts.assets] {
			errs = append(errs, facts.assets.Close())
		}
		if !exports[facts.export] {
			errs = append(errs, facts.export.files.Close())
		}
	}
	return errors.Join(errs...)
}

// closeBuilds gives back the files of builds that no view has.
func closeBuilds(builds []*build) error {
	var errs []error
	for _, b := range builds {
		errs = append(errs, b.close())
	}
	return errors.Join(errs...)
}

// buildWatch notices changed build directories. A new build is taken whole, once it has stopped changing, or not at all: while it is
// missing, half-written or in conflict with other zones, the last good one stays.
type buildWatch struct {
	handler *Handler
	repl    *caddy.Replacer
	builds  []*build
	seen    []string // the stamps of the last look
	refused []string // the stamps that could not be taken, so that each is said once
	log     *zap.Logger
}

func newBuildWatch(h *Handler, repl *caddy.Replacer, builds []*build, log *zap.Logger) *buildWatch {
	w := &buildWatch{handler: h, repl: repl, builds: builds, seen: make([]string, len(builds)), refused: make([]string, len(builds)), log: log}
	for i, b := range builds {
		if b != nil {
			w.seen[i] = b.Stamp
		}
	}
	return w
}

// run looks until ctx ends.
func (w *buildWatch) run(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			w.look()
		}
	}
}

func (w *buildWatch) look() {
	for i, config := range w.handler.Zones {
		if w.builds[i] == nil {
			continue
		}
		// A build that is gone for a moment is being replaced.
		stamp, err := config.stamp(w.repl)
		if err != nil {
			stamp = err.Error()
		}
		settled := stamp == w.seen[i]
		w.seen[i] = stamp
		if !settled || stamp == w.builds[i].Stamp || stamp == w.refused[i] {
			continue
		}
		if err := w.take(i); err != nil {
			w.refused[i] = stamp
			buildReadsTotal.WithLabelValues(config.label(), "refused").Inc()
			w.log.Warn("build not taken, the last one stays", zap.String("zone", config.label()), zap.Error(err))
		}
	}
}

// take reads the build of a zone anew and puts it in the place of the old one.
func (w *buildWatch) take(i int) error {
	config := w.handler.Zones[i]
	fresh, err := config.readBuild(w.repl, w.handler.files)
	if err != nil {
		return err
	}
	builds := append([]*build(nil), w.builds...)
	builds[i] = fresh
	v, err := newView(w.handler, builds)
	if err != nil {
		return errors.Join(fmt.Errorf("placing the zones: %w", err), fresh.close())
	}
	w.builds = builds
	if err := w.handler.view.Swap(v).closeAssets(v); err != nil {
		w.log.Warn("closing the files of the last build", zap.Error(err))
	}
	buildReadsTotal.WithLabelValues(config.label(), "taken").Inc()
	if fresh.export != nil {
		fresh.export.report(config.label(), w.log)
	}
	w.log.Info("build taken", zap.String("zone", config.label()), zap.String("build", fresh.ID), zap.String("next", fresh.NextVersion))
	return nil
}
