package pagecache

import (
	"net/http"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// passOn hands a request on whose answer was not kept the last time, and of whose page nothing is: that costs little,
// for there is nothing to fill and nobody to wait. When the answer could be kept now, the next one is.
func (q *query) passOn() (Result, error) {
	w := &passer{ResponseWriter: q.w, query: q, reason: policy.ReasonError}
	err := q.next(w, q.r)
	return Result{policy.ResultMiss, w.reason}, err
}

// passer looks at the head of an answer on its way to the client.
type passer struct {
	http.ResponseWriter
	query  *query
	reason policy.Reason
	begun  bool
}

// Unwrap lets http.ResponseController find the client's other abilities.
func (p *passer) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (p *passer) WriteHeader(status int) {
	if status >= http.StatusOK && !p.begun {
		p.begin(status)
	}
	p.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (p *passer) Write(b []byte) (int, error) {
	if !p.begun {
		p.WriteHeader(http.StatusOK)
	}
	return p.ResponseWriter.Write(b)
}

// Flush implements http.Flusher.
func (p *passer) Flush() { _ = p.FlushError() }

// FlushError sends the head, if it has not been sent.
func (p *passer) FlushError() error {
	if !p.begun {
		p.WriteHeader(http.StatusOK)
	}
	return http.NewResponseController(p.ResponseWriter).Flush()
}

func (p *passer) begin(status int) {
	p.begun = true
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
