package pagecache

import (
	"sync/atomic"

	"github.com/caddy-nextjs/caddy-nextjs/internal/codings"
)

// counts are counters since New.
type counts struct {
	followed, revalidations, skipped, failed, overtakes, purges, detached atomic.Uint64
}

// Stats are figures for metrics. Counters count since New.
type Stats struct {
	Filling       int64  // bytes of answers that are coming in, or that slow clients still read
	FillMemory    int64  // the bound of that
	Degraded      uint64 // answers not kept, or whose readers got the rest in another way, for want of that
	Marks         int64  // bytes of the purges that are remembered
	MarksBound    int64  // the bound of that
	Recent        int64  // bytes of what is remembered of keys for a while: not kept, failed, asked for again
	RecentBound   int64  // the bound of that
	RecentDropped uint64 // keys that were forgotten before their time, for want of room
	Followed      uint64 // answers that were fetched for another request
	Revalidations uint64 // stale pages fetched in the background
	Revalidating  int    // at this moment
	Remaking      int    // pages that Next.js makes again, and that are asked for until they are new
	Slots         int    // the bound of that
	Skipped       uint64 // not fetched, because all slots were in use
	Failed        uint64 // could not be fetched, or broke off
	Overtakes     uint64 // answers that made other variants of their page older, or suspect
	Purges        uint64
	Copies        [len(codings.Names)]CopyStats // compressed ones, by coding
	CopiesWaiting int                           // to be made
	CopiesSkipped uint64                        // not made, because too many were waiting
	Detached      uint64                        // answers too large to be kept that a client had to ask for once more
}

// Stats returns the figures of this moment.
func (c *Cache) Stats() Stats {
	s := Stats{
		Filling: c.budget.used.Load(), FillMemory: c.budget.bound.Load(), Degraded: c.budget.degraded.Load(),
		Marks: c.ledger.marks.bytes(), MarksBound: maxMarks,
		Followed: c.counts.followed.Load(), Revalidations: c.counts.revalidations.Load(),
		Revalidating: int(c.revalidating.Load()), Remaking: c.remaking.size(), Slots: c.settings.Load().Revalidations,
		Skipped: c.counts.skipped.Load(), Failed: c.counts.failed.Load(), Overtakes: c.counts.overtakes.Load(),
		Purges: c.counts.purges.Load(), Detached: c.counts.detached.Load(),
	}
	for _, recent := range c.recents() {
		bytes, dropped := recent.size()
		s.Recent, s.RecentDropped, s.RecentBound = s.Recent+bytes, s.RecentDropped+dropped, s.RecentBound+maxRecent
	}
	c.copies.stats(&s)
	return s
}

func (m *marks) bytes() int64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return int64(m.size)
}
