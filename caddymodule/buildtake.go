package caddymodule

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"
)

// confirm asks whether the application runs the build that the zone is served by, until it was seen to. Then its word
// counts when it does not have the files of the next one.
func (w *buildWatch) confirm(ctx context.Context, z *watchedZone) {
	if z.confirmed || z.build.export != nil {
		return
	}
	proof := proofOf(z.build.Build, nil)
	if proof == "" {
		if !z.doubted {
			z.doubted = true
			w.log.Warn("the build has no .next/static, so its scripts come from Next.js, if that has them: copy it there",
				zap.String("zone", z.config.label()), zap.String("build", z.build.ID), zap.String("directory", z.build.Dir))
		}
		return
	}
	lacks := false
	for _, answer := range standingsOf(ctx, z.upstreams, proof) {
		z.setConfirmed(w, z.confirmed || answer == has)
		lacks = lacks || answer == hasNot
	}
	if lacks && !z.confirmed && !z.doubted {
		z.doubted = true
		w.log.Warn("the application does not answer with the files of its build, so nobody can tell when it runs another: "+
			"start it again if it was built since, give it its .next/static, name the directory that it was started in, "+
			"or look whether the upstream is another application",
			zap.String("zone", z.config.label()), zap.String("build", z.build.ID),
			zap.String("directory", z.build.Dir), zap.String("asked", proof))
	}
}

func (z *watchedZone) setConfirmed(w *buildWatch, confirmed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	z.confirmed = confirmed
}

// proceed takes the build that waits if the application runs it.
func (w *buildWatch) proceed(ctx context.Context, i int) {
	z := w.zones[i]
	fresh := z.others.waiting.Load()
	if fresh.export != nil || z.build == nil || len(z.upstreams) == 0 {
		w.take(i, true)
		return
	}
	proof := proofOf(fresh.Build, z.build.Build)
	if proof == "" && len(fresh.Static) > 0 {
		w.take(i, true) // its scripts are those of the one before
		return
	}
	waited := time.Since(time.Unix(0, z.others.since.Load()))
	standings, confirmed := []standing{unclear}, false
	if proof != "" {
		standings, confirmed = standingsOf(ctx, z.upstreams, proof), z.confirmed
	}
	decision := decideWaiting(standings, confirmed, waited)
	z.others.mixed.Store(decision == waitsMixed)
	z.others.sayWaiting(fresh.ID, decision, standings)
	switch {
	case ctx.Err() != nil:
	case decision == takes:
		w.take(i, true)
	case decision == takesUnproven:
		w.log.Warn("taking a build though the application does not say that it runs it: "+
			"start it again within this time after a build",
			zap.String("zone", z.config.label()), zap.String("build", fresh.ID),
			zap.Duration("after", unprovenTime), zap.String("asked", proof))
		w.take(i, false)
	case !z.said:
		z.said = true
		w.log.Info("the application still runs another build: the new one is taken when it runs that",
			zap.String("zone", z.config.label()), zap.String("runs", z.build.ID),
			zap.String("waits", fresh.ID), zap.String("asked", proof))
	}
}

// sayWaiting keeps what a build waits for, for those who ask.
func (o *otherBuilds) sayWaiting(id string, decision decision, standings []standing) {
	why := "build " + id + " waits: the application still runs the one before"
	switch {
	case decision == waitsMixed:
		why = "build " + id + " waits: some upstreams run it, and others do not yet"
	case !slices.ContainsFunc(standings, func(s standing) bool { return s != silent }):
		why = "build " + id + " waits: no upstream answers"
	}
	o.why.Store(&why)
}

// take puts the build that waits in the place of the one before, which stays for the pages that are open.
func (w *buildWatch) take(i int, confirmed bool) {
	z := w.zones[i]
	fresh := z.others.waiting.Load()
	builds := w.builds()
	builds[i] = fresh
	v, err := newView(w.handler, builds)
	if err != nil {
		w.await(z, nil)
		w.refuse(z, fresh.Stamp, fmt.Errorf("placing the zones: %w", err))
		return
	}
	w.mu.Lock()
	before, last := z.build, z.others.last.Load()
	z.build, z.confirmed, z.doubted, z.said = fresh, confirmed && before != nil, !confirmed, false
	w.mu.Unlock()
	gone := last
	if before != nil && before.export != nil {
		gone = before // its pages and their files are replaced together
	} else {
		z.others.last.Store(before)
	}
	closeView(w.handler.site.view.Swap(v))
	z.others.await(nil, time.Now())
	z.others.why.Store(nil)
	z.others.missing.Store(nil)
	w.giveBack(gone)
	buildReadsTotal.WithLabelValues(z.config.label(), "taken").Inc()
	fresh.advise(z.config.label(), w.log)
	if fresh.export != nil {
		fresh.export.report(z.config.label(), w.log)
	}
	w.log.Info("build taken",
		zap.String("zone", z.config.label()), zap.String("build", fresh.ID), zap.String("next", fresh.NextVersion),
		zap.String("directory", fresh.Dir))
}
