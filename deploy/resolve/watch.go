package resolve

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// kickPause is what lies at least between an answer and the question that a kick asks for: a hundred requests that are
// refused in a row are no reason to ask a hundred times.
const kickPause = 200 * time.Millisecond

// watch is Watch over any way to ask.
func watch(ctx context.Context, refresh time.Duration, kick <-chan struct{},
	ask func(context.Context) (answer, error), found func([]Target), failed func(error),
) {
	var last []Target
	known := false
	for ctx.Err() == nil {
		now, err := ask(ctx)
		if ctx.Err() != nil {
			return
		}
		targets := now.targets
		if now.missing != nil {
			failed(now.missing)
		}
		if err == nil && len(targets) > MaxTargets {
			failed(fmt.Errorf("the answer has %d targets, of which the first %d are used", len(targets), MaxTargets))
			targets = slices.Clone(targets[:MaxTargets])
		}
		switch {
		case err != nil:
			failed(err)
		case !known || !slices.Equal(last, targets):
			known, last = true, targets
			found(targets)
		}
		pause(ctx, refresh, kick)
	}
}

// pause waits until the next question is due.
func pause(ctx context.Context, refresh time.Duration, kick <-chan struct{}) {
	due, soonest := time.NewTimer(refresh), time.NewTimer(min(kickPause, refresh))
	defer due.Stop()
	defer soonest.Stop()
	select {
	case <-ctx.Done():
		return
	case <-due.C:
		return
	case <-kick:
	}
	select {
	case <-ctx.Done():
	case <-soonest.C:
	}
	// The question that comes now answers the kick that came meanwhile.
	select {
	case <-kick:
	default:
	}
}
