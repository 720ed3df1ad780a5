package blobstore

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Tier is a store that several edges share, behind those of each. Its methods heed ctx. What it returns belongs to the
// caller; what it is given it must not modify.
type Tier interface {
	// Get finds an entry. The error says that the tier cannot tell.
	Get(ctx context.Context, key Key) (meta, body []byte, ok bool, err error)
	// Put stores an entry in place of what the key had.
	Put(ctx context.Context, key Key, meta, body []byte) error
	// Delete removes an entry, if there is one.
	Delete(ctx context.Context, key Key) error
	// DeleteGroup removes all entries of a group of a space. The group "" is one like any other.
	DeleteGroup(ctx context.Context, space, group string) error
	// DeleteSpace removes all entries of a space.
	DeleteSpace(ctx context.Context, space string) error
}

// behind speaks with the tier behind. Reads wait for it for a bounded time, and while it fails only one of them at a
// time does; changes are told by one goroutine, in their order. A nil one has nothing.
type behind struct {
	tier         Tier
	wait, retry  time.Duration
	largest      int64
	load         func(context.Context, Key) (meta, body []byte, ok bool) // an entry on disk
	queue        queue
	outage       outage
	probe        sync.Mutex // held by the one read that asks a failing tier
	hits, failed atomic.Uint64
	dropped      atomic.Uint64
}

func newBehind(settings Settings, load func(context.Context, Key) (meta, body []byte, ok bool)) *behind {
	return &behind{
		tier: settings.Behind, wait: settings.BehindWait, retry: settings.retry, largest: settings.BehindLargest,
		load:   load,
		queue:  newQueue(settings.BehindQueue),
		outage: outage{logger: settings.Logger, message: "the shared store does not answer: its entries are missed"},
	}
}

// takes reports whether a body of this size is told to the tier.
func (b *behind) takes(size int64) bool { return b != nil && size <= b.largest }

// ask asks the tier. A tier that was not yet told of a change of the key is not asked: what it has is outdated.
func (b *behind) ask(ctx context.Context, key Key) (meta, body []byte, ok bool) {
	if b.queue.concerns(key) {
		return nil, nil, false
	}
	if b.outage.failing.Load() {
		if !b.probe.TryLock() {
			return nil, nil, false
		}
		defer b.probe.Unlock()
	}
	err := b.call(ctx, func(ctx context.Context) (err error) {
		meta, body, ok, err = b.tier.Get(ctx, key)
		return err
	})
	if err != nil || !ok {
		return nil, nil, false
	}
	b.hits.Add(1)
	return meta, body, true
}

// call calls the tier with a bound of time, and notes how it went. A caller that has gone says nothing of the tier.
func (b *behind) call(ctx context.Context, do func(context.Context) error) error {
	bounded, stop := context.WithTimeout(ctx, b.wait)
	defer stop()
	err := do(bounded)
	switch {
	case err == nil:
		b.outage.worked()
	case ctx.Err() == nil:
		b.failed.Add(1)
		b.outage.failed(err)
	}
	return err
}

// tell notes a change for the tier. It does not wait.
func (b *behind) tell(j job) {
	if b == nil {
		return
	}
	if j.verb != put { // its key is the caller's
		j.key = ownKey(j.key)
	}
	if j.verb == put && !b.takes(j.size) || !b.queue.add(j) {
		b.dropped.Add(1)
		if j.verb == put { // the tier must not keep what the key had before
			b.tell(job{key: j.key, verb: deleteKey})
		}
	}
}

// work tells the tier of changes until ctx ends. What it fails to delete is tried again; a Put that fails becomes a
// Delete.
func (b *behind) work(ctx context.Context) {
	for {
		j, ok := b.queue.next(ctx)
		if !ok {
			return
		}
		err := b.call(ctx, func(ctx context.Context) error { return b.do(ctx, j) })
		if err != nil {
			b.tell(job{key: j.key, verb: max(j.verb, deleteKey)})
		}
		b.queue.done(j)
		if err != nil && !pause(ctx, b.retry) {
			return
		}
	}
}

// do tells the tier of one change.
func (b *behind) do(ctx context.Context, j job) error {
	switch j.verb {
	case deleteSpace:
		return b.tier.DeleteSpace(ctx, j.key.Space)
	case deleteGroup:
		return b.tier.DeleteGroup(ctx, j.key.Space, j.key.Group)
	case deleteKey:
		return b.tier.Delete(ctx, j.key)
	}
	if j.body == nil {
		var ok bool
		if j.meta, j.body, ok = b.load(ctx, j.key); !ok {
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("reading an entry for the shared store: %w", err)
			}
			return b.tier.Delete(ctx, j.key) // evicted or deleted by now
		}
	}
	return b.tier.Put(ctx, j.key, j.meta, j.body)
}

// pause waits, and reports false when ctx has ended.
func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func (b *behind) stats() BehindStats {
	if b == nil {
		return BehindStats{}
	}
	return BehindStats{
		Hits: b.hits.Load(), Failed: b.failed.Load(), Queued: b.queue.length(), Dropped: b.dropped.Load(),
	}
}
