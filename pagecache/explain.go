package pagecache

import (
	"net/http"
	"slices"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// Explanation is what the cache would do with a request, and what it has for it.
type Explanation struct {
	// Result is how the request would be answered.
	Result Result
	// Page and Variant are the key of its answer: the path and what else tells pages apart, and which representation of
	// it. "" for a request that goes past the cache.
	Page, Variant string
	// Refused is why an answer to the same was not kept, within the last half minute; "" if there was none.
	Refused policy.Reason
	// RefusedStatus is the status of that answer.
	RefusedStatus int
	// Kept is what is kept of it, nil if nothing is that may be of use.
	Kept *Kept
}

// Kept is an entry.
type Kept struct {
	Status     int
	Size       int64         // of the body, in bytes
	Age        time.Duration // since Next.js has answered
	Fresh      time.Duration // how long it may still be used without asking; negative if it may not
	StaleWhile time.Duration // how long it may still be used while it is asked for again
	OnFailure  time.Duration // how long it may still stand in for an application that fails
	Tags       []string
	Header     http.Header
}

// Explain says what Serve would do, and does nothing of it.
func (c *Cache) Explain(r *http.Request, f policy.Facts) Explanation {
	reason := policy.ForRequest(r, f)
	if reason != "" && reason != policy.ReasonRange {
		return Explanation{Result: Result{policy.ResultBypass, reason}}
	}
	found, ok := c.lookUp(r, &f)
	defer found.close()
	if !ok {
		return Explanation{Result: Result{policy.ResultBypass, policy.ReasonKey}}
	}
	e := Explanation{Result: Result{policy.ResultMiss, found.reason}, Page: found.key.Group, Variant: found.key.Name}
	switch found.usable {
	case fresh:
		e.Result.Kind = policy.ResultHit
	case stale:
		e.Result.Kind = policy.ResultStale
	}
	last := c.uncacheable.last(found.key, f.Now)
	e.Refused, e.RefusedStatus = last.reason, last.status
	if found.entry == nil {
		return e
	}
	m, now := &found.meta, f.Now.UnixNano()
	e.Kept = &Kept{
		Status: m.status, Size: found.entry.Size(), Age: m.age(f.Now), Fresh: m.left(f.Now),
		StaleWhile: max(0, time.Duration(m.staleUntil-now)),
		OnFailure:  max(0, time.Duration(max(m.errorUntil, after(m.freshUntil, f.StaleIfError))-now)),
		Tags:       slices.Collect(m.eachTag), Header: parseHeader(slices.Clone(m.header)),
	}
	return e
}
