package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

const (
	// restartLease is after which time an upstream is put back by itself, if nobody renews its lease.
	restartLease = 15 * time.Second
	// restartRenew is how often that is done.
	restartRenew = restartLease / 3
	// restartStep bounds how long the edge waits for something in one order: the lease is renewed between two.
	restartStep = 2 * time.Second
)

// restart restarts an upstream. nil: it is done, and the upstream is back.
func (r *rollingRestart) restart(ctx context.Context, upstream string) *restartFailure {
	if err := r.takeOut(ctx, upstream); err != nil {
		return r.giveBack(ctx, upstream, err)
	}
	lines, err := r.runCommand(ctx, upstream)
	if err == nil && ctx.Err() == nil {
		if err = r.putBack(ctx, upstream); err == nil {
			return nil
		}
	}
	switch {
	case ctx.Err() != nil:
		return &restartFailure{
			upstream: upstream, err: fmt.Errorf("%w: it is put back by itself within %s", errInterrupted, restartLease), lines: lines,
		}
	case errors.Is(err, errLost): // who has the upstream now decides
		return &restartFailure{upstream: upstream, err: err, lines: lines}
	}
	return r.leaveOut(ctx, upstream, err, lines)
}

var (
	// errInterrupted says that the restart of an upstream was not awaited.
	errInterrupted = errors.New("its restart was interrupted")
	// errLost says that somebody else has the upstream now, or nobody.
	errLost = errors.New("its lease is lost")
)

// takeOut takes an upstream out of rotation, and waits until nothing is in flight to it.
func (r *rollingRestart) takeOut(ctx context.Context, upstream string) error {
	for end := time.Now().Add(r.wait); ; {
		left := max(time.Until(end), 0)
		drained, err := r.renew(ctx, upstream, min(left, restartStep))
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return errInterrupted
		case drained.InFlight == 0:
			r.say(upstream, "taken out of rotation")
			return nil
		case left == 0:
			r.say(upstream, "taken out of rotation, "+inFlightText(drained.UpstreamStatus)+" in flight still")
			return nil
		}
	}
}

// renew takes the lease of an upstream, or renews it.
func (r *rollingRestart) renew(ctx context.Context, upstream string, wait time.Duration) (answer report.Drained, err error) {
	err = r.edge.post(context.WithoutCancel(ctx), report.DrainRoute, report.DrainOrder{
		Upstream: upstream, Lease: restartLease.String(), Holder: r.holder, Wait: durationText(wait),
	}, &answer)
	return answer, err
}

// holdLease renews the lease of an upstream until release is called, which says whether it was lost. An edge that
// cannot be reached for a while has not said so.
func (r *rollingRestart) holdLease(ctx context.Context, upstream string) (release func() error) {
	var renewing sync.WaitGroup
	var lost error
	end := make(chan struct{})
	renewing.Go(func() {
		ticker := time.NewTicker(restartRenew)
		defer ticker.Stop()
		for lost == nil {
			select {
			case <-end:
				return
			case <-ticker.C:
			}
			if _, err := r.renew(ctx, upstream, 0); isLost(err) {
				lost = fmt.Errorf("%w: %w", errLost, err)
			}
		}
	})
	return func() error {
		close(end)
		renewing.Wait()
		return lost
	}
}

// isLost reports whether an error says that somebody else has an upstream now.
func isLost(err error) bool {
	said, ok := errors.AsType[refusal](err)
	return ok && said.status != notInTime
}

// putBack puts an upstream back when it answers.
func (r *rollingRestart) putBack(ctx context.Context, upstream string) error {
	began := time.Now()
	for end := began.Add(r.healthy); ; {
		var answer report.Drained
		err := r.edge.post(ctx, report.UndrainRoute, report.UndrainOrder{
			Upstream: upstream, Holder: r.holder, Healthy: max(min(time.Until(end), restartStep), time.Millisecond).String(),
		}, &answer)
		if err == nil {
			r.say(upstream, "back in rotation after "+time.Since(began).Round(time.Second).String())
			return nil
		}
		if _, renewErr := r.renew(ctx, upstream, 0); isLost(err) || isLost(renewErr) {
			return fmt.Errorf("%w: %w", errLost, errors.Join(err, renewErr))
		}
		if time.Until(end) < time.Millisecond || ctx.Err() != nil {
			return fmt.Errorf("it is not back after %s: %w", time.Since(began).Round(time.Second), err)
		}
		if _, isSaid := errors.AsType[refusal](err); !isSaid { // the edge cannot be reached
			sleep(ctx, min(time.Until(end), time.Second))
		}
	}
}

// sleep waits, unless ctx ends before.
func sleep(ctx context.Context, lasts time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(lasts):
	}
}

// giveBack ends the lease of an upstream whose command has not begun.
func (r *rollingRestart) giveBack(ctx context.Context, upstream string, err error) *restartFailure {
	var answer report.Drained
	if !isLost(err) {
		order := report.UndrainOrder{Upstream: upstream, Holder: r.holder}
		_ = r.edge.post(context.WithoutCancel(ctx), report.UndrainRoute, order, &answer) // else it ends by itself
	}
	return &restartFailure{upstream: upstream, err: err}
}

// leaveOut has an upstream that has failed stay out of rotation until an operator puts it back.
func (r *rollingRestart) leaveOut(ctx context.Context, upstream string, err error, lines []string) *restartFailure {
	var answer report.Drained
	failure := &restartFailure{upstream: upstream, err: err, lines: lines, isOut: true}
	order := report.DrainOrder{Upstream: upstream}
	if drainErr := r.edge.post(context.WithoutCancel(ctx), report.DrainRoute, order, &answer); drainErr != nil {
		failure.isOut = false
		failure.err = fmt.Errorf("%w; and it could not be kept out of rotation: %w", err, drainErr)
	}
	return failure
}

// say says what becomes of an upstream.
func (r *rollingRestart) say(upstream, text string) { r.out.line(upstream+": ", text) }

// hostAndPort are those of an upstream as status shows it; "" of a socket.
func hostAndPort(upstream string) (host, port string) {
	upstream, _, _ = strings.Cut(upstream, " ")
	if _, rest, isURL := strings.Cut(upstream, "://"); isURL {
		upstream = rest
	}
	host, port, _ = net.SplitHostPort(upstream)
	return host, port
}
