// Package flight lets all who want one thing at one time share one making of it. What nobody waits for any more is
// cancelled, which golang.org/x/sync/singleflight does not do.
package flight

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// Group has what is being made, one flight for each key. A flight either makes a value in the background (Join,
// Start), or it is the work of a leader, which leaves what it makes elsewhere (Lead). The zero value is ready for use
// and safe for concurrent use.
type Group[K comparable, V any] struct {
	// Timeout bounds each making in the background; 0: it lasts as long as somebody waits.
	Timeout time.Duration
	// Holds says that a value is also handed to those who come while others use it. Such a group has no Start: who
	// starts one never leaves, so its value would be held for ever.
	Holds bool

	mu     sync.Mutex
	flying map[K]*Flight[K, V]
	// aside are those that nobody joins any more.
	aside map[*Flight[K, V]]struct{}
	work  sync.WaitGroup
	// closed is why nothing is made in the background any more.
	closed error
}

// Flight is what is being made under a key.
type Flight[K comparable, V any] struct {
	group *Group[K, V]
	key   K
	value V
	err   error

	// Under the lock of the group.
	users  int                     // who wait for the value, or use it
	landed chan struct{}           // closed when value and err are there; nil: nobody has waited yet
	cancel context.CancelCauseFunc // of a making in the background
}

// PanicError is the error of a making that panicked.
type PanicError struct {
	Value any
	Stack []byte
}

// Error implements error.
func (p *PanicError) Error() string { return fmt.Sprintf("panicked: %v", p.Value) }

// Join waits for the value of a key. The first one to come has it made by do, in the background; when the last one has
// left, the context of that ends. The error is ctx's, that of do, a *PanicError, or what Close was told. Who uses the
// value leaves by leave, which is never nil.
func (g *Group[K, V]) Join(
	ctx context.Context, key K, do func(context.Context) (V, error),
) (value V, leave func(), err error) {
	f, err := g.enter(key, do)
	if err != nil {
		return value, func() {}, err
	}
	select {
	case <-f.landed:
		return f.value, f.leave, f.err
	case <-ctx.Done():
		return value, f.leave, ctx.Err()
	}
}

func (g *Group[K, V]) enter(key K, do func(context.Context) (V, error)) (*Flight[K, V], error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f := g.flying[key]
	switch {
	case f == nil && g.closed != nil:
		return nil, g.closed
	case f == nil:
		f = g.begin(key, do)
	}
	f.users++
	f.ensureLanded()
	return f, nil
}

// Start has the value of a key made in the background, unless there is a flight already, or the group is closed: begun
// is false then, and do is not called. It is made whether somebody waits or not.
func (g *Group[K, V]) Start(key K, do func(context.Context) (V, error)) (begun bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.flying[key] != nil || g.closed != nil {
		return false
	}
	g.begin(key, do).users++ // who began it never leaves
	return true
}

// Lead makes the caller the leader of a key, whose work is over with End. If there is a flight already, leader is nil,
// and Lead has waited for that to land: landed is false if it did not within patience, or before ctx ended.
func (g *Group[K, V]) Lead(ctx context.Context, key K, patience time.Duration) (leader *Flight[K, V], landed bool) {
	g.mu.Lock()
	f := g.flying[key]
	if f == nil {
		defer g.mu.Unlock()
		return g.add(key), false
	}
	f.ensureLanded()
	g.mu.Unlock()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-f.landed:
		return nil, true
	case <-timer.C:
	case <-ctx.Done():
	}
	return nil, false
}

// End lets those go on who have waited for a leader.
func (f *Flight[K, V]) End() { f.land(false) }

// SetAside lets nobody join some flights any more: who comes now begins anew. Who waits already gets what they bring.
func (g *Group[K, V]) SetAside(of func(K) bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for key, f := range g.flying {
		if !of(key) {
			continue
		}
		delete(g.flying, key)
		if g.aside == nil {
			g.aside = map[*Flight[K, V]]struct{}{}
		}
		g.aside[f] = struct{}{}
	}
}

// Close cancels what is made in the background and waits for its end. The cause is that of its contexts, and what Join
// says from then on. Leaders are not cancelled.
func (g *Group[K, V]) Close(cause error) {
	g.mu.Lock()
	g.closed = cause
	for _, f := range g.flying {
		f.cancel(cause)
	}
	for f := range g.aside {
		f.cancel(cause)
	}
	g.mu.Unlock()
	g.Wait()
}

// Wait waits until nothing is made in the background.
func (g *Group[K, V]) Wait() { g.work.Wait() }

// begin has a value made in the background. The caller holds the lock.
func (g *Group[K, V]) begin(key K, do func(context.Context) (V, error)) *Flight[K, V] {
	ctx, cancel := context.WithCancelCause(context.Background())
	f := g.add(key)
	f.cancel = cancel
	g.work.Go(func() {
		defer cancel(nil)
		f.value, f.err = g.run(ctx, do)
		f.land(g.Holds && f.err == nil)
	})
	return f
}

// run makes a panic an error: outside net/http, which takes care of those of its handlers, it would end the process.
func (g *Group[K, V]) run(ctx context.Context, do func(context.Context) (V, error)) (value V, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = &PanicError{panicked, debug.Stack()}
		}
	}()
	if g.Timeout > 0 {
		bounded, stop := context.WithTimeout(ctx, g.Timeout)
		defer stop()
		ctx = bounded
	}
	return do(ctx)
}

// add begins a flight. The caller holds the lock.
func (g *Group[K, V]) add(key K) *Flight[K, V] {
	f := &Flight[K, V]{group: g, key: key, cancel: cancelNothing}
	if g.flying == nil {
		g.flying = map[K]*Flight[K, V]{}
	}
	g.flying[key] = f
	return f
}

// cancelNothing is the cancel of a leader's flight.
func cancelNothing(error) {}

// ensureLanded makes the channel that somebody is about to wait for. The caller holds the lock.
func (f *Flight[K, V]) ensureLanded() {
	if f.landed == nil {
		f.landed = make(chan struct{})
	}
}

// land hands over what was made. stays says that others may still come for it.
func (f *Flight[K, V]) land(stays bool) {
	f.group.mu.Lock()
	defer f.group.mu.Unlock()
	if !stays {
		f.forget()
	}
	if f.landed != nil {
		close(f.landed)
	}
}

// leave ends the use of a value, or the wait for it.
func (f *Flight[K, V]) leave() {
	f.group.mu.Lock()
	defer f.group.mu.Unlock()
	if f.users--; f.users == 0 {
		f.cancel(nil)
		f.forget() // who comes now begins anew
	}
}

// forget takes a flight off the lists. The caller holds the lock.
func (f *Flight[K, V]) forget() {
	if f.group.flying[f.key] == f {
		delete(f.group.flying, f.key)
	}
	delete(f.group.aside, f)
}
