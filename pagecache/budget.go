package pagecache

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
)

// budget bounds the bytes that all shared bodies hold.
type budget struct {
	used, bound atomic.Int64
	degraded    atomic.Uint64 // bodies that held most when there was no room, or found none themselves

	mu      sync.Mutex
	holders map[*sharedBody]struct{}
}

func (b *budget) enter(g *sharedBody) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.holders == nil {
		b.holders = map[*sharedBody]struct{}{}
	}
	b.holders[g] = struct{}{}
}

func (b *budget) leave(g *sharedBody) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.holders, g)
}

func (b *budget) take(n int64) bool {
	if b.used.Add(n) > b.bound.Load() {
		b.used.Add(-n)
		return false
	}
	return true
}

func (b *budget) give(n int64) { b.used.Add(-n) }

// takeFrom takes bytes for a body. Where there are none left, those bodies give way that hold more than this one. The
// caller holds no lock of a body.
func (b *budget) takeFrom(g *sharedBody, n int64) bool {
	if b.take(n) {
		return true
	}
	for _, greedy := range b.greedier(g.taken.Load() + n) {
		if greedy.giveWay() {
			b.degraded.Add(1)
			if b.take(n) {
				return true
			}
		}
	}
	b.degraded.Add(1)
	return false
}

// greedier are the bodies that hold more than so much, those that hold most first.
func (b *budget) greedier(than int64) (list []*sharedBody) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for g := range b.holders {
		if g.taken.Load() > than {
			list = append(list, g)
		}
	}
	slices.SortFunc(list, func(a, b *sharedBody) int { return cmp.Compare(b.taken.Load(), a.taken.Load()) })
	return list
}

// giveWay lets go of what others do not need to be served, and reports whether that was something. An answer that comes
// in is no longer held as a whole, so it is not kept. Of one that has come, readers get the rest in another way.
func (g *sharedBody) giveWay() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	before := g.taken.Load()
	switch {
	case g.ended && g.needed:
		return false // it is being stored at this moment
	case g.ended:
		for r := range g.readers {
			r.detached = true
		}
		clear(g.readers)
		g.free()
	default:
		g.windowed = true
		for r := range g.readers {
			if !r.leads && g.end-r.at > window {
				r.detached = true
				delete(g.readers, r)
			}
		}
		slowest, _ := g.slowest()
		g.drop(slowest)
		wake(&g.progress)
	}
	wake(&g.more)
	return g.taken.Load() < before
}
