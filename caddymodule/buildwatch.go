package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// defaultWatch is how often build directories are looked at.
const defaultWatch = 2 * time.Second

// buildWatch has the builds of a handler's zones and notices when others take their place. A new build is taken whole,
// once it has stopped changing and the application runs it, or not at all: while it is missing, half-written, in
// conflict with other zones or not run yet, the last good one stays.
type buildWatch struct {
	handler *Handler
	repl    *caddy.Replacer
	zones   []*watchedZone
	log     *zap.Logger
	running sync.WaitGroup
	// mu guards what another configuration may ask for.
	mu sync.Mutex
}

// watchedZone is a zone and its builds.
type watchedZone struct {
	config    ZoneConfig
	upstreams []*zones.Upstream
	others    *otherBuilds
	build     *build // nil: the zone names none, or it is missing
	// confirmed says that an upstream has answered with a file of the build.
	confirmed bool
	doubted   bool   // it was said that no upstream has one
	seen      string // the stamp of the last look
	refused   string // the stamp that could not be taken, so that it is said once
	said      bool   // of the build that waits
}

// newBuildWatch reads the builds that the zones of a handler name.
func newBuildWatch(h *Handler, repl *caddy.Replacer, log *zap.Logger) (*buildWatch, error) {
	w := &buildWatch{handler: h, repl: repl, log: log}
	for i, config := range h.Zones {
		z := &watchedZone{config: config, upstreams: h.upstreams[i], others: new(otherBuilds)}
		w.zones = append(w.zones, z)
		if err := errors.Join(config.checkDev(), config.checkExport()); err != nil {
			return w, fmt.Errorf("zone %s: %w", config.label(), err)
		}
		fresh, err := config.readBuild(repl, h.files.assetSettings(h.CDN))
		switch {
		case err == nil:
			w.begin(z, fresh)
		case config.Build == "" || config.Export != "" || running.app() != nil:
			return w, err
		default:
			w.beginWithout(z, err)
		}
	}
	return w, nil
}

// beginWithout has a zone begin as one that names no build, because the process starts and its build is missing or
// half-written: the other sites are served meanwhile.
func (w *buildWatch) beginWithout(z *watchedZone, err error) {
	why := err.Error()
	z.others.missing.Store(&why)
	w.log.Error("the zone starts without its build, which is taken when it is whole: "+
		"until then nothing of it is kept, and files and pictures come from Next.js",
		zap.String("zone", z.config.label()), zap.Error(err))
}

// begin has a zone begin with a build that was read. After a reload that is the one which the configuration before had
// taken, while the application does not run the new one.
func (w *buildWatch) begin(z *watchedZone, fresh *build) {
	z.build = fresh
	if fresh == nil {
		return
	}
	z.seen = fresh.Stamp
	if fresh.export != nil {
		return
	}
	for _, h := range running.handlers() {
		now, last, confirmed := h.watch.share(z)
		if now == nil {
			continue
		}
		z.others.last.Store(last)
		z.confirmed = confirmed
		if now.Stamp == fresh.Stamp {
			_ = now.close() // it is read anew, with the bounds of this configuration
			return
		}
		z.build = now
		z.others.await(fresh, time.Now())
		return
	}
}

// share hands out the builds of the zone that has the build directory, and some upstream, of another configuration's
// zone.
func (w *buildWatch) share(other *watchedZone) (now, last *build, confirmed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, z := range w.zones {
		if z.build == nil || z.build.export != nil {
			continue
		}
		isTheirs := func(u *zones.Upstream) bool { return slices.Contains(other.upstreams, u) }
		if z.build.Dir == other.build.Dir && slices.ContainsFunc(z.upstreams, isTheirs) {
			return z.build.retain(), z.others.last.Load().retain(), z.confirmed
		}
	}
	return nil, nil, false
}

// builds returns the builds of all zones, nil for those without.
func (w *buildWatch) builds() []*build {
	list := make([]*build, len(w.zones))
	for i, z := range w.zones {
		list[i] = z.build
	}
	return list
}

// start begins to look, until ctx ends, if there is anything to look at.
func (w *buildWatch) start(ctx context.Context, every time.Duration) {
	if slices.ContainsFunc(w.zones, (*watchedZone).isWatched) {
		w.running.Go(func() { w.run(ctx, every) })
	}
}

func (z *watchedZone) isWatched() bool { return z.config.Build != "" || z.config.Export != "" }

// close gives all builds back. The context that start was given must have ended.
func (w *buildWatch) close() error {
	if w == nil {
		return nil
	}
	w.running.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	var errs []error
	for _, z := range w.zones {
		errs = append(errs, z.build.close(), z.others.waiting.Swap(nil).close(), z.others.last.Swap(nil).close())
		z.build = nil
	}
	return errors.Join(errs...)
}

func (w *buildWatch) run(ctx context.Context, every time.Duration) {
	for {
		w.look(ctx)
		pause := every
		if w.asks() {
			pause = min(every, defaultWatch)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// asks reports whether upstreams are to be asked again.
func (w *buildWatch) asks() bool {
	return slices.ContainsFunc(w.zones, func(z *watchedZone) bool { return z.others.waiting.Load() != nil })
}

func (w *buildWatch) look(ctx context.Context) {
	for i, z := range w.zones {
		if !z.isWatched() || ctx.Err() != nil {
			continue
		}
		w.notice(z)
		switch {
		case z.others.waiting.Load() != nil:
			w.proceed(ctx, i)
		case z.build != nil:
			w.confirm(ctx, z)
		}
	}
}

// notice looks whether the zone's directory holds another build, which then waits.
func (w *buildWatch) notice(z *watchedZone) {
	// A build that is gone for a moment is being replaced.
	stamp, err := z.config.stamp(w.repl)
	if err != nil {
		stamp = err.Error()
	}
	settled := stamp == z.seen
	z.seen = stamp
	waiting := z.others.waiting.Load()
	switch {
	case !settled || stamp == z.refused || waiting != nil && waiting.Stamp == stamp:
	case z.build != nil && stamp == z.build.Stamp:
		w.await(z, nil) // it was put back
		z.others.why.Store(nil)
	default:
		fresh, err := z.config.readBuild(w.repl, w.handler.files.assetSettings(w.handler.CDN))
		if err == nil && z.build != nil && fresh.export == nil && fresh.Dir != z.build.Dir {
			err = fmt.Errorf("%s has no build any more, and %s is another: name it by `build`, and reload, if it is meant",
				z.build.Dir, fresh.Dir)
			err = errors.Join(err, fresh.close())
		}
		if err != nil {
			w.refuse(z, stamp, err)
			return
		}
		w.await(z, fresh)
	}
}

// await has a build wait in the place of another one.
func (w *buildWatch) await(z *watchedZone, fresh *build) {
	old := z.others.waiting.Load()
	if old == fresh {
		return
	}
	z.said = false
	z.others.why.Store(nil)
	z.others.await(fresh, time.Now())
	w.giveBack(old)
}

// refuse notes that a build cannot be taken.
func (w *buildWatch) refuse(z *watchedZone, stamp string, err error) {
	z.refused = stamp
	why := "a new build is not taken: " + err.Error()
	z.others.why.Store(&why)
	buildReadsTotal.WithLabelValues(z.config.label(), "refused").Inc()
	w.log.Warn("build not taken, the last one stays if there is one",
		zap.String("zone", z.config.label()), zap.Error(err))
}

func (w *buildWatch) giveBack(b *build) {
	if err := b.close(); err != nil {
		w.log.Warn("closing the files of a build", zap.Error(err))
	}
}
