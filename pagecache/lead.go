package pagecache

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// leader is a request that asks the upstream, for its client and for those that follow it.
type leader struct {
	*query
	fetch       *fetch
	tee         *tee
	sending     sending
	unwatch     func() bool // ends the watching of the client
	answerTimer *time.Timer // ends a fetch whose head does not come; nil: no bound
	released    bool
}

// lead asks the upstream for a client, and lets others read what comes.
func (q *query) lead(fl *fetch) (Result, error) {
	l := &leader{query: q, fetch: fl, sending: sending{query: q, fetch: fl}}
	defer l.end()
	err := l.ask()
	t := l.tee
	switch t.mode {
	case modeUndecided, modeDiscard:
		return l.failed(err)
	case modePass, modeNotModified:
		return Result{policy.ResultMiss, t.reason}, err
	}
	if t.end(err) != nil {
		// err is nil where only the length was wrong: net/http compares it with Content-Length and ends the connection.
		return Result{policy.ResultMiss, policy.ReasonIncomplete}, err
	}
	l.keepWhole()
	l.release()
	l.sending.finish()
	giveTrailers(q.w.Header(), t.header)
	return Result{policy.ResultMiss, cmp.Or(t.reason, q.found.reason)}, nil
}

// ask lets the upstream answer. It goes on after its client has left, for as long as the fetch lives.
func (l *leader) ask() error {
	q, fl := l.query, l.fetch
	ctx, cancel := context.WithCancel(context.WithoutCancel(q.r.Context()))
	fl.lifetime.cancel = cancel
	l.unwatch = context.AfterFunc(q.r.Context(), fl.lifetime.leave)
	t := newTee(ctx, fl, q.r, q.w)
	l.tee = t
	t.begin = func() { l.sending.start(fl.status) }
	t.replaces = q.found.entry != nil
	t.keepOnError = func(status int) bool {
		return status >= http.StatusInternalServerError && q.found.usableOnFailure(&q.facts)
	}
	standsIn := q.found.usableOnFailure(&q.facts)
	if q.facts.StandsIn != nil {
		*q.facts.StandsIn = standsIn
	}
	if standsIn {
		l.answerTimer = time.AfterFunc(q.c.settings.Load().AnswerTime, fl.lifetime.endUnlessAnswered)
	}
	r := q.r.WithContext(ctx)
	if !q.keepsConditions {
		r = unconditional(r)
	}
	err := q.callNext(t, r)
	if t.mode == modeUndecided && err == nil {
		t.WriteHeader(http.StatusOK) // as net/http does
	}
	return err
}

// failed answers where the upstream has not, or has failed: with what is kept, if that may be served then.
func (l *leader) failed(err error) (Result, error) {
	q, fl := l.query, l.fetch
	if !fl.isSettled() {
		fl.err = err
		fl.settle(endsFailed)
	}
	reason := q.found.reason
	if !fl.lifetime.isAbandoned() { // else nobody is there any more to be answered, and nothing has failed
		reason = policy.ReasonError
		q.c.originFailures.add(fl.key, fl.now(), policy.ReasonError, 0)
		if q.found.usableOnFailure(&q.facts) {
			return q.serveFound(Result{policy.ResultStale, policy.ReasonError}), nil
		}
	}
	if err == nil {
		q.w.WriteHeader(statusClientGone)
	}
	return Result{policy.ResultMiss, reason}, err
}

// keepWhole keeps an answer that has come as a whole, if it may be kept.
func (l *leader) keepWhole() {
	c, fl, t := l.c, l.fetch, l.tee
	switch kept := c.commitAndKeep(fl, t); {
	case kept:
		l.refetchSuspect(fl)
		if fl.isOutdated() {
			c.awaitRemade(fl, l.r, l.refetch())
		}
	case t.reason == policy.ReasonDeployment:
		c.uncacheable.add(fl.key, fl.now(), t.reason, fl.status)
	}
}

// release lets nobody join any more. It does not wait for the client: one that reads slowly holds nobody up, nor what
// becomes of the page.
func (l *leader) release() {
	if !l.released {
		l.released = true
		l.c.endFetch(l.fetch)
	}
}

// end ends the fetch, also when next panics.
func (l *leader) end() {
	fl := l.fetch
	l.unwatch()
	if l.answerTimer != nil {
		l.answerTimer.Stop()
	}
	fl.lifetime.end()
	fl.body.finish(errBrokeOff) // unless it is finished
	if !fl.isSettled() {
		fl.settle(endsLookAgain)
	}
	l.release()
	l.sending.wait() // the client's writer is in use until then
}

// callNext lets next answer. Where the answer is discarded next is cut off and may panic: that is errUpstream.
func (q *query) callNext(t *tee, r *http.Request) (err error) {
	defer func() {
		if t.mode == modeDiscard && recover() != nil {
			err = errUpstream
		}
	}()
	return q.next(t, r)
}

// statusClientGone is what Caddy notes of a client that has left.
const statusClientGone = 499

var errBrokeOff = errors.New("the answer of the upstream broke off")

// unconditional is a request for the whole answer, which is r itself if it has no conditions. The client's are looked
// at here.
func unconditional(r *http.Request) *http.Request {
	if !httpheader.HasCondition(r.Header) {
		return r
	}
	r = r.WithContext(r.Context()) // what stands in front of the cache has r too
	r.Header = r.Header.Clone()
	for _, name := range httpheader.Conditions {
		delete(r.Header, name)
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
