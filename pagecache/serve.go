package pagecache

import (
	"errors"
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
	c       *Cache
	w       http.ResponseWriter
	r       *http.Request
	facts   policy.Facts
	next    Next
	refetch func() Refetch
	found   found
	// alone: it asks for itself, and nobody waits for it.
	alone bool
	// keepsConditions: its conditions are for the upstream, whose answer is likely not to be kept.
	keepsConditions bool
}

// Serve answers a request from what is kept, or lets next answer and keeps that. refetch is called while the request
// is there, for what fetches in the background.
//
// The error is next's, or that of the request's context; nothing has been written then, unless next has written. Where
// an answer breaks off that another request fetches, Serve panics with http.ErrAbortHandler.
func (c *Cache) Serve(
	w http.ResponseWriter, r *http.Request, f policy.Facts, next Next, refetch func() Refetch,
) (Result, error) {
	q := &query{c: c, w: w, r: r, facts: f, next: next, refetch: refetch}
	if reason := policy.ForRequest(r, f); reason != "" && reason != policy.ReasonRange {
		return q.bypass(policy.ResultBypass, reason)
	}
	noFill := reasonNotToFill(r)
	for range maxLooks {
		if result, err := q.try(noFill); !errors.Is(err, errLookAgain) {
			return result, err
		}
	}
	return q.leadAlone()
}

// reasonNotToFill is why the answer to a request does not fill the cache, "" if it does: only a GET for the whole
// answer does, and only without no-store.
func reasonNotToFill(r *http.Request) policy.Reason {
	switch {
	case asksForPart(r.Header):
		return policy.ReasonRange
	case r.Method == http.MethodHead:
		return policy.ReasonMethod
	case policy.SaysNoStore(r.Header): // what it is answered says nothing to others, so nobody waits for it
		return policy.ReasonRequestStore
	}
	return ""
}

// errLookAgain says that what a request has waited for was not for it.
var errLookAgain = errors.New("it has to look again")

// try answers a request once, or returns errLookAgain. noFill is that of reasonNotToFill.
func (q *query) try(noFill policy.Reason) (Result, error) {
	var ok bool
	if q.found, ok = q.c.lookUp(q.r, &q.facts); !ok {
		return q.bypass(policy.ResultBypass, policy.ReasonKey)
	}
	defer q.found.close()
	if result, served := q.serveKept(); served {
		return result, nil
	}
	if noFill != "" {
		return q.bypass(policy.ResultMiss, noFill)
	}
	uncacheable := q.c.uncacheable.has(q.found.key, q.facts.Now)
	switch {
	case q.found.unknown && uncacheable:
		return q.passOn()
	case q.alone || uncacheable:
		return q.leadAlone()
	}
	return q.coalesce()
}

// serveKept answers with what is kept, if that may be served now.
func (q *query) serveKept() (result Result, served bool) {
	switch f := &q.found; {
	case f.usable == fresh:
		q.recheck()
		return q.serveFound(Result{policy.ResultHit, f.reason}), true
	case f.usable == stale:
		q.revalidate()
		return q.serveFound(Result{policy.ResultStale, f.reason}), true
	case f.usable == expired && q.c.originFailures.has(f.key, q.facts.Now) && f.usableOnFailure(&q.facts):
		q.revalidate()
		return q.serveFound(Result{policy.ResultStale, policy.ReasonError}), true
	}
	return Result{}, false
}

// coalesce follows the fetch of the same, or leads one that others may follow. If another one has ended since the first
// look, there may be something.
func (q *query) coalesce() (Result, error) {
	fetches := q.c.fetches
	fl, r, leads := fetches.enter(q.c.newFetch(&q.found, &q.facts))
	switch {
	case !leads && r == nil:
		return q.leadAlone()
	case !leads:
		return q.follow(fl, r)
	case fetches.ended.Load() != q.found.ended && q.isKeptNow():
		fl.settle(endsLookAgain)
		q.c.endFetch(fl)
		return Result{}, errLookAgain
	}
	return q.lead(fl)
}

// isKeptNow reports whether there is something by now that may be served.
func (q *query) isKeptNow() bool {
	found, ok := q.c.lookUp(q.r, &q.facts)
	defer found.close()
	return ok && (found.usable == fresh || found.usable == stale)
}

// leadAlone asks the upstream for this client. The answer is kept if it may be.
func (q *query) leadAlone() (Result, error) {
	q.keepsConditions = true
	fl := q.c.newFetch(&q.found, &q.facts)
	q.c.fetches.beginAlone(fl)
	return q.lead(fl)
}

// bypass lets next answer.
func (q *query) bypass(kind policy.ResultKind, reason policy.Reason) (Result, error) {
	result := Result{kind, reason}
	tell(q.w.Header(), &q.facts, policy.Told{Kind: kind, Reason: reason})
	return result, q.next(q.w, q.r)
}
