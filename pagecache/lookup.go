package pagecache

import (
	"net/http"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// usability is what may be done with what is kept.
type usability uint8

const (
	absent  usability = iota // nothing
	expired                  // to be fetched first
	suspect                  // to be fetched first: another variant may be newer
	stale                    // to be served, and fetched in the background
	fresh                    // to be served
)

// found is what is kept under a key.
type found struct {
	key          blobstore.Key
	entry        *blobstore.Entry // nil if absent
	opened       *opened          // of the entry
	meta         meta
	usable       usability
	reason       policy.Reason
	currentUntil int64  // of the page
	outdatedAt   int64  // of the page
	ended        uint64 // how many fetches had ended before it was looked up
	// unknown: nothing is known of the page.
	unknown bool
}

// usableOnFailure reports whether it may be served because the upstream has failed: for as long as the answer and the
// site allow on failure, and no shorter than the answer allows it stale. What cuts that short (usabilityOf) is that
// Next.js has something newer, which cannot be had now.
func (f *found) usableOnFailure(facts *policy.Facts) bool {
	if f.entry == nil {
		return false
	}
	now := facts.Now.UnixNano()
	return now < max(f.meta.errorUntil, f.meta.staleUntil) || now < after(f.meta.freshUntil, facts.StaleIfError)
}

func (f *found) close() {
	if f.entry != nil {
		_ = f.entry.Close() // it was only read
		f.entry = nil
	}
}

// lookUp finds what is kept for a request. The caller closes it.
func (c *Cache) lookUp(r *http.Request, facts *policy.Facts) (f found, ok bool) {
	f.ended = c.fetches.ended.Load()
	if f.key, ok = policy.KeyOf(r, *facts, false); !ok {
		return f, false
	}
	f.reason = policy.ReasonAbsent
	// Without its record nothing is known of a page. The context is not the client's: what it begins may go on without
	// it.
	page, known := c.pageHead(c.ctx, f.key)
	if known && page.interceptable {
		if f.key, ok = policy.KeyOf(r, *facts, true); !ok {
			return f, false
		}
	}
	if !known {
		f.unknown = true
		return f, true
	}
	f.currentUntil, f.outdatedAt = page.currentUntil, page.outdatedAt
	entry, there := c.store.Get(c.ctx, f.key)
	if !there {
		return f, true
	}
	o, err := open(entry)
	if err == nil {
		f.opened, f.meta = o, o.meta
		f.usable, f.reason = c.usabilityOf(&o.meta, &page, f.key, facts.Now)
	}
	if err != nil || f.usable == absent {
		_ = entry.Close() // it was only looked at
		return f, true
	}
	f.entry = entry
	return f, true
}

// usabilityOf says what may be done with an entry.
func (c *Cache) usabilityOf(m *meta, page *pageHead, key blobstore.Key, now time.Time) (usability, policy.Reason) {
	if m.era != c.ledger.era {
		return absent, policy.ReasonAbsent
	}
	var hard, soft bool
	if c.ledger.marks.after(m.begun) {
		hard, soft = c.ledger.marks.purged(key.Space, key.Group, m.begun, m.eachTag)
	}
	stays, while := m.freshUntil, m.staleUntil
	if m.begun < page.outdatedBefore {
		stays, while = min(stays, page.outdatedAt), min(while, after(page.outdatedAt, policy.WhileRemade))
	}
	switch ns := now.UnixNano(); {
	case hard:
		return absent, policy.ReasonPurged
	case m.gen < page.floor:
		return absent, policy.ReasonGeneration
	case m.gen < page.suspect:
		return suspect, policy.ReasonGeneration
	case ns >= max(stays, while):
		return expired, policy.ReasonExpired
	case soft || m.begun < page.soft:
		return stale, policy.ReasonPurged
	case ns >= stays:
		return stale, policy.ReasonExpired
	}
	return fresh, policy.ReasonFresh
}

// eachTag hands out the tags of an entry.
func (m *meta) eachTag(yield func(string) bool) {
	for t := texts(m.tags); t.left > 0; {
		if !yield(t.next()) {
			return
		}
	}
}
