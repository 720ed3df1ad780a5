package pagecache

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

const (
	firstChunk = 4 << 10
	lastChunk  = 64 << 10
	// window is how far ahead of its slowest reader a body may come in that is not held as a whole.
	window = 1 << 20
)

// errUnread says that a body is not held as a whole and nobody reads it any more.
var errUnread = errors.New("nobody reads this answer any more")

// sharedBody is a body that comes in, and is read by any number of readers at their own pace meanwhile.
//
// Up to its limit it is held as a whole, so nobody waits for a reader. What is larger is only passed on within a
// window: the part that all readers have had is let go, and readers that are too far apart are detached.
type sharedBody struct {
	limit    int64
	budget   *budget
	patience time.Duration // how long in all readers may hold up others, see makeRoom

	mu       sync.Mutex
	chunks   [][]byte
	start    int64         // offset of the first byte of chunks
	end      int64         // bytes that have come in
	taken    atomic.Int64  // of the budget; changed under mu
	windowed bool          // not held as a whole
	room     int64         // how far ahead of the slowest reader it may be then
	heldUp   time.Duration // and how long they have, since the last one was detached
	ended    bool
	needed   bool // until release: kept although no reader may be left
	err      error
	readers  map[*bodyReader]struct{}
	more     chan struct{} // closed when there is more, or the end; nil: nobody waits
	progress chan struct{} // closed when a reader has got on or left; nil: nobody waits
	// unread is called when the last reader has left.
	unread func()
}

func newSharedBody(limit int64, b *budget, patience time.Duration) *sharedBody {
	return &sharedBody{
		limit: limit, budget: b, patience: patience, room: window, needed: true,
		readers: map[*bodyReader]struct{}{},
	}
}

// append adds bytes. It waits only where the body is not held as a whole: for a window's length, or, where the budget
// is used up, until these bytes have been read.
func (g *sharedBody) append(ctx context.Context, p []byte) error {
	counted := g.count(int64(len(p)))
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.end == 0 {
		g.budget.enter(g)
	}
	g.room = window
	if counted {
		g.taken.Add(int64(len(p)))
	} else {
		g.windowed, g.room = true, 0
	}
	g.add(p)
	wake(&g.more)
	for g.windowed {
		slowest, some := g.slowest()
		g.drop(slowest)
		if !some {
			return errUnread
		}
		if g.end-slowest <= g.room {
			break
		}
		if err := g.makeRoom(ctx); err != nil {
			return err
		}
	}
	return nil
}

// count takes bytes from the budget, and reports whether there were some left. Only a body that is held as a whole has
// others give way.
func (g *sharedBody) count(n int64) bool {
	g.mu.Lock()
	g.windowed = g.windowed || g.end+n > g.limit
	partial := g.windowed
	g.mu.Unlock()
	if partial {
		return g.budget.take(n)
	}
	return g.budget.takeFrom(g, n)
}

// add copies bytes behind the others. The caller holds the lock.
func (g *sharedBody) add(p []byte) {
	for len(p) > 0 {
		last := len(g.chunks) - 1
		if last < 0 || len(g.chunks[last]) == cap(g.chunks[last]) {
			size := firstChunk
			if last >= 0 {
				size = min(2*cap(g.chunks[last]), lastChunk)
			}
			g.chunks = append(g.chunks, make([]byte, 0, min(max(size, len(p)), lastChunk)))
			last++
		}
		chunk := g.chunks[last]
		n := min(len(p), cap(chunk)-len(chunk))
		g.chunks[last] = append(chunk, p[:n]...)
		p = p[n:]
		g.end += int64(n)
	}
}

// slowest is where the slowest reader is. The caller holds the lock.
func (g *sharedBody) slowest() (at int64, some bool) {
	at = g.end
	for r := range g.readers {
		at, some = min(at, r.at), true
	}
	return at, some
}

// drop lets the chunks go that end before an offset; one that is not full only where there is no budget for what comes.
// The caller holds the lock.
func (g *sharedBody) drop(before int64) {
	for len(g.chunks) > 0 && g.start+int64(len(g.chunks[0])) <= before &&
		(g.room == 0 || len(g.chunks[0]) == cap(g.chunks[0])) {
		n := int64(len(g.chunks[0]))
		g.start += n
		g.chunks = g.chunks[1:]
		g.giveBack(min(n, g.taken.Load()))
	}
}

// giveBack gives bytes back to the budget. The caller holds the lock.
func (g *sharedBody) giveBack(n int64) {
	g.taken.Add(-n)
	g.budget.give(n)
}

// wait waits until somebody wakes those who wait for a signal. The caller holds the lock, and holds it again
// afterwards.
func (g *sharedBody) wait(ctx context.Context, signal *chan struct{}) error {
	if *signal == nil {
		*signal = make(chan struct{})
	}
	waited := *signal
	g.mu.Unlock()
	defer g.mu.Lock()
	select {
	case <-waited:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// wake wakes those who wait for a signal. The caller holds the lock.
func wake(signal *chan struct{}) {
	if *signal != nil {
		close(*signal)
		*signal = nil
	}
}

// finish says that nothing more comes. err is nil if the body came to its end.
func (g *sharedBody) finish(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.ended {
		g.ended, g.err = true, err
		wake(&g.more)
	}
}

// release says that the bytes are needed for readers only.
func (g *sharedBody) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.needed = false
	g.free()
}

// free gives the memory back when nobody needs it. The caller holds the lock.
func (g *sharedBody) free() {
	if !g.needed && len(g.readers) == 0 {
		g.giveBack(g.taken.Load())
		g.chunks = nil
		g.budget.leave(g)
	}
}

// isHeld reports whether all of the body is held.
func (g *sharedBody) isHeld() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.windowed
}

// each hands out a body that is held.
func (g *sharedBody) each(do func([]byte) error) error {
	g.mu.Lock()
	chunks := g.chunks
	g.mu.Unlock()
	for _, chunk := range chunks {
		if err := do(chunk); err != nil {
			return err
		}
	}
	return nil
}

// whenUnread has do called when nobody reads the body any more, at once if nobody does. do must not use the body.
func (g *sharedBody) whenUnread(do func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.readers) == 0 {
		do()
		return
	}
	g.unread = do
}
