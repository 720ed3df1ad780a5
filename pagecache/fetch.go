package pagecache

import (
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
	endsFilling   ending = iota // it is kept: read it from body
	endsPassing                 // it is not kept: ask for yourself
	endsFailed                  // the upstream failed: err, and an entry that may be served then is
	endsLookAgain               // look again: it was found unchanged, or given up
)

// fetch is one fetch of an answer, from which any number of requests are answered.
type fetch struct {
	cache *Cache
	key   blobstore.Key // by which it is found
	begun sequence      // set when it is entered
	facts policy.Facts
	asked time.Time // when facts.Now was
	body  *sharedBody

	// settled is closed when the head has come, or it is known that none will. What follows is set before.
	settled  chan struct{}
	ending   ending
	err      error
	status   int
	header   http.Header   // that is kept
	length   int64         // as announced, -1: not
	age      time.Duration // that it had when it came
	decision policy.Decision
	storeKey blobstore.Key // by which it is stored

	// old is the entry whose validation this is; nil in all other cases.
	old *meta
	// of the page's decision: see commit.
	committed  sync.Once
	outcome    outcome
	freshUntil int64

	// under the lock of fetches
	void bool // purged meanwhile

	lifetime lifetime
}

// settle tells those who wait. It is called once.
func (fl *fetch) settle(e ending) {
	fl.ending = e
	close(fl.settled)
}

// isSettled reports whether those who wait have been told.
func (fl *fetch) isSettled() bool {
	select {
	case <-fl.settled:
		return true
	default:
		return false
	}
}

// newFetch is a fetch of what a request asks for.
func (c *Cache) newFetch(kept *found, facts *policy.Facts) *fetch {
	settings := c.settings.Load()
	fl := &fetch{
		cache: c, key: kept.key, storeKey: kept.key, facts: *facts, asked: time.Now(), length: -1,
		settled: make(chan struct{}), body: newSharedBody(settings.MaxBody, &c.budget, settings.Patience),
	}
	if kept.outdatedAt > 0 {
		fl.facts.Remade = time.Unix(0, kept.outdatedAt)
	}
	fl.lifetime.body, fl.lifetime.linger = fl.body, settings.Linger
	return fl
}

// now is the time by the clock of the request.
func (fl *fetch) now() time.Time { return fl.facts.Now.Add(time.Since(fl.asked)) }

// isOutdated reports whether the answer is kept, and Next.js makes it again.
func (fl *fetch) isOutdated() bool { return fl.outcome.store && fl.decision.Outdated }

// announcedLength reads Content-Length: -1 without one, ok false for one that makes no sense.
func announcedLength(h http.Header) (length int64, ok bool) {
	lengths := h["Content-Length"]
	if len(lengths) == 0 {
		return -1, true
	}
	length, err := strconv.ParseInt(lengths[0], 10, 64)
	return length, err == nil && length >= 0 && len(lengths) == 1
}
