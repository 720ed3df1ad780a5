package deploy

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// faultWindow is how long errors are counted together.
	faultWindow = 30 * time.Second
	// maxFaults is how many errors are too many where others answer the same routes. Fewer would meet one upstream by
	// chance now and then, of a route that fails half of the time everywhere.
	maxFaults = 8
	// maxFaultyRoutes bounds the routes that are counted at one time.
	maxFaultyRoutes = 64
)

// faults find the upstream that answers routes with errors (5xx) that others answer without: a page that is broken
// everywhere is nobody's fault. Nothing is counted of a route until it has failed once.
type faults struct {
	counting atomic.Bool // whether any route is counted
	mu       sync.Mutex
	routes   map[string]*routeFaults
	latest   time.Time // when the last of them has failed first
}

// routeFaults counts the answers of a route since it has failed.
type routeFaults struct {
	since   time.Time
	answers map[*Upstream]*tally
}

// tally counts answers of one upstream.
type tally struct{ good, bad int }

// share is that of the bad ones.
func (t tally) share() float64 { return float64(t.bad) / float64(t.good+t.bad) }

// note counts an answer of a route ("": it cannot be compared), and reports whether its upstream fails where others do
// not.
func (f *faults) note(u *Upstream, route string, status int, now time.Time) bool {
	bad := status >= 500
	if route == "" || !bad && !f.counting.Load() {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.Sub(f.latest) > faultWindow {
		f.forget(now)
	}
	counts := f.routes[route]
	if counts != nil && now.Sub(counts.since) > faultWindow {
		f.forget(now)
		counts = nil
	}
	switch {
	case counts == nil && !bad:
		return false
	case counts == nil:
		if counts = f.add(route, now); counts == nil {
			return false
		}
	}
	own := counts.answers[u]
	if own == nil {
		own = new(tally)
		counts.answers[u] = own
	}
	if !bad {
		own.good++
		return false
	}
	own.bad++
	if f.badOf(u) < maxFaults {
		return false
	}
	f.acquit(u)
	return true
}

// add counts a route from now on; nil: too many are.
func (f *faults) add(route string, now time.Time) *routeFaults {
	if len(f.routes) >= maxFaultyRoutes {
		f.forget(now)
	}
	if len(f.routes) >= maxFaultyRoutes {
		return nil
	}
	if f.routes == nil {
		f.routes = map[string]*routeFaults{}
	}
	counts := &routeFaults{since: now, answers: map[*Upstream]*tally{}}
	f.routes[strings.Clone(route)], f.latest = counts, now // the route may be part of a whole request
	f.counting.Store(true)
	return counts
}

// forget ends the counts whose time is over.
func (f *faults) forget(now time.Time) {
	for route, counts := range f.routes {
		if now.Sub(counts.since) > faultWindow {
			delete(f.routes, route)
		}
	}
	f.counting.Store(len(f.routes) > 0)
}

// badOf returns how many errors of an upstream count: those of routes that it fails far more often than others do.
func (f *faults) badOf(u *Upstream) (bad int) {
	for _, counts := range f.routes {
		own := counts.answers[u]
		if own == nil {
			continue
		}
		others := tally{}
		for other, its := range counts.answers {
			if other != u {
				others.good += its.good
				others.bad += its.bad
			}
		}
		// A route that fails by chance must not eject whom chance meets most.
		if others.good > 0 && own.share()-others.share() >= 0.5 {
			bad += own.bad
		}
	}
	return bad
}

// acquit forgets what an upstream has done.
func (f *faults) acquit(u *Upstream) {
	for _, counts := range f.routes {
		delete(counts.answers, u)
	}
}
