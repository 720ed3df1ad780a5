package pagecache

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// newFlight is a fetch of what a request asks for.
func (c *Cache) newFlight(key *found, facts *policy.Facts) *flight {
	settings := c.settings.Load()
	fl := &flight{
		cache: c, key: key.key, kept: key.key, facts: *facts, asked: time.Now(), length: -1, settled: make(chan struct{}),
		body: newGrowing(settings.MaxBody, &c.budget, settings.Patience),
	}
	if key.oldAt > 0 {
		fl.facts.Remade = time.Unix(0, key.oldAt)
	}
	fl.leash.body, fl.leash.linger = fl.body, settings.Linger
	return fl
}

// lead asks the upstream for a client, and lets others read what comes.
func (q *query) lead(fl *flight) (result Result, err error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(q.r.Context()))
	fl.leash.cancel = cancel
	stop := context.AfterFunc(q.r.Context(), fl.leash.left)
	t := newTee(ctx, fl, q.r, q.w)
	sending := sending{query: q, flight: fl}
	t.begin = func() { sending.start(t.status()) }
	t.replaces = q.found.entry != nil
	t.spare = func(status int) bool {
		return status >= http.StatusInternalServerError && q.found.usableOnFailure(&q.facts)
	}
	if q.found.usableOnFailure(&q.facts) {
		late := time.AfterFunc(q.c.settings.Load().AnswerTime, fl.leash.unanswered)
		defer late.Stop()
	}
	whole := false
	// A client that reads slowly holds nobody up, nor what becomes of the page.
	landed := sync.OnceFunc(func() {
		q.c.flights.end(fl)
		fl.body.release()
	})
	defer func() {
		stop()
		fl.leash.end()
		if !whole {
			fl.body.finish(errBrokeOff)
		}
		if !fl.isSettled() {
			fl.settle(endsAgain)
		}
		landed()
		sending.wait() // also when next panics: the client's writer is in use until then
	}()

	r := q.r.WithContext(ctx)
	if !q.asWritten {
		r = unconditional(r)
	}
	err = q.callNext(t, r)
	if t.mode == undecided && err == nil {
		t.WriteHeader(http.StatusOK) // as net/http does
	}
	if t.mode == undecided || t.mode == discards {
		if !fl.isSettled() {
			fl.err = err
			fl.settle(endsFailed)
		}
		if fl.leash.isDeserted() {
			// Nobody is there any more to be answered, and nothing has failed.
			if err == nil {
				q.w.WriteHeader(statusClientGone)
			}
			return Result{policy.ResultMiss, q.found.reason}, err
		}
		q.c.troubles.add(fl.key, fl.now(), policy.ReasonError)
		if q.found.usableOnFailure(&q.facts) {
			return q.serveFound(Result{policy.ResultStale, policy.ReasonError}), nil
		}
		if err == nil {
			q.w.WriteHeader(statusClientGone)
		}
		return Result{policy.ResultMiss, policy.ReasonError}, err
	}
	if t.mode == passes || t.mode == known {
		return Result{policy.ResultMiss, t.reason}, err
	}
	if broken := t.end(err); broken != nil {
		result = Result{policy.ResultMiss, policy.ReasonIncomplete}
		if err == nil && errors.Is(broken, errIncomplete) {
			return result, nil // the server sees it too: it has the same length
		}
		return result, err
	}
	q.c.judge(fl, t.hash.version())
	whole = true
	fl.body.finish(nil)
	switch {
	case t.reason == "" && fl.body.whole() && fl.isOfAnotherBuild():
		t.reason = policy.ReasonDeployment
		q.c.misses.addAnswer(fl.key, fl.now(), t.reason, fl.status)
	case t.reason == "" && fl.body.whole():
		q.c.keep(fl, t.hash, fl.body.each)
		q.resolve(fl)
		if fl.isOutdated() {
			q.c.awaitRemade(fl, q.r, q.again())
		}
	case t.reason == "":
		t.reason = policy.ReasonTooLarge
	}
	landed()
	sending.finish()
	giveTrailers(q.w.Header(), t.header)
	if t.reason != "" {
		return Result{policy.ResultMiss, t.reason}, nil
	}
	return Result{policy.ResultMiss, q.found.reason}, nil
}

// callNext lets next answer. An answer that is discarded is cut off, of which next may make a panic.
func (q *query) callNext(t *tee, r *http.Request) (err error) {
	defer func() {
		if t.mode == discards && recover() != nil {
			err = errUpstream
		}
	}()
	return q.next(t, r)
}

// statusClientGone is what Caddy notes of a client that has left.
const statusClientGone = 499

var errBrokeOff = errors.New("the answer of the upstream broke off")

// conditions are the headers of a request by which it may be answered with less than the whole.
var conditions = [...]string{"If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since", "If-Range", "Range"}

// unconditional is a request for the whole answer, which is r itself if it has no conditions. The client's are looked
// at here.
func unconditional(r *http.Request) *http.Request {
	for _, name := range conditions {
		if len(r.Header[name]) > 0 {
			r = r.WithContext(r.Context()) // what stands in front of the cache has r too
			r.Header = r.Header.Clone()
			for _, name := range conditions {
				delete(r.Header, name)
			}
			return r
		}
	}
	return r
}

// giveTrailers hands headers on that come after the body.
func giveTrailers(to, from http.Header) {
	for name, values := range from {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			to[name] = values
		}
	}
}

// status is that of the answer.
func (t *tee) status() int { return t.flight.status }
