package pagecache

import (
	"github.com/caddy-nextjs/caddy-nextjs/internal/httpwriter"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// passOn hands a request on whose answer was not kept the last time, and of whose page nothing is: that costs little,
// for there is nothing to fill and nobody to wait. When the answer could be kept now, the next one is.
func (q *query) passOn() (Result, error) {
	w := &passer{query: q, reason: policy.ReasonError}
	w.Wrapper = httpwriter.Wrapper{ResponseWriter: q.w, Head: w}
	err := q.next(w, q.r)
	return Result{policy.ResultMiss, w.reason}, err
}

// passer looks at the head of an answer on its way to the client.
type passer struct {
	httpwriter.Wrapper
	query  *query
	reason policy.Reason
}

// OnHead implements httpwriter.Head.
func (p *passer) OnHead(status int) {
	q, h := p.query, p.Header()
	d, _ := q.c.decideByHead(&q.facts, q.r, status, h)
	switch p.reason = d.Reason; {
	case d.Store:
		// Its client has a version that nothing is known of, so what is being fetched of the page at this moment, which
		// may be an older one, must not be kept.
		p.reason = q.found.reason
		q.c.uncacheable.remove(q.found.key)
		q.c.purgePage(pageOf(q.found.key), false)
	case saysOfPage(status):
		q.c.uncacheable.add(q.found.key, q.facts.Now, d.Reason, status)
	}
	tell(h, &q.facts, policy.Told{Kind: policy.ResultMiss, Reason: p.reason, Status: status})
}
