package deploy

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// QueueSettings say how many requests of a zone may wait for an upstream, and how long. The zero value lets none wait.
type QueueSettings struct {
	Size   int
	Within time.Duration
}

var (
	// ErrQueueFull says that as many requests wait as may.
	ErrQueueFull = errors.New("as many requests wait as queue allows")
	// ErrQueueLate says that a request has waited for as long as it may.
	ErrQueueLate = errors.New("the request has waited for as long as queue allows")
	// ErrDown says that no upstream of a zone answers.
	ErrDown = errors.New("no upstream of the zone answers")
	// ErrPaused says that an operator has the requests of a zone wait.
	ErrPaused = errors.New("the zone is paused")
)

// IsRefusal reports whether an error says that there was no upstream for a request in time.
func IsRefusal(err error) bool {
	return errors.Is(err, ErrBusy) || errors.Is(err, ErrDown) || errors.Is(err, ErrNoUpstream) || errors.Is(err, ErrPaused)
}

// queue is where requests of a zone wait for an upstream that takes them: first in, first out.
type queue struct {
	length atomic.Int64 // of waiting

	mu      sync.Mutex
	waiting list.List // of *waiter
	// An application that is back is not sent all of them at once: window is how many may be without an answer. Each
	// answer makes it one more. 0: any number, for nothing was down.
	window, unanswered int
	ended              bool
}

// firstWindow is how many requests an application that is back gets at first.
const firstWindow = 4

// waiter is a request that waits.
type waiter struct {
	rotation *Rotation
	belongs  Affinity
	given    chan Try // the zero value: the zone has ended
	place    *list.Element
}

// Waiting returns how many requests wait for an upstream.
func (r *Rotation) Waiting() int64 {
	if r == nil {
		return 0
	}
	return r.traffic.queue.length.Load()
}

// Await has a request wait for an upstream, until one takes it or the deadline is over. A pause of its zone, which has
// an end of its own, does not count. isFirst puts it before all others, for it has waited or been sent already. The
// errors are ErrQueueFull and ErrQueueLate, each with what it has waited for, and those of ctx.
func (r *Rotation) Await(ctx context.Context, deadline time.Time, belongs Affinity, isFirst bool) (Try, error) {
	q := &r.traffic.queue
	w := &waiter{rotation: r, belongs: belongs, given: make(chan Try, 1)}
	if !q.enter(w, r.waits.Size, isFirst) {
		return Try{}, fmt.Errorf("%w: %w", ErrQueueFull, r.lack())
	}
	q.poke(time.Now())
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	var err error
	for err == nil {
		select {
		case try := <-w.given:
			return r.orPick(try)
		case <-ctx.Done():
			err = ctx.Err()
		case now := <-timer.C:
			if after := r.afterPause(); now.Before(after) {
				timer.Reset(after.Sub(now))
			} else {
				err = fmt.Errorf("%w: %w", ErrQueueLate, r.lack())
			}
		}
	}
	if try, isGiven := q.leave(w); isGiven {
		if ctx.Err() == nil {
			return r.orPick(try)
		}
		try.Abandon()
	}
	return Try{}, err
}

// orPick returns the try that a request was given. Where it was given none, for the zone has ended, it chooses among
// what the zone had.
func (r *Rotation) orPick(try Try) (Try, error) {
	if try.Upstream != nil {
		return try, nil
	}
	return r.Pick(time.Now(), nil, Affinity{})
}

// afterPause is until when requests may wait that have waited for the end of a pause; zero: the zone is not paused.
func (r *Rotation) afterPause() time.Time {
	paused := r.Zone().Paused
	if paused == nil {
		return time.Time{}
	}
	return paused.Until.Add(r.waits.Within)
}

// lack says what requests wait for.
func (r *Rotation) lack() error {
	switch zone := r.Zone(); {
	case zone.Paused != nil:
		return ErrPaused
	case len(zone.groups) == 0:
		return ErrNoUpstream
	case zone.isDown || !r.IsLimited(): // or it is back, and has too many to answer
		return ErrDown
	}
	return ErrBusy
}

// enter has a request wait, unless as many do as may.
func (q *queue) enter(w *waiter, size int, isFirst bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waiting.Len() >= size {
		return false
	}
	if isFirst {
		w.place = q.waiting.PushFront(w)
	} else {
		w.place = q.waiting.PushBack(w)
	}
	q.length.Store(int64(q.waiting.Len()))
	if q.ended {
		q.give(w, Try{})
	}
	return true
}

// leave ends the waiting of a request. It may have been given something meanwhile.
func (q *queue) leave(w *waiter) (try Try, isGiven bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case try := <-w.given:
		return try, true
	default:
		q.remove(w)
		return Try{}, false
	}
}

// remove takes a request out of the queue. q.mu is held.
func (q *queue) remove(w *waiter) {
	q.waiting.Remove(w.place)
	q.length.Store(int64(q.waiting.Len()))
	if q.waiting.Len() == 0 {
		q.window = 0
	}
}

// give ends the waiting of a request. q.mu is held.
func (q *queue) give(w *waiter, try Try) {
	q.remove(w)
	w.given <- try // it has room for one
}

// poke gives those that wait the upstreams that there are for them now.
func (q *queue) poke(now time.Time) {
	if q.length.Load() == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.waiting.Len() > 0 && q.admit(q.waiting.Front().Value.(*waiter), now) {
	}
}

// admit gives a request an upstream, and reports whether there was one. q.mu is held.
func (q *queue) admit(w *waiter, now time.Time) bool {
	r := w.rotation
	zone := r.Zone()
	if zone.isDown || zone.Paused != nil {
		q.window = firstWindow
		return false
	}
	if q.window > 0 && q.unanswered >= q.window {
		return false
	}
	try, err := zone.pick(r.balance, r.traffic.turn.Add(1), now, nil, w.belongs)
	if err != nil {
		return false
	}
	q.unanswered++
	try.queue, try.isReleased = q, true
	q.give(w, try)
	return true
}

// settle notes that a request which has waited is answered, or has failed.
func (q *queue) settle(isAnswered bool, now time.Time) {
	q.mu.Lock()
	q.unanswered--
	if isAnswered && q.window > 0 {
		q.window++
	}
	q.mu.Unlock()
	q.poke(now)
}

// end has nobody wait any more.
func (q *queue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	for q.waiting.Len() > 0 {
		q.give(q.waiting.Front().Value.(*waiter), Try{})
	}
}
