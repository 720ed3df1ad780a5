package pagecache

import (
	"context"
	"errors"
	"time"
)

// errDetached says to a reader that it gets no more from here: it is too far from the others, or memory is short.
var errDetached = errors.New("this answer is not shared any longer")

// makeRoom waits until the slowest reader has got on. Where readers have all there is, they wait for the slow ones for
// no longer than patience, counted over the whole body; then those that are in the way (wouldDetach) are detached. The
// caller holds the lock, and holds it again afterwards.
func (g *sharedBody) makeRoom(ctx context.Context) error {
	if !g.holdsUp() {
		return g.wait(ctx, &g.progress)
	}
	left := g.patience - g.heldUp
	if left <= 0 {
		g.detachReaders()
		g.heldUp = 0
		return nil
	}
	began := time.Now()
	limited, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	err := g.wait(limited, &g.progress)
	g.heldUp += time.Since(began)
	if ctx.Err() == nil {
		return nil // somebody has got on, or the patience is over
	}
	return err
}

// holdsUp reports whether a reader has all there is, and could be detached from one that is late. The caller holds the
// lock.
func (g *sharedBody) holdsUp() bool {
	waits, helps, late := false, false, g.leaderIsLate()
	for r := range g.readers {
		waits = waits || r.at == g.end
		helps = helps || g.wouldDetach(r, late)
	}
	return waits && helps
}

// leaderIsLate reports whether the one for whom the body is fetched holds up others. The caller holds the lock.
func (g *sharedBody) leaderIsLate() bool {
	for r := range g.readers {
		if r.leads {
			return g.end-r.at > g.room
		}
	}
	return false
}

// wouldDetach reports whether a reader would be detached: one that is late, or, if the one for whom the body is fetched
// is late, one that waits for it. That one stays in any case, so nobody is detached who is alone. The caller holds the
// lock.
func (g *sharedBody) wouldDetach(r *bodyReader, leaderIsLate bool) bool {
	switch {
	case r.leads:
		return false
	case leaderIsLate:
		return r.at == g.end
	}
	return g.end-r.at > g.room
}

// detachReaders sends off the readers that are in the way. They ask for themselves from then on. The caller holds the
// lock.
func (g *sharedBody) detachReaders() {
	late := g.leaderIsLate()
	for r := range g.readers {
		if g.wouldDetach(r, late) {
			r.detached = true
			delete(g.readers, r)
		}
	}
	wake(&g.more)
}
