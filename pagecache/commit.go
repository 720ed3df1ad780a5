package pagecache

import (
	"errors"
	"fmt"
	"net/http"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// commit decides what an answer that has come as a whole means for its page, and writes that down. It does so once.
func (c *Cache) commit(fl *flight, sum bodyHash) {
	fl.committed.Do(func() {
		unlock := c.lockPage(pageOf(fl.storeKey))
		defer unlock()
		c.commitLocked(fl, sum)
	})
}

// commitLocked is commit. The caller holds the lock of the page.
func (c *Cache) commitLocked(fl *flight, sum bodyHash) {
	before, known := c.page(fl.storeKey)
	a := arrival{
		variant: variantID(fl.storeKey.Name), twin: twinOf(fl.storeKey.Name), hash: sum, begun: fl.begun,
		isError: fl.status >= http.StatusBadRequest,
	}
	a.now, a.oldest, a.void = c.flights.arrived(fl)
	page, out := commitArrival(before, known, a)
	page.interceptable = page.interceptable || fl.decision.Interceptable
	if page.floor != before.floor {
		page.currentUntil = 0
	}
	now := fl.facts.Now.UnixNano()
	fl.deadline = after(now, fl.decision.Fresh)
	if out.store {
		if fl.facts.Variant != policy.VariantSegment && fl.decision.Tags != nil {
			page.addTags(fl.decision.Tags, page.floor == before.floor)
		}
		page.setTimes(&before, now, fl)
	}
	fl.outcome = out
	c.putPage(fl.storeKey, page)
	if out.overtakes {
		c.counts.overtakes.Add(1)
		c.flights.overtake(fl, a.now)
	}
}

// setTimes notes until when an answer that is kept is fresh, and its page with it: variants age together.
func (p *pageRecord) setTimes(before *pageRecord, now int64, fl *flight) {
	same := p.floor == before.floor
	if same && now < before.freshUntil && !fl.decision.Outdated {
		fl.deadline = min(fl.deadline, before.freshUntil)
	} else {
		p.freshUntil = fl.deadline
	}
	switch {
	case fl.decision.Outdated:
		p.currentUntil, p.outdatedBefore, p.outdatedAt = 0, max(p.outdatedBefore, fl.begun), max(p.outdatedAt, now)
	case !fl.decision.Unsure:
		p.currentUntil = max(p.currentUntil, fl.deadline)
	}
}

// keep stores an answer that has come as a whole, and has been committed.
func (c *Cache) keep(fl *flight, sum *versionHash, write func(func([]byte) error) error) {
	if !fl.outcome.store {
		return
	}
	m := meta{
		status: fl.status, outdated: fl.decision.Outdated, era: c.ledger.era, begun: fl.begun, gen: fl.outcome.gen,
		hash: sum.version(), exact: sum.exact(),
		stored: fl.facts.Now.UnixNano() - fl.age.Nanoseconds(), freshUntil: fl.deadline,
		staleUntil: after(fl.deadline, fl.decision.StaleWhile), errorUntil: after(fl.deadline, fl.decision.StaleIfError),
		tags: appendTexts(nil, fl.decision.Tags), header: appendHeader(nil, fl.header),
	}
	err := c.write(fl, m, write)
	if err == nil {
		c.uncacheable.remove(fl.key)
		c.originFailures.remove(fl.key)
		return
	}
	if check := c.settings.Load().Logger.Check(zap.DebugLevel, "a page is not kept"); check != nil {
		check.Write(zap.String("space", fl.storeKey.Space), zap.String("page", fl.storeKey.Group), zap.Error(err))
	}
}

var errPurged = errors.New("purged while it came in")

func (c *Cache) write(fl *flight, m meta, write func(func([]byte) error) error) error {
	w, err := c.store.Create(fl.storeKey, appendMeta(nil, m))
	if err != nil {
		return fmt.Errorf("keeping a page: %w", err)
	}
	defer w.Abort() // unless it is committed
	// A purge makes flights void before it deletes: it is seen here, or by the writer.
	if c.flights.isVoid(fl) {
		return errPurged
	}
	err = write(func(p []byte) error {
		_, err := w.Write(p)
		return err
	})
	if err == nil {
		err = w.Commit()
	}
	if err != nil && !errors.Is(err, blobstore.ErrDeleted) {
		return fmt.Errorf("keeping a page: %w", err)
	}
	return err
}
