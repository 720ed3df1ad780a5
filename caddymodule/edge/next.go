package edge

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

const (
	// leastTries is how many tries a request has whose zone has fewer upstreams: one may just be started again.
	leastTries = 2
	// firstNap is how long a request waits, before all others, that every upstream has refused: until what it has
	// noticed is known. Each time it is twice as long.
	firstNap = 25 * time.Millisecond
	// maxNaps is how often. Whatever is wrong then is not that the application is started again.
	maxNaps = 5
)

// errAllTried says that each upstream had its try.
var errAllTried = errors.New("each upstream of the zone was tried")

// Next chooses the upstream of the next try, and waits for one where none takes the request now. The error says that
// there is none for it; it is the same from then on.
func (a *Request) Next(r *http.Request) error {
	if a.refusal != nil {
		return a.refusal
	}
	if a.Try.Upstream != nil {
		a.tried = append(a.tried, a.Try.Upstream)
		a.Try.Abandon()
	}
	belongs := a.Zone.Sticky.Of(r, a.Zone.Upstreams)
	a.isSpread = belongs == deploy.Affinity{}
	a.Try, a.refusal = a.choose(r.Context(), belongs)
	return a.refusal
}

// choose finds an upstream for the next try.
func (a *Request) choose(ctx context.Context, belongs deploy.Affinity) (deploy.Try, error) {
	upstreams := a.Zone.Upstreams
	isFirst := len(a.tried) == 0
	if !a.mayWait() {
		if len(a.tried) >= max(leastTries, upstreams.Takers()) {
			return deploy.Try{}, errAllTried
		}
		try, err := upstreams.Pick(time.Now(), a.tried, belongs)
		if errors.Is(err, deploy.ErrBusy) && !a.InBackground && !a.StandsIn {
			queueTotal.WithLabelValues(a.Zone.Name, "full").Inc() // nobody may wait
		}
		return try, err //nolint:wrapcheck // it says all there is to say
	}
	if isFirst && upstreams.MustWait() || !isFirst && !upstreams.HasUntried(a.tried) {
		return a.await(ctx, belongs)
	}
	if try, err := upstreams.Pick(time.Now(), a.tried, belongs); err == nil {
		return try, nil
	}
	return a.await(ctx, belongs)
}

// mayWait reports whether the request may wait for an upstream: somebody waits for its answer, and there is nothing to
// answer with instead.
func (a *Request) mayWait() bool {
	return !a.InBackground && !a.StandsIn && a.Zone.Upstreams.HasQueue()
}

// await has the request wait in the queue of its zone: before all others if it was tried already.
func (a *Request) await(ctx context.Context, belongs deploy.Affinity) (deploy.Try, error) {
	now := time.Now()
	if a.deadline.IsZero() {
		a.deadline = a.Zone.Upstreams.Deadline(now)
	}
	wasTried := len(a.tried) > 0
	if wasTried {
		if a.naps == maxNaps {
			return deploy.Try{}, errAllTried
		}
		nap := time.NewTimer(firstNap << a.naps)
		defer nap.Stop()
		select {
		case <-nap.C:
		case <-ctx.Done():
		}
		a.naps++
		a.tried = a.tried[:0]
	}
	try, err := a.Zone.Upstreams.Await(ctx, a.deadline, belongs, wasTried)
	queueTotal.WithLabelValues(a.Zone.Name, waitResult(err)).Inc()
	return try, err //nolint:wrapcheck // it says all there is to say
}

// waitResult is how the metric names what has become of a request that has waited.
func waitResult(err error) string {
	switch {
	case err == nil:
		return "sent"
	case errors.Is(err, deploy.ErrQueueFull):
		return "full"
	case errors.Is(err, deploy.ErrQueueLate):
		return "late"
	}
	return "left"
}

// statusClientGone is what Caddy notes of a client that has left.
const statusClientGone = 499

// Failed returns the error of the handlers behind. reverse_proxy does not say why it had no upstream for a request: the
// error is what Next has said then, and the status 503.
func (a *Request) Failed(err error) error {
	switch {
	case err == nil || a.refusal == nil || errors.Is(a.refusal, errAllTried):
		return err
	case errors.Is(a.refusal, context.Canceled):
		return caddyhttp.Error(statusClientGone, a.refusal)
	}
	return caddyhttp.Error(http.StatusServiceUnavailable, a.refusal)
}

// MayRepeat reports whether a request without a body may be sent once more whose upstream has ended the connection
// before the answer began: something was only to be read, and it is the first time.
func (a *Request) MayRepeat(r *http.Request) bool {
	isRead := r.Method == http.MethodGet || r.Method == http.MethodHead
	if !isRead || a.isRepeated || a.InBackground || !a.Zone.Upstreams.MayRepeat() {
		return false
	}
	a.isRepeated = true
	repeatsTotal.WithLabelValues(a.Zone.Name).Inc()
	return true
}

var queueTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
	Namespace: "caddy", Subsystem: "nextjs", Name: "queue_requests_total",
	Help: "Requests that had to wait for an upstream, by zone and what has become of them: sent, full (as many waited as " +
		"queue allows), late (they have waited for as long as queue allows), or left (their client has).",
}, []string{"zone", "result"})

var repeatsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
	Namespace: "caddy", Subsystem: "nextjs", Name: "repeated_requests_total",
	Help: "Requests that were sent once more because their upstream ended the connection before the answer began, by zone.",
}, []string{"zone"})
