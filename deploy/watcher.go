package deploy

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/deploy/resolve"
)

const (
	// watchEvery is how often it is looked whether anything is due.
	watchEvery = 200 * time.Millisecond
	// knockEvery is how often an upstream is asked that does not answer, or that nothing is known of yet.
	knockEvery = 500 * time.Millisecond
	// knockTimeout bounds the answer to that.
	knockTimeout = 2 * time.Second
	// sameFailure is how long after the last time a question that fails as before is no news.
	sameFailure = time.Minute
	// maxCrossings bounds what requests have noticed and nobody has looked at yet.
	maxCrossings = 64
)

// crossing is something that requests have noticed of an upstream.
type crossing struct {
	kind     crossingKind
	upstream *Upstream
	why      string
}

type crossingKind uint8

const (
	refused  crossingKind = iota // it takes no connections
	broken                       // a connection has ended without an answer
	faulty                       // several have, one after the other
	erring                       // it answers with errors where others do not
	answered                     // it has answered
)

// watcher looks after the upstreams of one zone: it finds them, asks whether they are fit, and turns what requests
// notice into commands.
type watcher struct {
	fleet    *Fleet
	id       string
	sources  []Source
	settings WatchSettings
	health   HealthCheck
	ejection Ejection
	traffic  *traffic
	kicks    []chan struct{} // by source; nil of fixed ones
	found    chan struct{}   // closed when DNS has answered once for each source, or has failed to

	watched map[*Upstream]*watched
	answers chan answer

	cancel context.CancelFunc
	done   sync.WaitGroup
}

// watched is what is known of an upstream between two looks.
type watched struct {
	next     time.Time // when it may be asked again
	asking   bool
	streak   int       // of passes, or below 0 of fails, in a row
	received uint64    // what Upstream.Received was
	quiet    time.Time // since when nothing has come while requests waited; zero: something has
	broken   bool      // its process may have ended
	erring   bool      // it is ejected for its errors, which no question can clear
}

// answer is what an upstream has answered. nil of err: it has.
type answer struct {
	upstream *Upstream
	reason   reason
	err      error
}

// reason is why an upstream is asked.
type reason uint8

const (
	nothing   reason = iota
	isHealthy        // the configuration wants it asked
	isBack           // it did not answer
	isAlive          // requests wait, and nothing comes
	isBetter         // it is ejected, and the time is over
	isThere          // the zone has not answered yet
	isOver           // its connections end: it may take none any more
)

// newWatcher begins to look after a zone. f.mu is held.
func newWatcher(f *Fleet, s ZoneSettings, t *traffic) *watcher {
	ctx, cancel := context.WithCancel(context.Background())
	w := &watcher{
		fleet: f, id: s.ID, sources: s.Sources, settings: s.Watch, health: s.Watch.Health.withDefaults(),
		ejection: s.Watch.Ejection.withDefaults(), traffic: t, kicks: make([]chan struct{}, len(s.Sources)),
		watched: map[*Upstream]*watched{}, answers: make(chan answer), cancel: cancel, found: make(chan struct{}),
	}
	t.tls.Store(s.Watch.TLS)
	var asked sync.WaitGroup
	for i, source := range s.Sources {
		if source.Kind != FixedSource {
			w.kicks[i] = make(chan struct{}, 1)
			asked.Add(1)
			w.done.Go(func() { w.resolve(ctx, i, sync.OnceFunc(asked.Done)) })
		}
	}
	w.done.Go(func() {
		asked.Wait()
		close(w.found)
	})
	w.done.Go(func() { w.run(ctx) })
	if s.Watch.Mixed.On {
		w.done.Go(func() { w.compareBuilds(ctx) })
	}
	return w
}

// stop ends the watching, and awaits that.
func (w *watcher) stop() {
	w.cancel()
	w.done.Wait()
}

// run looks after the upstreams until ctx ends.
func (w *watcher) run(ctx context.Context) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for w.look(ctx, time.Now()); ; {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			w.look(ctx, now)
		case c := <-w.traffic.crossings:
			w.cross(c)
		case a := <-w.answers:
			w.hear(a, time.Now())
		}
	}
}

// resolve asks DNS for the upstreams of a source until ctx ends. It calls asked when it was asked once.
func (w *watcher) resolve(ctx context.Context, source int, asked func()) {
	defer asked()
	found := func(targets []resolve.Target) {
		command := Found{ID: w.id, Source: source, Checked: w.health.Mode != HealthOff}
		for _, target := range targets {
			upstream := w.fleet.addresses.Use(w.sources[source].addressOf(target))
			defer w.fleet.addresses.Release(upstream) // the zone uses it then
			command.Targets = append(command.Targets, Target{upstream, target.Priority, target.Host})
		}
		w.do(command)
	}
	said, last := "", time.Time{}
	failed := func(err error) {
		asked()
		if err.Error() != said || time.Since(last) > sameFailure {
			w.fleet.log.Load().Warn("a name cannot be looked up: what it led to before is used on",
				zap.String("upstream", w.sources[source].String()), zap.Error(err))
		}
		said, last = err.Error(), time.Now()
	}
	resolve.Watch(ctx, w.sources[source].name(), w.settings.Resolve, w.zone().ledTo(source), w.kicks[source], func(targets []resolve.Target) {
		found(targets)
		asked()
	}, failed)
}

// cross turns what requests have noticed into a command.
func (w *watcher) cross(c crossing) {
	address := c.upstream.String()
	switch c.kind {
	case refused:
		w.of(c.upstream).streak = 0
		w.do(Check{ID: w.id, Address: address, Why: c.why, Fault: Refuses})
		w.kick(address)
	case broken:
		w.of(c.upstream).broken = true
	case faulty:
		w.of(c.upstream).broken = true
		w.eject(c.upstream, c.why, false)
	case erring:
		w.eject(c.upstream, c.why, true)
	case answered:
		w.do(Answered{w.id})
	}
}

// kick has DNS asked at once by which an upstream was found.
func (w *watcher) kick(address string) {
	member := w.zone().Find(address)
	if member == nil || w.kicks[member.Source] == nil {
		return
	}
	select {
	case w.kicks[member.Source] <- struct{}{}:
	default: // it will be
	}
}

func (w *watcher) eject(u *Upstream, why string, isErring bool) {
	if w.ejection.Off {
		return
	}
	w.of(u).erring = isErring
	w.do(Eject{ID: w.id, Address: u.String(), Why: why, For: w.ejection.For, Max: w.ejection.Max})
}

// do carries out a command that no operator has ordered.
func (w *watcher) do(c Command) {
	if _, err := w.fleet.Do(c); err != nil && !errors.Is(err, ErrTooManyEjected) {
		w.fleet.log.Load().Error("an upstream's state could not be changed", zap.Error(err))
	}
}

func (w *watcher) zone() *Zone {
	if zone := w.fleet.State().Zones[w.id]; zone != nil {
		return zone
	}
	return &none
}

func (w *watcher) of(u *Upstream) *watched {
	known := w.watched[u]
	if known == nil {
		known = new(watched)
		w.watched[u] = known
	}
	return known
}
