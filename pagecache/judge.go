package pagecache

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// consider says by the head of an answer whether it may be kept, as far as its page has no say. length is that of its
// body, -1 if that is not known.
func (c *Cache) consider(facts *policy.Facts, r *http.Request, status int, h http.Header) (d policy.Decision, length int64) {
	d = policy.ForResponse(r, *facts, status, h)
	if !d.Store {
		return d, -1
	}
	length, ok := announcedLength(h)
	switch {
	case !ok:
		return policy.Decision{Reason: policy.ReasonIncomplete}, length
	case len(h["Content-Encoding"]) > 0:
		return policy.Decision{Reason: policy.ReasonCoding}, length
	case length > c.settings.Load().MaxBody:
		return policy.Decision{Reason: policy.ReasonTooLarge}, length
	}
	return d, length
}

// decide decides on an answer by its head.
func (c *Cache) decide(fl *flight, r *http.Request, status int, h http.Header) (d policy.Decision) {
	if d, fl.length = c.consider(&fl.facts, r, status, h); !d.Store {
		return d
	}
	if age, err := strconv.ParseUint(h.Get("Age"), 10, 31); err == nil {
		fl.age = time.Duration(age) * time.Second
	}
	page, _ := c.page(fl.key)
	if d.Tags == nil && fl.facts.Variant == policy.VariantSegment {
		if d.Tags = page.tags; d.Tags == nil {
			return policy.Decision{Reason: policy.ReasonTags}
		}
	}
	d.Interceptable = d.Interceptable || page.interceptable // once it counts, it counts for all
	var ok bool
	if fl.kept, ok = policy.KeyOf(r, fl.facts, d.Interceptable); !ok {
		return policy.Decision{Reason: policy.ReasonKey}
	}
	return d
}

// newHash begins the hash of an answer. Tags that a segment has from its page are not its own.
func (fl *flight) newHash(location string) *sameHash {
	h, status, tags := newSameHash(), fl.status, fl.decision.Tags
	if fl.facts.Variant == policy.VariantSegment {
		tags = nil
	}
	_, _ = h.Write(appendTexts([]byte{byte(status >> 8), byte(status)}, append([]string{location}, slices.Sorted(slices.Values(tags))...))) // never fails
	return h
}

// judge decides what an answer that has come as a whole means for its page, and writes that down. It does so once.
func (c *Cache) judge(fl *flight, sum bodyHash) {
	fl.judged.Do(func() {
		unlock := c.lockPage(pageOf(fl.kept))
		defer unlock()
		before, known := c.page(fl.kept)
		l := landing{variant: variantID(fl.kept.Name), twin: twinOf(fl.kept.Name), hash: sum, begun: fl.begun, minor: fl.status >= http.StatusBadRequest}
		l.now, l.oldest, l.void = fl.cache.flights.landed(fl)
		page, out := land(before, known, l)
		page.interceptable = page.interceptable || fl.decision.Interceptable
		if page.floor != before.floor {
			page.sure = 0
		}
		now := fl.facts.Now.UnixNano()
		fl.deadline = after(now, fl.decision.Fresh)
		if out.store {
			if fl.facts.Variant != policy.VariantSegment && fl.decision.Tags != nil {
				page.tag(fl.decision.Tags, page.floor == before.floor)
			}
			page.age(&before, now, fl)
		}
		fl.outcome = out
		c.putPage(fl.kept, page)
		if out.overtakes {
			c.counts.overtakes.Add(1)
			c.flights.overtake(fl, l.now)
		}
	})
}

// age notes until when an answer that is kept is fresh, and its page with it: variants age together.
func (p *pageRecord) age(before *pageRecord, now int64, fl *flight) {
	same := p.floor == before.floor
	if same && now < before.fresh && !fl.decision.Outdated {
		fl.deadline = min(fl.deadline, before.fresh)
	} else {
		p.fresh = fl.deadline
	}
	switch {
	case fl.decision.Outdated:
		p.sure, p.old, p.oldAt = 0, max(p.old, fl.begun), max(p.oldAt, now)
	case !fl.decision.Unsure:
		p.sure = max(p.sure, fl.deadline)
	}
}

// keep stores an answer that has come as a whole, and has been judged.
func (c *Cache) keep(fl *flight, sum *sameHash, write func(func([]byte) error) error) {
	if !fl.outcome.store {
		return
	}
	m := meta{
		status: fl.status, outdated: fl.decision.Outdated, era: c.ledger.era, begun: fl.begun, gen: fl.outcome.gen, hash: sum.version(), exact: sum.exact(),
		stored: fl.facts.Now.UnixNano() - fl.age.Nanoseconds(), fresh: fl.deadline, while: after(fl.deadline, fl.decision.StaleWhile), onFail: after(fl.deadline, fl.decision.StaleIfError),
		tags: appendTexts(nil, fl.decision.Tags), header: appendHeader(nil, fl.header),
	}
	err := c.write(fl, m, write)
	if err == nil {
		c.misses.remove(fl.key)
		c.troubles.remove(fl.key)
		return
	}
	if check := c.settings.Load().Logger.Check(zap.DebugLevel, "a page is not kept"); check != nil {
		check.Write(zap.String("space", fl.kept.Space), zap.String("page", fl.kept.Group), zap.Error(err))
	}
}

var errPurged = errors.New("purged while it came in")

func (c *Cache) write(fl *flight, m meta, write func(func([]byte) error) error) error {
	w, err := c.store.Create(fl.kept, appendMeta(nil, m))
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
