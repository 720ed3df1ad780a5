package deploy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// look does what is due.
func (w *watcher) look(ctx context.Context, now time.Time) {
	zone := w.zone()
	there := make(map[*Upstream]bool, len(zone.Deployment.Members))
	for _, member := range zone.Deployment.Members {
		there[member.Upstream] = true
		known := w.of(member.Upstream)
		w.notice(known, member, now)
		if member.Gone && member.InFlight() == 0 {
			w.do(Emptied{w.id, member.String()})
			continue
		}
		why := w.wants(zone, member, known, now)
		switch {
		case why == nothing || known.asking || now.Before(known.next):
		case why == isBetter && (known.erring || w.health.Mode == HealthHTTP):
			w.do(Readmit{w.id, member.String()})
		default:
			w.ask(ctx, zone, member, known, why, now)
		}
	}
	for upstream := range w.watched {
		if !there[upstream] {
			delete(w.watched, upstream)
		}
	}
}

// notice keeps account of how long an upstream has been quiet while requests wait.
func (w *watcher) notice(known *watched, member *Member, now time.Time) {
	received := member.Received()
	switch {
	case received != known.received || member.Waiting() == 0:
		known.received, known.quiet = received, time.Time{}
	case known.quiet.IsZero():
		known.quiet = now
	}
}

// wants says why an upstream should be asked now.
func (w *watcher) wants(zone *Zone, member *Member, known *watched, now time.Time) reason {
	switch {
	case member.Gone:
		return nothing
	case known.broken && member.checked != down:
		return isOver
	case member.ejected && !now.Before(member.Until):
		return isBetter
	case w.health.Mode != HealthHTTP && w.isQuiet(known, now) && member.State == Healthy:
		return isAlive
	case member.checked == down && member.fault == Silent && w.health.Mode != HealthHTTP:
		return isBack // that it takes connections says nothing
	case w.health.Mode != HealthOff:
		return isHealthy
	case member.checked == down || member.checked == pending:
		return isBack
	case w.settings.UntilAnswered && !zone.Answered:
		return isThere
	}
	return nothing
}

func (w *watcher) isQuiet(known *watched, now time.Time) bool {
	return !w.ejection.Off && !known.quiet.IsZero() && now.Sub(known.quiet) >= w.ejection.Silence
}

// ask asks an upstream in the background.
func (w *watcher) ask(ctx context.Context, zone *Zone, member *Member, known *watched, why reason, now time.Time) {
	timeout, next := knockTimeout, knockEvery
	if why == isHealthy {
		timeout, next = w.health.Timeout, w.health.Interval
		if member.checked == pending || !zone.IsServed() { // somebody may wait for that
			next = min(next, knockEvery)
		}
	}
	known.asking, known.next = true, now.Add(next)
	w.done.Go(func() {
		limited, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		select {
		case w.answers <- answer{upstream: member.Upstream, reason: why, err: w.question(limited, member.Upstream, why)}:
		case <-ctx.Done():
		}
	})
}

// question asks an upstream what there is to ask for a reason. nil: it has answered well.
func (w *watcher) question(ctx context.Context, u *Upstream, why reason) error {
	if why != isHealthy {
		_, err := w.put(ctx, u, AnyAnswer)
		return err
	}
	if w.health.Mode == HealthTCP {
		conn, err := u.DialContext(ctx)
		if err != nil {
			return err
		}
		_ = conn.Close() // nothing was said
		return nil
	}
	status, err := w.put(ctx, u, Question{Path: w.health.Path, Host: w.health.Host, Scheme: w.health.Scheme})
	if err == nil && (status < 200 || status >= 400) {
		err = statusError{w.health.Path, status}
	}
	return err
}

// put asks an upstream as the zone's requests go to it.
func (w *watcher) put(ctx context.Context, u *Upstream, q Question) (status int, err error) {
	q.TLS = w.settings.TLS
	return u.Ask(ctx, q)
}

// hear turns an answer into a command.
func (w *watcher) hear(a answer, now time.Time) {
	known, address := w.of(a.upstream), a.upstream.String()
	known.asking = false
	switch a.reason {
	case isHealthy:
		w.count(known, a)
	case isBack:
		if a.err == nil {
			w.do(Check{ID: w.id, Address: address, Up: true})
		}
	case isAlive:
		known.quiet = now
		if a.err != nil {
			w.silence(known, a.upstream)
		}
	case isBetter:
		if a.err == nil {
			w.do(Readmit{w.id, address})
		}
	case isThere:
		if a.err == nil {
			w.do(Answered{w.id})
		}
	case isOver:
		known.broken = false
		if op, ok := errors.AsType[*net.OpError](a.err); ok && faultOf(op) == Refuses {
			w.cross(crossing{kind: refused, upstream: a.upstream, why: "no connection: " + op.Error()})
		}
	case nothing:
	}
}

// count counts the answers in a row to what the configuration wants asked.
func (w *watcher) count(known *watched, a answer) {
	address := a.upstream.String()
	if a.err == nil {
		// Requests wait where none is fit: the first good answer is enough then.
		if known.streak = max(known.streak, 0) + 1; known.streak == w.health.Passes || !w.zone().IsServed() {
			w.do(Check{ID: w.id, Address: address, Up: true})
		}
		return
	}
	if known.streak = min(known.streak, 0) - 1; known.streak == -w.health.Fails {
		w.do(Check{ID: w.id, Address: address, Why: a.err.Error(), Fault: faultOf(a.err)})
	}
}

// silence takes an upstream out of rotation that does not answer although it takes connections. Where it may not be
// ejected, for too many are or it is the last one, requests had better wait than be sent to it.
func (w *watcher) silence(known *watched, u *Upstream) {
	const why = "requests wait, and nothing comes from it"
	known.erring = false
	_, err := w.fleet.Do(Eject{
		ID: w.id, Address: u.String(), Why: why, Fault: Silent, For: w.ejection.For, Max: w.ejection.Max,
	})
	if errors.Is(err, ErrTooManyEjected) {
		w.do(Check{ID: w.id, Address: u.String(), Why: why, Fault: Silent})
	}
}

// statusError is an answer that says that an upstream is not fit.
type statusError struct {
	path   string
	status int
}

func (e statusError) Error() string { return fmt.Sprintf("%s is answered with %d", e.path, e.status) }

// faultOf says what is wrong with an upstream of which a question has failed.
func faultOf(err error) Fault {
	if _, ok := errors.AsType[statusError](err); ok {
		return Errs
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return Refuses
	}
	return Silent
}
