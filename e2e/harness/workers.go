//go:build e2e

package harness

import (
	"context"
	"sync"
)

// Workers do something over and over, side by side, until they are stopped.
type Workers struct {
	ctx    context.Context
	cancel context.CancelFunc
	group  sync.WaitGroup
}

// NewWorkers returns workers that have nothing to do yet.
func NewWorkers() *Workers {
	w := new(Workers)
	w.ctx, w.cancel = context.WithCancel(context.Background())
	return w
}

// Repeat has one more worker do something. Its rounds count from 0.
func (w *Workers) Repeat(what func(round int)) {
	w.group.Go(func() {
		for round := 0; w.GoOn(); round++ {
			what(round)
		}
	})
}

// GoOn reports whether nobody has stopped them. A round that takes long looks at it, too.
func (w *Workers) GoOn() bool { return w.ctx.Err() == nil }

// Context ends when they are stopped.
func (w *Workers) Context() context.Context { return w.ctx }

// Stop waits for the rounds that have begun. It may be called more than once.
func (w *Workers) Stop() {
	w.cancel()
	w.group.Wait()
}
