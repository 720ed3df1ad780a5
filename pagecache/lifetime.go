package pagecache

import (
	"context"
	"sync"
	"time"
)

// lifetime ends a fetch whose client has left: at once if the answer is for that client alone, otherwise after a while,
// when nobody reads it.
type lifetime struct {
	cancel context.CancelFunc
	linger time.Duration // how long it goes on without its client
	body   *sharedBody

	mu         sync.Mutex
	hasHead    bool
	clientOnly bool
	clientLeft bool
	ended      bool
	abandoned  bool // it was ended because nobody wanted it any more
	timer      *time.Timer
}

// headCame says that the head has come. The error is that of a fetch that was given up before.
func (l *lifetime) headCame(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hasHead = true
	return ctx.Err()
}

// endUnlessAnswered ends a fetch whose head has not come.
func (l *lifetime) endUnlessAnswered() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.hasHead {
		l.cancel()
	}
}

// leave says that the client has left. The fetch lingers where others may want it.
func (l *lifetime) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clientLeft = true
	switch {
	case l.ended:
	case l.clientOnly:
		l.abandon()
	default:
		l.timer = time.AfterFunc(l.linger, func() { l.body.whenUnread(l.abandonUnread) })
	}
}

// forClientOnly says that the answer is for the client alone.
func (l *lifetime) forClientOnly() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clientOnly = true
	if l.clientLeft {
		l.abandon()
	}
}

// abandonUnread ends a fetch that nobody reads.
func (l *lifetime) abandonUnread() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.abandon()
}

// abandon ends a fetch that nobody wants any more. The caller holds the lock.
func (l *lifetime) abandon() {
	l.abandoned = true
	l.cancel()
}

// isAbandoned reports whether the fetch was ended because nobody wanted it any more.
func (l *lifetime) isAbandoned() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.abandoned
}

// end ends the fetch. Its client and its readers have no say any more.
func (l *lifetime) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	if l.timer != nil {
		l.timer.Stop()
	}
	l.cancel()
}
