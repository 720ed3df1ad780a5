package pagecache

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// follow sends what another request fetches, or returns errLookAgain.
func (q *query) follow(fl *fetch, r *bodyReader) (Result, error) {
	defer r.leave()
	result := Result{policy.ResultMiss, q.found.reason}
	select {
	case <-fl.settled:
	case <-q.r.Context().Done():
		return result, q.r.Context().Err()
	}
	switch fl.ending {
	case endsPassing:
		q.alone = true
		return Result{}, errLookAgain
	case endsFailed:
		return q.followFailed(fl)
	case endsLookAgain:
		return Result{}, errLookAgain
	}
	if key, ok := policy.KeyOf(q.r, q.facts, fl.decision.Interceptable); !ok || key != fl.storeKey {
		return Result{}, errLookAgain
	}
	q.takeHead(fl, result)
	q.c.counts.followed.Add(1)
	var had sent
	err := q.send(fl.status, r, &had)
	if errors.Is(err, errDetached) {
		result.Reason = policy.ReasonTooLarge // also where memory was short: clients are told one word for both
		err = q.sendRest(fl, &had, func(w http.ResponseWriter) error { return q.next(w, unconditional(q.r)) })
	}
	if errors.Is(err, errBrokeOff) {
		panic(http.ErrAbortHandler) // the answer must not look whole
	}
	return result, nil
}

// followFailed answers where the upstream has failed the request that is followed: with what is kept, if that may be
// served then, with that failure, or by asking once more where it was the other request's own.
func (q *query) followFailed(fl *fetch) (Result, error) {
	if q.found.usableOnFailure(&q.facts) {
		return q.serveFound(Result{policy.ResultStale, policy.ReasonError}), nil
	}
	if fl.failedForItself() {
		q.alone = true
		return Result{}, errLookAgain
	}
	return Result{policy.ResultMiss, policy.ReasonError}, fl.err
}

// failedForItself reports whether a failure says nothing about other requests: the fetch was one of the background, it
// was given up, or its answer was discarded for an older one.
func (fl *fetch) failedForItself() bool {
	return fl.err == nil || fl.old != nil || errors.Is(fl.err, errUpstream) || errors.Is(fl.err, context.Canceled)
}

// takeHead makes the head of the answer that of another request's.
func (q *query) takeHead(fl *fetch, result Result) {
	h := q.w.Header()
	for name, values := range fl.header {
		h[name] = slices.Clone(values) // who changes headers may change them in place
	}
	if fl.length >= 0 {
		h["Content-Length"] = []string{strconv.FormatInt(fl.length, 10)}
	}
	q.complete(h, fl, result, true)
}
