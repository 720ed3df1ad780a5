package pagecache

import (
	"errors"
	"fmt"
	"net/http"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// endFetch lets nobody join a fetch any more. What has come of it is there for its readers only.
func (c *Cache) endFetch(fl *fetch) {
	c.fetches.end(fl)
	fl.body.release()
}

// commitAndKeep ends the body of an answer that has come as a whole, and keeps it. If it may not be kept, tee.reason
// says why.
func (c *Cache) commitAndKeep(fl *fetch, t *tee) (kept bool) {
	c.commit(fl, t.hash.version())
	fl.body.finish(nil)
	switch {
	case t.reason != "":
	case !fl.body.isHeld():
		t.reason = policy.ReasonTooLarge
	case fl.isOfAnotherBuild():
		t.reason = policy.ReasonDeployment
	default:
		c.keep(fl, t.hash, fl.body.each)
		return true
	}
	return false
}

// commit decides what an answer that has come as a whole means for its page, and writes that down. It does so once.
func (c *Cache) commit(fl *fetch, sum bodyHash) {
	fl.committed.Do(func() {
		unlock := c.lockPage(pageOf(fl.storeKey))
		defer unlock()
		c.commitLocked(fl, sum)
	})
}

// commitLocked is commit. The caller holds the lock of the page.
func (c *Cache) commitLocked(fl *fetch, sum bodyHash) {
	before, known := c.page(fl.storeKey)
	a := c.arrivalOf(fl, sum)
	page, out := commitArrival(before, known, a)
	fl.outcome = out
	fl.freshUntil = after(fl.facts.Now.UnixNano(), fl.decision.Fresh)
	page.noteAnswer(&before, fl)
	c.putPage(fl.storeKey, page)
	if out.overtakes {
		c.counts.overtakes.Add(1)
		c.fetches.overtake(fl, a.at)
	}
}

// arrivalOf is what generations ask of an answer, which has come at this moment.
func (c *Cache) arrivalOf(fl *fetch, sum bodyHash) arrival {
	a := arrival{
		variant: variantID(fl.storeKey.Name), twin: twinOf(fl.storeKey.Name), hash: sum, begun: fl.begun,
		isError: fl.status >= http.StatusBadRequest,
	}
	a.at, a.floorIfNew, a.void = c.fetches.noteArrival(fl)
	return a
}

// noteAnswer notes what an answer says of its page: tags, times, and whether its variants depend on Next-Url.
func (p *pageRecord) noteAnswer(before *pageRecord, fl *fetch) {
	sameVersion := p.floor == before.floor
	p.interceptable = p.interceptable || fl.decision.Interceptable
	if !sameVersion {
		p.currentUntil = 0
	}
	if !fl.outcome.store {
		return
	}
	if fl.facts.Variant != policy.VariantSegment && fl.decision.Tags != nil {
		p.addTags(fl.decision.Tags, sameVersion)
	}
	p.setTimes(before.freshUntil, sameVersion, fl)
}

// setTimes notes until when an answer that is kept is fresh, and its page with it: variants of one version age
// together.
func (p *pageRecord) setTimes(pageFreshUntil int64, sameVersion bool, fl *fetch) {
	now := fl.facts.Now.UnixNano()
	if sameVersion && now < pageFreshUntil && !fl.decision.Outdated {
		fl.freshUntil = min(fl.freshUntil, pageFreshUntil)
	} else {
		p.freshUntil = fl.freshUntil
	}
	switch {
	case fl.decision.Outdated:
		p.currentUntil, p.outdatedBefore = 0, max(p.outdatedBefore, fl.begun)
		p.outdatedAt = max(p.outdatedAt, now)
	case !fl.decision.Unsure:
		p.currentUntil = max(p.currentUntil, fl.freshUntil)
	}
}

// keep stores an answer that has come as a whole, and has been committed.
func (c *Cache) keep(fl *fetch, hash *versionHash, eachPart func(func([]byte) error) error) {
	if !fl.outcome.store {
		return
	}
	m := meta{
		status: fl.status, outdated: fl.decision.Outdated, era: c.ledger.era, begun: fl.begun, gen: fl.outcome.gen,
		hash: hash.version(), exact: hash.exact(),
		stored: fl.facts.Now.UnixNano() - fl.age.Nanoseconds(), freshUntil: fl.freshUntil,
		staleUntil: after(fl.freshUntil, fl.decision.StaleWhile), errorUntil: after(fl.freshUntil, fl.decision.StaleIfError),
		tags: appendTexts(nil, fl.decision.Tags), header: appendHeader(nil, fl.header),
	}
	err := c.write(fl, m, eachPart)
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

func (c *Cache) write(fl *fetch, m meta, eachPart func(func([]byte) error) error) error {
	w, err := c.store.Create(fl.storeKey, appendMeta(nil, m))
	if err != nil {
		return fmt.Errorf("keeping a page: %w", err)
	}
	defer w.Abort() // unless w.Commit was called
	// A purge makes fetches void before it deletes: it is seen here, or by the writer.
	if c.fetches.isVoid(fl) {
		return errPurged
	}
	err = eachPart(func(p []byte) error {
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
