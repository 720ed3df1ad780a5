package pagecache

import (
	"context"
	"fmt"
	"hash/maphash"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// Next answers a request itself. An error says that it failed; if nothing has been written, nothing has been sent.
type Next func(w http.ResponseWriter, r *http.Request) error

// Refetch asks for the same as a request once more, when that may have ended: with If-None-Match unless etag is empty.
// Where as is another variant than that of the request, it asks for this one of the page, with the headers of
// policy.HeadersOf. What the application says to the edge alone is written to said.
type Refetch func(ctx context.Context, w http.ResponseWriter, as policy.Variant, etag string, said *policy.Said) error

// pageLocks is the number of locks that the pages share.
const pageLocks = 256

// keepLedger is how often the ledger is used, so that the store does not evict it.
const keepLedger = time.Minute

// Cache keeps pages and answers from what it keeps. It is safe for concurrent use.
type Cache struct {
	store    *blobstore.Store
	settings atomic.Pointer[Settings]

	sequencer       sequencer
	ledger          *ledger
	fetches         *fetches
	budget          budget
	uncacheable     recentKeys // whose answers were not kept
	refreshFailures recentKeys // that could not be fetched in the background
	originFailures  recentKeys // that could not be fetched for a client
	rechecked       recentKeys // that were fresh, and asked for all the same
	remaking        remaking
	revalidating    atomic.Int64
	seed            maphash.Seed
	pages           [pageLocks]sync.Mutex
	counts          counts
	copies          copier

	ctx    context.Context // of what is done in the background
	cancel context.CancelFunc
	mu     sync.Mutex // of closed
	closed bool
	work   sync.WaitGroup
}

// New returns a cache that keeps pages in store, which it does not close, and which no other cache uses. The error is
// about the settings.
func New(store *blobstore.Store, settings Settings) (*Cache, error) {
	c := &Cache{store: store, seed: maphash.MakeSeed()}
	if err := c.SetSettings(settings); err != nil {
		return nil, err
	}
	c.copies.cache = c
	c.uncacheable.duration = uncacheableTime
	c.refreshFailures.duration, c.originFailures.duration = refreshFailureTime, originFailureTime
	for _, recent := range c.recents() {
		recent.seed = c.seed
	}
	var err error
	if c.ledger, err = openLedger(store); err != nil {
		return nil, fmt.Errorf("opening a page cache: %w", err)
	}
	store.SetNoter(c.note)
	c.sequencer.start(c.ledger.run)
	c.fetches = newFetches(&c.sequencer)
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.work.Go(func() { c.tend(keepLedger) })
	return c, nil
}

// recents are all that is remembered of keys for a while.
func (c *Cache) recents() [4]*recentKeys {
	return [...]*recentKeys{&c.uncacheable, &c.refreshFailures, &c.originFailures, &c.rechecked}
}

// SetSettings changes the settings for what comes from now on. The error is about them; then nothing has changed.
func (c *Cache) SetSettings(settings Settings) error {
	settings, err := settings.complete()
	if err != nil {
		return fmt.Errorf("settings of a page cache: %w", err)
	}
	c.settings.Store(&settings)
	c.budget.bound.Store(settings.FillMemory)
	return nil
}

// Close cancels what is done in the background and waits for it. Requests may go on.
func (c *Cache) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.cancel()
	c.work.Wait()
}

// background does something in the background, unless the cache is closed.
func (c *Cache) background(do func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.work.Go(do)
	return true
}

func (c *Cache) tend(every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			c.ledger.keep()
		case <-c.ctx.Done():
			return
		}
	}
}

// lockPage locks the record of a page.
func (c *Cache) lockPage(id pageID) (unlock func()) {
	lock := &c.pages[maphash.Comparable(c.seed, id)%pageLocks]
	lock.Lock()
	return lock.Unlock
}
