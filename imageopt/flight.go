package imageopt

import (
	"context"
	"sync"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
)

// makeTime bounds the making of one picture: every redirect of its source, its wait in the queue, and itself.
const makeTime = time.Minute

// flights let all who want one picture wait for one making of it.
type flights struct {
	mu   sync.Mutex
	list map[blobstore.Key]*flight
	work sync.WaitGroup
	// closed: nothing is made any more.
	closed bool
}

// flight is a picture that is being made. It goes on while somebody waits for it.
type flight struct {
	landed  chan struct{} // closed when picture and err are there
	picture *picture
	err     error

	waiting int // under the lock of flights
	cancel  context.CancelFunc
}

// join waits for the picture of a key. The first one to come starts its making; when the last one has left, the context of that ends.
// The error is ctx's or that of the making.
func (f *flights) join(ctx context.Context, key blobstore.Key, do func(context.Context) (*picture, error)) (*picture, error) {
	found := f.enter(key, do, true)
	if found == nil {
		return nil, ErrClosed
	}
	defer f.leave(key, found)
	select {
	case <-found.landed:
		return found.picture, found.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// start makes the picture of a key in the background, unless that is being done already. Whoever waits for nothing does not leave either: it
// is not cancelled.
func (f *flights) start(key blobstore.Key, do func(context.Context) (*picture, error)) {
	f.enter(key, do, false)
}

// enter returns the flight of a key, begun now if there is none, with one more who waits for it if wait says so. Nil: nothing is made any more.
func (f *flights) enter(key blobstore.Key, do func(context.Context) (*picture, error), wait bool) *flight {
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
	found := &flight{landed: make(chan struct{}), waiting: 1, cancel: cancel}
	if f.list == nil {
		f.list = map[blobstore.Key]*flight{}
	}
	f.list[key] = found
	f.work.Go(func() {
		defer cancel()
		found.picture, found.err = do(ctx)
		f.mu.Lock()
		f.forget(key, found)
		f.mu.Unlock()
		close(found.landed)
	})
	return found
}

func (f *flights) leave(key blobstore.Key, left *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if left.waiting--; left.waiting == 0 {
		left.cancel()
		f.forget(key, left) // who comes now begins anew
	}
}

// forget takes a flight off the list. The caller holds the lock.
func (f *flights) forget(key blobstore.Key, gone *flight) {
	if f.list[key] == gone {
		delete(f.list, key)
	}
}

// close cancels what is being made and waits for it.
func (f *flights) close() {
	f.mu.Lock()
	f.closed = true
	for _, flying := range f.list {
		flying.cancel()
	}
	f.mu.Unlock()
	f.work.Wait()
}
