package pagecache

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// refresh carries out a fetch that enterBackground began, and gives its slot back.
func (c *Cache) refresh(fl *fetch, r *http.Request, refetch Refetch) {
	defer c.revalidating.Add(-1)
	ctx, cancel := context.WithTimeout(c.ctx, c.settings.Load().RevalidateTime)
	defer cancel()
	fl.lifetime.cancel = cancel
	c.counts.revalidations.Add(1)
	t := newTee(ctx, fl, r, nil)
	err := c.validate(ctx, t, r, refetch)
	switch {
	case fl.isSettled() && fl.ending == endsPassing: // it came, and is not kept any more
	case err != nil:
		c.refreshFailed(fl, err)
	case t.mode == modeFill:
		c.commitAndKeep(fl, t)
	}
	if !fl.isSettled() {
		fl.err = err
		fl.settle(endsLookAgain)
	}
	c.endFetch(fl)
	if fl.isOutdated() {
		c.awaitRemade(fl, r, refetch)
	}
}

// validate asks the upstream whether an entry is still what it answers, and freshens it if so. An answer that says
// nothing of the page (a failure, isOfRequest) leaves what is kept.
func (c *Cache) validate(ctx context.Context, t *tee, r *http.Request, refetch Refetch) error {
	fl := t.fetch
	fl.facts.Said = new(policy.Said)
	t.replaces = true
	t.keepOnError = func(status int) bool { return status >= http.StatusInternalServerError || isOfRequest(status) }
	err := callRefetch(refetch, ctx, t, fl.facts.Variant, parseHeader(fl.old.header).Get("Etag"), fl.facts.Said)
	if err == nil && t.mode == modeUndecided {
		t.WriteHeader(http.StatusOK) //nolint:contextcheck // what is kept outlives the fetch
	}
	if err == nil && fl.status == http.StatusNotModified {
		err = c.freshen(fl, r, t.header) //nolint:contextcheck // the same
	}
	if err = t.end(err); err == nil {
		err = fl.err
	}
	return err
}

// refreshFailed notes that an entry could not be fetched.
func (c *Cache) refreshFailed(fl *fetch, err error) {
	fl.body.finish(errBrokeOff)
	c.counts.failed.Add(1)
	c.refreshFailures.add(fl.key, fl.now(), policy.ReasonError, 0)
	if check := c.settings.Load().Logger.Check(zap.DebugLevel, "a stale page could not be fetched"); check != nil {
		check.Write(zap.String("space", fl.key.Space), zap.String("page", fl.key.Group), zap.Error(err))
	}
}

// callRefetch makes a panic of the upstream's handler an error: in the background it would end the process.
func callRefetch(
	refetch Refetch, ctx context.Context, w http.ResponseWriter, as policy.Variant, etag string, said *policy.Said,
) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errBrokeOff, p)
		}
	}()
	return refetch(ctx, w, as, etag, said)
}

// bodyHeaders are headers that say how the body is to be read. The body stays, so they do (RFC 9111, 3.2).
var bodyHeaders = map[string]bool{"Content-Encoding": true, "Content-Md5": true, "Content-Range": true, "Etag": true}

// freshen keeps the old body with the headers of an answer that says that it has not changed (RFC 9111, 4.3.4).
func (c *Cache) freshen(fl *fetch, r *http.Request, h http.Header) error {
	merged := fl.old.freshHeader(h)
	fl.status = fl.old.status
	fl.decision = c.decide(fl, r, fl.status, merged)
	switch {
	case !fl.decision.Store: // nothing of a client was asked with, so it is true for all
		c.purgePage(pageOf(fl.key), false)
		return nil
	case fl.storeKey != fl.key:
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
	body, err := entry.ReadAll()
	if err != nil {
		return err
	}
	if fl.decision.Tags == nil { // a 304 names none: those of the entry hold
		fl.decision.Tags = slices.Collect(fl.old.eachTag)
	}
	fl.header = keptHeader(merged, nil)
	hash := fl.newHash(merged.Get("Location"))
	_, _ = hash.Write(body) // never fails
	c.commit(fl, hash.version())
	c.keep(fl, hash, func(do func([]byte) error) error { return do(body) })
	return nil
}

// freshHeader are the headers of an entry with those of an answer that says that it has not changed.
func (m *meta) freshHeader(h http.Header) http.Header {
	merged := parseHeader(m.header)
	delete(merged, "Date") // its age counts from this answer on
	for name, values := range keptHeader(h, nil) {
		if !bodyHeaders[name] {
			merged[name] = values
		}
	}
	for _, name := range [...]string{"Set-Cookie", "Age"} { // they are looked at, and not kept
		if values := h[name]; len(values) > 0 {
			merged[name] = values
		}
	}
	return merged
}
