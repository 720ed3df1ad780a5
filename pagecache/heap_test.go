package pagecache

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/heaptest"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// What is remembered of pages is bounded by the length of their keys, whatever else their requests have brought.
func TestWhatIsRememberedOfPagesHoldsNoRequests(t *testing.T) {
	s := newSite(t, Settings{}, nil)
	c, now := s.cache, time.Unix(1_800_000_000, 0)
	const requests = 2000
	for name, remember := range map[string]func(q *query){
		"uncacheable":      func(q *query) { c.uncacheable.add(q.found.key, now, policy.ReasonNoFreshness, 0) },
		"refresh failures": func(q *query) { c.refreshFailures.add(q.found.key, now, policy.ReasonError, 0) },
		"origin failures":  func(q *query) { c.originFailures.add(q.found.key, now, policy.ReasonError, 0) },
		"rechecked":        func(q *query) { c.rechecked.add(q.found.key, now, policy.ReasonFresh, 0) },
		"copies": func(q *query) {
			c.copies.working = true // nobody takes them
			for range worthCopying {
				c.copies.ask(copyKey(q.found.key, "br"), copyJob{of: q.found.key, coding: "br", now: now})
			}
		},
		"purges": func(q *query) {
			for _, of := range []scope{scopePrefix, scopeTag, scopeDeployment} {
				c.ledger.marks.add(target{of, "zone", q.r.URL.Path}, mark{hard: 1})
			}
		},
		"records of pages": func(q *query) {
			c.purgePage(pageOf(q.found.key), false)
			c.putPage(q.found.key, pageRecord{})
		},
		"fetches that have ended": func(q *query) {
			fl := c.newFetch(&q.found, &q.facts)
			c.fetches.enter(fl)
			c.giveUp(fl)
		},
	} {
		grown := heaptest.Growth(func() {
			for i := range requests {
				r := heaptest.Request(fmt.Sprintf("/page/%d", i), "x=1&")
				facts := policy.Facts{Space: "zone", Path: r.URL.Path, Host: r.Host, Class: policy.ClassPage, IgnoreQuery: []string{"pad"}}
				key, ok := policy.KeyOf(r, facts, false)
				require.True(t, ok)
				remember(&query{r: r, facts: facts, found: found{key: key}})
			}
		})
		assert.Less(t, grown, int64(8<<20), name)
	}
	assert.Len(t, c.uncacheable.now, requests)
	assert.Len(t, c.copies.queue, maxCopiesWaiting)
	assert.Empty(t, c.fetches.byKey)
	assert.Empty(t, c.fetches.pages)
	c.copies.working = false
	runtime.KeepAlive(c)
}
