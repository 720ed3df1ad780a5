package pagecache

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// recheck asks for a page that is served although it is fresh, if that was not done of late: Next.js says for how long
// a page is good, and may be told otherwise at any time, which nobody else is told of (revalidateTag, revalidatePath).
//
// Where it is not known when Next.js has made the page, its time may be over sooner than the edge thinks. Then Next.js,
// which makes a page again only when somebody asks for it, is asked at each visit, as it would be without the edge.
func (q *query) recheck() {
	every, now, sure := q.facts.Recheck, q.facts.Now, time.Unix(0, q.found.sure)
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
	q.c.rechecked.addUntil(q.found.key, now, until, policy.ReasonFresh)
	q.revalidate()
}

// revalidate fetches a stale entry in the background: once at a time, if there is a slot.
func (q *query) revalidate() { q.refetch(q.found, q.facts, q.r, q.c.settings.Load().Revalidations) }

// refetch fetches an entry of the page in the background, unless as many as slots are being fetched.
func (q *query) refetch(kept found, facts policy.Facts, r *http.Request, slots int) {
	c := q.c
	fl := c.enterAgain(&kept, &facts, slots)
	if fl == nil {
		return
	}
	r, again := ofNobody(context.WithoutCancel(r.Context()), r), q.again()
	if !c.background(func() { c.fetchAgain(fl, r, again) }) { //nolint:contextcheck // it outlives the request
		c.giveUp(fl)
	}
}

// whole are the variants that have all of a page, by which it is found out whether the page has changed: the cheapest
// first, for a document has an ETag.
var whole = [...]policy.Variant{policy.VariantHTML, policy.VariantRSC, policy.VariantPrefetch}

// resolve ends the doubt that an answer of a new variant has raised: it has another variant of the page, which was
// known before, fetched in the background. Who comes for that one meanwhile waits for this fetch; without it each page
// would be fetched for a client who waits, as often as it has variants.
func (q *query) resolve(fl *flight) {
	page, ok := q.c.page(fl.kept)
	if !fl.outcome.doubtful || !ok || page.interceptable || fl.facts.Data {
		return
	}
	for _, variant := range whole {
		facts := fl.facts
		facts.Variant, facts.NextURL, facts.Unshared = variant, "", false
		r := q.r.WithContext(context.WithoutCancel(q.r.Context()))
		r.Header = policy.AsVariant(r.Header, variant)
		key, ok := policy.KeyOf(r, facts, false)
		if !ok || key == fl.kept || page.find(variantID(key.Name)) < 0 {
			continue
		}
		entry, there := q.c.store.Get(q.c.ctx, key)
		if !there {
			continue
		}
		m, err := parseMeta(entry.Meta())
		if err == nil {
			// Somebody would wait for it, and for a stale page nobody does: those do not take all the slots.
			q.refetch(found{key: key, entry: entry, meta: m, oldAt: page.oldAt}, facts, r, 2*q.c.settings.Load().Revalidations)
		}
		_ = entry.Close() // it was only looked at
		return
	}
}

// ofNobody is a request for the whole of what another one asks for, without what that says for itself: it is no
// client's.
func ofNobody(ctx context.Context, r *http.Request) *http.Request {
	r = unconditional(r.Clone(ctx))
	r.Method = http.MethodGet
	delete(r.Header, "Cache-Control")
	delete(r.Header, "Pragma")
	return r
}

// enterAgain begins a fetch of an entry in the background. It is nil if that must not be, for want of a slot or because
// it failed of late, or is going on.
func (c *Cache) enterAgain(kept *found, facts *policy.Facts, slots int) *flight {
	if c.failures.has(kept.key, facts.Now) {
		return nil
	}
	if c.revalidating.Add(1) > int64(slots) {
		c.revalidating.Add(-1)
		c.counts.skipped.Add(1)
		return nil
	}
	fl := c.newFlight(kept, facts)
	old := kept.meta
	old.tags, old.header = append([]byte(nil), old.tags...), append([]byte(nil), old.header...) // the entry is closed meanwhile
	fl.old = &old
	if _, r, mine := c.flights.enter(fl); !mine {
		if r != nil {
			r.leave()
		}
		c.revalidating.Add(-1)
		return nil
	}
	return fl
}

// giveUp ends a fetch in the background that was not begun, and gives its slot back.
func (c *Cache) giveUp(fl *flight) {
	defer c.revalidating.Add(-1)
	fl.settle(endsAgain)
	c.flights.end(fl)
	fl.body.release()
}

// fetchAgain fetches a stale entry, and gives its slot back.
func (c *Cache) fetchAgain(fl *flight, r *http.Request, again Again) {
	defer c.revalidating.Add(-1)
	ctx, cancel := context.WithTimeout(c.ctx, c.settings.Load().RevalidateTime)
	defer cancel()
	fl.leash.cancel = cancel
	c.counts.revalidations.Add(1)
	fl.facts.Said = new(policy.Said)
	t := newTee(ctx, fl, r, nil)
	t.replaces = true
	t.spare = func(status int) bool { return status >= http.StatusInternalServerError || isOfRequest(status) }
	err := callAgain(again, ctx, t, fl.facts.Variant, parseHeader(fl.old.header).Get("Etag"), fl.facts.Said)
	if err == nil && t.mode == undecided {
		t.WriteHeader(http.StatusOK)
	}
	if err == nil && fl.status == http.StatusNotModified {
		err = c.keepRenewed(fl, r, t.header)
	}
	if err = t.end(err); err == nil && fl.err != nil {
		err = fl.err
	}
	passed := fl.isSettled() && fl.ending == endsPassing // it came, and is not kept any more
	switch {
	case passed:
	case err != nil:
		fl.body.finish(errBrokeOff)
		c.counts.failed.Add(1)
		c.failures.add(fl.key, fl.now(), policy.ReasonError)
		if check := c.settings.Load().Logger.Check(zap.DebugLevel, "a stale page could not be fetched"); check != nil {
			check.Write(zap.String("space", fl.key.Space), zap.String("page", fl.key.Group), zap.Error(err))
		}
	case t.mode == fills:
		c.judge(fl, t.hash.version())
		fl.body.finish(nil)
		if t.reason == "" && fl.body.whole() && !fl.isOfAnotherBuild() {
			c.keep(fl, t.hash, fl.body.each)
		}
	}
	if !fl.isSettled() {
		fl.err = err
		fl.settle(endsAgain)
	}
	c.flights.end(fl)
	fl.body.release()
	if fl.isOutdated() {
		c.awaitRemade(fl, r, again)
	}
}

// callAgain makes a panic of the upstream's handler an error: in the background it would end the process.
func callAgain(
	again Again, ctx context.Context, w http.ResponseWriter, as policy.Variant, etag string, said *policy.Said,
) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errBrokeOff, p)
		}
	}()
	return again(ctx, w, as, etag, said)
}

// ofBody are headers that say how the body is to be read. The body stays, so they do (RFC 9111, 3.2).
var ofBody = map[string]bool{"Content-Encoding": true, "Content-Md5": true, "Content-Range": true, "Etag": true}

// keepRenewed keeps the old body with the headers of an answer that says that it has not changed (RFC 9111, 4.3.4).
func (c *Cache) keepRenewed(fl *flight, r *http.Request, h http.Header) error {
	merged := parseHeader(fl.old.header)
	delete(merged, "Date") // when the old one was made is no longer its age
	for name, values := range keptHeader(h, nil) {
		if !ofBody[name] {
			merged[name] = values
		}
	}
	for _, name := range [...]string{"Set-Cookie", "Age"} { // they are looked at, and not kept
		if values := h[name]; len(values) > 0 {
			merged[name] = values
		}
	}
	fl.status = fl.old.status
	fl.decision = c.decide(fl, r, fl.status, merged)
	switch {
	case !fl.decision.Store: // it holds for everybody
		c.purgePage(pageOf(fl.key), false)
		return nil
	case fl.kept != fl.key:
		c.store.Delete(fl.key)
		return nil
	}
	entry, ok := c.store.Get(c.ctx, fl.key)
	if !ok {
		return nil // evicted meanwhile
	}
	defer func() { _ = entry.Close() }() // it was only read
	now, err := parseMeta(entry.Meta())
	if err != nil || now.hash != fl.old.hash || now.era != fl.old.era {
		return nil // replaced meanwhile
	}
	body, err := readBody(entry)
	if err != nil {
		return err
	}
	if fl.decision.Tags == nil { // nor have they
		fl.decision.Tags = slices.Collect(fl.old.eachTag)
	}
	fl.header = keptHeader(merged, nil)
	hash := fl.newHash(merged.Get("Location"))
	_, _ = hash.Write(body) // never fails
	c.judge(fl, hash.version())
	c.keep(fl, hash, func(do func([]byte) error) error { return do(body) })
	return nil
}
