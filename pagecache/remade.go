package pagecache

import (
	"net/http"
	"sync"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
)

const (
	// firstRemade is how long after an outdated answer Next.js is asked again, and lastRemade the longest wait of those
	// that double from there on.
	firstRemade = 100 * time.Millisecond
	lastRemade  = 15 * time.Second
	// maxRemaking bounds the pages that are asked for again because they were outdated. Those beyond are asked for by
	// their next visitors.
	maxRemaking = 1000
)

// remaking are the entries that are asked for until they are new, and how many were not because of the bound.
type remaking struct {
	mu   sync.Mutex
	keys map[blobstore.Key]struct{}
}

// begin reports whether an entry is to be asked for: it is not yet, and there is room.
func (m *remaking) begin(key blobstore.Key) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, there := m.keys[key]; there || len(m.keys) >= maxRemaking {
		return false
	}
	if m.keys == nil {
		m.keys = map[blobstore.Key]struct{}{}
	}
	m.keys[key] = struct{}{}
	return true
}

func (m *remaking) end(key blobstore.Key) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.keys, key)
}

func (m *remaking) size() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.keys)
}

// awaitRemade asks for a page in the background that was outdated when it came, until it is not any more. Next.js makes
// it again from the moment on at which it has answered with the old one. Without this it would be the next visitor,
// perhaps a long time after, who is shown the old one.
//
// It does not ask for longer than the new page stays fresh: beyond that, asking would have Next.js make the page again
// though nobody has visited it.
func (c *Cache) awaitRemade(fl *fetch, r *http.Request, refetch Refetch) {
	if !c.remaking.begin(fl.storeKey) {
		return
	}
	r = anonymous(c.ctx, r)
	ask := func() {
		defer c.remaking.end(fl.storeKey)
		for wait, left := firstRemade, fl.decision.Remade; wait <= lastRemade && wait < left; wait *= 2 {
			if left -= wait; !c.sleep(wait) || !c.askRemade(fl, r, refetch) {
				return
			}
		}
	}
	if !c.background(ask) {
		c.remaking.end(fl.storeKey)
	}
}

// askRemade asks once, if what is kept is still outdated. It reports whether to go on.
func (c *Cache) askRemade(fl *fetch, r *http.Request, refetch Refetch) bool {
	ended := c.fetches.ended.Load()
	entry, there := c.store.Get(c.ctx, fl.storeKey)
	if !there {
		return false
	}
	defer func() { _ = entry.Close() }() // it was only looked at
	m, err := parseMeta(entry.Meta())
	if err != nil || !m.outdated || m.era != c.ledger.era {
		return false
	}
	facts := fl.facts
	facts.Now = fl.now()
	kept := found{key: fl.storeKey, entry: entry, meta: m, outdatedAt: m.freshUntil, ended: ended}
	next := c.enterBackground(&kept, &facts, c.settings.Load().Revalidations)
	if next == nil {
		return !c.refreshFailures.has(fl.storeKey, facts.Now) // another one asks, or there is no slot now
	}
	// From here on a purge makes the fetch void. One before has left an entry that nobody is served.
	if hard, _ := c.ledger.marks.purged(fl.storeKey.Space, fl.storeKey.Group, m.begun, m.eachTag); hard {
		c.giveUp(next)
		return false
	}
	c.refresh(next, r, refetch)
	return next.isOutdated()
}

// sleep waits, and reports whether the cache is still open then.
func (c *Cache) sleep(wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.ctx.Done():
		return false
	}
}
