package pagecache

import (
	"errors"
	"io"
	"net/http"
	"sync"

	"github.com/caddy-nextjs/caddy-nextjs/internal/codings"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// sending sends a shared body to the client for which it is fetched, at that client's own pace. The zero fetch is
// never started.
type sending struct {
	query *query
	fetch *fetch

	work     sync.WaitGroup
	panicked any
	had      sent
	detached bool // the client is to get the rest in another way
}

// start begins. The client's writer belongs to the sending until wait returns.
func (s *sending) start(status int) {
	r := s.fetch.body.join(true)
	h := s.query.w.Header()
	s.query.complete(h, s.fetch, Result{policy.ResultMiss, s.query.found.reason}, false)
	s.work.Go(func() {
		defer func() { s.panicked = recover() }()
		defer r.leave()
		err := s.query.send(status, r, &s.had) // who fetches it knows whether it broke off
		s.detached = errors.Is(err, errDetached)
	})
}

// wait waits until the client has all of it, or has left.
func (s *sending) wait() {
	s.work.Wait()
	if p := s.panicked; p != nil {
		s.panicked = nil
		panic(p)
	}
}

// finish sends the rest where the client has been detached from an answer that has come as a whole.
func (s *sending) finish() {
	s.wait()
	if !s.detached {
		return
	}
	q, variant := s.query, s.query.facts.Variant
	err := q.sendRest(s.fetch, &s.had, func(w http.ResponseWriter) error {
		return q.refetch()(q.r.Context(), w, variant, "", new(policy.Said))
	})
	if err != nil {
		panic(http.ErrAbortHandler) // the answer must not look whole
	}
}

// complete completes the headers of an answer that is being fetched.
func (q *query) complete(h http.Header, fl *fetch, result Result, collapsed bool) {
	tell(h, &q.facts, policy.Told{
		Kind: result.Kind, Reason: result.Reason, Status: fl.status, Age: fl.age, TTL: fl.decision.Fresh,
		Stored: !collapsed && !fl.namesBuild(), Collapsed: collapsed,
	})
	size := fl.length
	if size < 0 { // not known yet
		size = codings.SmallestCopied
	}
	if mayBeCoded(h, size) {
		codings.AddVary(h) // as it will be when it is kept
	}
}

// send sends a shared body, with the headers that have been set, and notes what it has sent. The error is that of the
// body, or of the client.
func (q *query) send(status int, r *bodyReader, had *sent) error {
	if status == http.StatusOK && notModified(q.r.Header, q.w.Header()) {
		writeNotModified(q.w)
		return nil
	}
	q.w.WriteHeader(status)
	flush := http.NewResponseController(q.w).Flush
	for {
		p, err := r.next(q.r.Context(), func() { _ = flush() }) // who has left is noticed at the next write
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := q.w.Write(p); err != nil {
			return err
		}
		had.add(p)
	}
}
