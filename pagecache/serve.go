package pagecache

import (
	"net/http"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// maxLooks bounds how often a request looks again because what it waited for was not for it. Then it asks for itself.
const maxLooks = 4

// Result is what became of a request, and why.
type Result struct {
	Kind   policy.ResultKind
	Reason policy.Reason
}

// query is one request.
type query struct {
	c     *Cache
	w     http.ResponseWriter
	r     *http.Request
	facts policy.Facts
	next  Next
	again func() Again
	found found
	// alone: it asks for itself, and nobody waits for it.
	alone bool
	// asWritten: its conditions are for the upstream, whose answer is likely not to be kept.
	asWritten bool
}

// Serve answers a request from what is kept, or lets next answer and keeps that. again is called while the request is
// there, for what fetches in the background.
//
// The error is next's, or that of the request's context; nothing has been written then, unless next has written. Where
// an answer breaks off that another request fetches, Serve panics with http.ErrAbortHandler.
func (c *Cache) Serve(
	w http.ResponseWriter, r *http.Request, f policy.Facts, next Next, again func() Again,
) (Result, error) {
	q := &query{c: c, w: w, r: r, facts: f, next: next, again: again}
	reason := policy.ForRequest(r, f)
	if reason != "" && reason != policy.ReasonRange {
		return q.bypass(policy.ResultBypass, reason)
	}
	// Only a GET for the whole fills the cache, if it lets it.
	switch {
	case asksForPart(r.Header):
		reason = policy.ReasonRange
	case r.Method == http.MethodHead:
		reason = policy.ReasonMethod
	case policy.SaysNoStore(r.Header): // what it is answered says nothing to others, so nobody waits for it
		reason = policy.ReasonRequestStore
	}
	for range maxLooks {
		result, again, err := q.try(reason)
		if !again {
			return result, err
		}
	}
	return q.leadAlone()
}

// try answers a request once. again is true if it has to look again.
func (q *query) try(partly policy.Reason) (result Result, again bool, err error) {
	c := q.c
	ended := c.flights.ended.Load()
	found, ok := c.look(q.r, &q.facts)
	if !ok {
		result, err = q.bypass(policy.ResultBypass, policy.ReasonKey)
		return result, false, err
	}
	q.found = found
	defer q.found.close()
	switch found.condition {
	case fresh:
		q.recheck()
		return q.serveFound(Result{policy.ResultHit, found.reason}), false, nil
	case stale:
		q.revalidate()
		return q.serveFound(Result{policy.ResultStale, found.reason}), false, nil
	}
	if found.condition == expired && q.c.troubles.has(found.key, q.facts.Now) && found.usableOnFailure(&q.facts) {
		q.revalidate()
		return q.serveFound(Result{policy.ResultStale, policy.ReasonError}), false, nil
	}
	if partly != "" {
		result, err = q.bypass(policy.ResultMiss, partly)
		return result, false, err
	}
	if found.unknown && c.misses.has(found.key, q.facts.Now) {
		result, err = q.passOn()
		return result, false, err
	}
	if q.alone || c.misses.has(found.key, q.facts.Now) {
		result, err = q.leadAlone()
		return result, false, err
	}
	fl, r, mine := c.flights.enter(c.newFlight(&found, &q.facts))
	switch {
	case mine && c.flights.ended.Load() != ended:
		if c.landedMeanwhile(q, fl) {
			return Result{}, true, nil
		}
		fallthrough
	case mine:
		result, err = q.lead(fl)
		return result, false, err
	case r == nil:
		result, err = q.leadAlone()
		return result, false, err
	}
	return q.follow(fl, r)
}

// landedMeanwhile looks once more before a fetch, for another one has ended since the first look. If there is
// something, the fetch is given up.
func (c *Cache) landedMeanwhile(q *query, fl *flight) bool {
	found, ok := c.look(q.r, &q.facts)
	defer found.close()
	if !ok || found.condition != fresh && found.condition != stale {
		return false
	}
	fl.settle(endsAgain)
	c.flights.end(fl)
	fl.body.release()
	return true
}

// leadAlone asks the upstream for this client. The answer is kept if it may be.
func (q *query) leadAlone() (Result, error) {
	q.asWritten = true
	fl := q.c.newFlight(&q.found, &q.facts)
	q.c.flights.beginAlone(fl)
	return q.lead(fl)
}

// bypass lets next answer.
func (q *query) bypass(kind policy.ResultKind, reason policy.Reason) (Result, error) {
	result := Result{kind, reason}
	tell(q.w.Header(), &q.facts, policy.Told{Kind: kind, Reason: reason})
	return result, q.next(q.w, q.r)
}
