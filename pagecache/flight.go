package pagecache

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// ending is what the head of an answer, or its absence, means for those who wait for it.
type ending uint8

const (
	endsFilling ending = iota // it is kept: read it from body
	endsPassing               // it is not kept: ask for yourself
	endsFailed                // the upstream failed: err, and an entry that may be served then is
	endsAgain                 // look again: it was found unchanged, or given up
)

// flight is one fetch of an answer.
type flight struct {
	cache *Cache
	key   blobstore.Key // by which it is found
	begun stamp         // set when it is entered
	facts policy.Facts
	asked time.Time // when facts.Now was
	body  *growing

	// settled is closed when the head has come, or it is known that none will. What follows is set before.
	settled  chan struct{}
	ending   ending
	err      error
	status   int
	header   http.Header   // that is kept
	length   int64         // as announced, -1: not
	age      time.Duration // that it had when it came
	decision policy.Decision
	kept     blobstore.Key // by which it is stored

	// old is the entry whose validation this is; nil in all other cases.
	old *meta
	// of the page's decision: see judge.
	judged   sync.Once
	outcome  outcome
	deadline int64

	// under the lock of flights
	void bool // purged meanwhile

	leash leash
}

// settle tells those who wait. It is called once.
func (fl *flight) settle(e ending) {
	fl.ending = e
	close(fl.settled)
}

// isSettled reports whether those who wait have been told.
func (fl *flight) isSettled() bool {
	select {
	case <-fl.settled:
		return true
	default:
		return false
	}
}

// now is the time by the clock of the request.
func (fl *flight) now() time.Time { return fl.facts.Now.Add(time.Since(fl.asked)) }

// isOutdated reports whether the answer is kept, and Next.js makes it again.
func (fl *flight) isOutdated() bool { return fl.outcome.store && fl.decision.Outdated }

// announcedLength reads Content-Length: -1 without one, ok false for one that makes no sense.
func announcedLength(h http.Header) (length int64, ok bool) {
	lengths := h["Content-Length"]
	if len(lengths) == 0 {
		return -1, true
	}
	length, err := strconv.ParseInt(lengths[0], 10, 64)
	return length, err == nil && length >= 0 && len(lengths) == 1
}

// leash ends a fetch whose client has left: at once if the answer is for that client alone, otherwise after a while,
// when nobody reads it.
type leash struct {
	mu       sync.Mutex
	cancel   context.CancelFunc
	linger   time.Duration
	body     *growing
	gone     bool
	deserted bool // it was ended for nobody wanted it any more
	private  bool
	ended    bool
	head     bool
	timer    *time.Timer
}

// answered says that the head has come. The error is that of a fetch that was given up before.
func (l *leash) answered(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.head = true
	return ctx.Err()
}

// unanswered ends a fetch whose head has not come.
func (l *leash) unanswered() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.head {
		l.cancel()
	}
}

// left says that the client has left.
func (l *leash) left() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gone = true
	if l.private || l.ended {
		l.desert()
		return
	}
	l.timer = time.AfterFunc(l.linger, func() { l.body.whenDeserted(l.deserting) })
}

// deserting ends a fetch that nobody reads.
func (l *leash) deserting() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.desert()
}

// desert ends a fetch that nobody wants any more. The caller holds the lock.
func (l *leash) desert() {
	l.deserted = true
	l.cancel()
}

// isDeserted reports whether the fetch was ended for nobody wanted it any more.
func (l *leash) isDeserted() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.deserted
}

// alone says that the answer is for the client alone.
func (l *leash) alone() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.private = true
	if l.gone {
		l.desert()
	}
}

// end ends the watching.
func (l *leash) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	if l.timer != nil {
		l.timer.Stop()
	}
	l.cancel()
}
