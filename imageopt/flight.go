package imageopt

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
)

// makeTime bounds the making of one picture: every redirect of its source, its wait in the queue, and itself.
const makeTime = time.Minute

// flights let all who want one thing wait for one making of it.
type flights[V any] struct {
	// held says that what was made is handed to those who come while others use it.
	held bool

	mu   sync.Mutex
	list map[blobstore.Key]*flight[V]
	// aside are those that nobody joins any more.
	aside map[*flight[V]]struct{}
	work  sync.WaitGroup
	// closed: nothing is made any more.
	closed bool
}

// flight is what is being made. It goes on while somebody waits for it.
type flight[V any] struct {
	landed chan struct{} // closed when value and err are there
	value  V
	err    error

	waiting int // under the lock of flights
	cancel  context.CancelFunc
}

// join waits for what a key names. The first one to come starts its making; when the last one has left, the context of
// that ends. The error is ctx's or that of the making. Who uses it leaves by release, which is never nil.
func (f *flights[V]) join(ctx context.Context, key blobstore.Key, do func(context.Context) (V, error)) (value V, release func(), err error) {
	found := f.enter(key, do, true) //nolint:contextcheck // the making outlives who began it
	if found == nil {
		return value, func() {}, ErrClosed
	}
	release = func() { f.leave(key, found) }
	select {
	case <-found.landed:
		return found.value, release, found.err
	case <-ctx.Done():
		return value, release, ctx.Err()
	}
}

// start makes what a key names in the background, unless that is being done already. Whoever waits for nothing does not
// leave either: it is not cancelled.
func (f *flights[V]) start(key blobstore.Key, do func(context.Context) (V, error)) {
	f.enter(key, do, false)
}

// enter returns the flight of a key, begun now if there is none, with one more who waits for it if wait says so. Nil:
// nothing is made any more.
func (f *flights[V]) enter(key blobstore.Key, do func(context.Context) (V, error), wait bool) *flight[V] {
	f.mu.Lock()
	defer f.mu.Unlock()
	if found := f.list[key]; found != nil {
		if wait {
			found.waiting++
		}
		return found
	}
	if f.closed {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), makeTime)
	found := &flight[V]{landed: make(chan struct{}), waiting: 1, cancel: cancel}
	if f.list == nil {
		f.list = map[blobstore.Key]*flight[V]{}
	}
	f.list[key] = found
	f.work.Go(func() {
		defer cancel()
		found.value, found.err = safely(ctx, do)
		f.mu.Lock()
		if !f.held || found.err != nil {
			f.forget(key, found)
		}
		f.mu.Unlock()
		close(found.landed)
	})
	return found
}

// safely makes a panic an error: outside net/http, which takes care of those of its handlers, it would end the process.
func safely[V any](ctx context.Context, do func(context.Context) (V, error)) (made V, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("making a picture: %w", &handlerPanic{value: value, stack: debug.Stack()})
		}
	}()
	return do(ctx)
}

func (f *flights[V]) leave(key blobstore.Key, left *flight[V]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if left.waiting--; left.waiting == 0 {
		left.cancel()
		f.forget(key, left) // who comes now begins anew
	}
}

// forget takes a flight off the lists. The caller holds the lock.
func (f *flights[V]) forget(key blobstore.Key, gone *flight[V]) {
	if f.list[key] == gone {
		delete(f.list, key)
	}
	delete(f.aside, gone)
}

// setAside lets nobody join some flights any more: who comes now begins anew. Who waits already gets what they bring.
func (f *flights[V]) setAside(of func(blobstore.Key) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for key, flying := range f.list {
		if !of(key) {
			continue
		}
		delete(f.list, key)
		if f.aside == nil {
			f.aside = make(map[*flight[V]]struct{})
		}
		f.aside[flying] = struct{}{}
	}
}

// close cancels what is being made and waits for it.
func (f *flights[V]) close() {
	f.mu.Lock()
	f.closed = true
	for _, flying := range f.list {
		flying.cancel()
	}
	for flying := range f.aside {
		flying.cancel()
	}
	f.mu.Unlock()
	f.work.Wait()
}
