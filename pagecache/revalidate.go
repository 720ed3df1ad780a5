package pagecache

import (
	"context"
	"net/http"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// recheck asks for a page that is served although it is fresh, if that was not done of late: Next.js says for how long
// a page is good, and may be told otherwise at any time, which nobody else is told of (revalidateTag, revalidatePath).
//
// Where it is not known when Next.js has made the page, its time may be over sooner than the edge thinks. Then Next.js,
// which makes a page again only when somebody asks for it, is asked at each visit, as it would be without the edge.
func (q *query) recheck() {
	every, now, sure := q.facts.Recheck, q.facts.Now, time.Unix(0, q.found.currentUntil)
	unsure := !now.Before(sure)
	if unsure && (every <= 0 || every > policy.WhileRemade) {
		every = policy.WhileRemade
	}
	if every <= 0 || q.found.meta.age(now) < every || q.c.rechecked.has(q.found.key, now) {
		return
	}
	until := now.Add(every)
	if !unsure && sure.Before(until) {
		until = sure
	}
	q.c.rechecked.put(q.found.key, now, recent{until: until.UnixNano(), reason: policy.ReasonFresh})
	q.revalidate()
}

// revalidate fetches a stale entry in the background: once at a time, if there is a slot.
func (q *query) revalidate() {
	q.fetchInBackground(q.found, q.facts, q.r, q.c.settings.Load().Revalidations)
}

// fetchInBackground fetches an entry of the page, unless as many as slots are being fetched.
func (q *query) fetchInBackground(kept found, facts policy.Facts, r *http.Request, slots int) {
	c := q.c
	fl := c.enterBackground(&kept, &facts, slots)
	if fl == nil {
		return
	}
	r, refetch := anonymous(context.WithoutCancel(r.Context()), r), q.refetch()
	if !c.background(func() { c.refresh(fl, r, refetch) }) { //nolint:contextcheck // it outlives the request
		c.giveUp(fl)
	}
}

// completeVariants are those that have all of a page, by which it is found out whether the page has changed: the
// cheapest first, for a document has an ETag.
var completeVariants = [...]policy.Variant{policy.VariantHTML, policy.VariantRSC, policy.VariantPrefetch}

// refetchSuspect has another variant of the page fetched in the background, where an answer of a new variant has made
// those suspect that were known before. Who comes for that one meanwhile waits for this fetch; without it each page
// would be fetched for a client who waits, as often as it has variants.
func (q *query) refetchSuspect(fl *fetch) {
	page, ok := q.c.page(fl.storeKey)
	if !fl.outcome.makesSuspect || !ok || page.interceptable || fl.facts.Data {
		return
	}
	for _, variant := range completeVariants {
		facts := fl.facts
		facts.Variant, facts.NextURL, facts.Unshared = variant, "", false
		r := q.r.WithContext(context.WithoutCancel(q.r.Context()))
		r.Header = policy.AsVariant(r.Header, variant)
		key, ok := policy.KeyOf(r, facts, false)
		if !ok || key == fl.storeKey || page.find(variantID(key.Name)) < 0 {
			continue
		}
		ended := q.c.fetches.ended.Load()
		entry, there := q.c.store.Get(q.c.ctx, key)
		if !there {
			continue
		}
		m, err := parseMeta(entry.Meta())
		if err == nil {
			// Somebody would wait for it, and for a stale page nobody does: those do not take all the slots.
			kept := found{key: key, entry: entry, meta: m, outdatedAt: page.outdatedAt, ended: ended}
			q.fetchInBackground(kept, facts, r, 2*q.c.settings.Load().Revalidations)
		}
		_ = entry.Close() // it was only looked at
		return
	}
}

// anonymous is a request for the whole of what another one asks for, without what that says for itself: it is no
// client's.
func anonymous(ctx context.Context, r *http.Request) *http.Request {
	r = unconditional(r.Clone(ctx))
	r.Method = http.MethodGet
	delete(r.Header, "Cache-Control")
	delete(r.Header, "Pragma")
	return r
}

// enterBackground begins a fetch of an entry in the background. It is nil if that must not be: for want of a slot, or
// because it failed of late or is going on.
func (c *Cache) enterBackground(kept *found, facts *policy.Facts, slots int) *fetch {
	if c.refreshFailures.has(kept.key, facts.Now) {
		return nil
	}
	if c.revalidating.Add(1) > int64(slots) {
		c.revalidating.Add(-1)
		c.counts.skipped.Add(1)
		return nil
	}
	fl := c.newFetch(kept, facts)
	old := kept.meta
	// the entry is closed meanwhile
	old.tags, old.header = append([]byte(nil), old.tags...), append([]byte(nil), old.header...)
	fl.old = &old
	if _, r, mine := c.fetches.enter(fl); !mine {
		if r != nil {
			r.leave()
		}
		c.revalidating.Add(-1)
		return nil
	}
	if c.fetches.ended.Load() != kept.ended && c.isReplaced(kept) {
		c.giveUp(fl)
		return nil
	}
	return fl
}

// isReplaced reports whether another fetch has brought an answer since an entry was looked up.
func (c *Cache) isReplaced(kept *found) bool {
	entry, there := c.store.Get(c.ctx, kept.key)
	if !there {
		return false
	}
	defer func() { _ = entry.Close() }() // it was only looked at
	m, err := parseMeta(entry.Meta())
	return err == nil && m.begun != kept.meta.begun
}

// giveUp ends a fetch in the background that was not begun, and gives its slot back.
func (c *Cache) giveUp(fl *fetch) {
	defer c.revalidating.Add(-1)
	fl.settle(endsLookAgain)
	c.endFetch(fl)
}
