package imageopt

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/internal/vips"
)

// ErrBusy says that a transform was not begun: too many wait already, or it has waited for too long. Try again later.
var ErrBusy = errors.New("too many pictures are waiting to be transformed")

// errWaited is why a wait ends that has lasted as long as it may.
var errWaited = errors.New("waited for too long")

// queue lets jobs of different weights run at once as far as they fit, in the order of their coming, those behind after
// all others.
type queue struct {
	mu         sync.Mutex
	slots      int // weight that may run
	maxWaiting int // jobs that may wait
	maxWait    time.Duration
	running    int       // weight that runs
	waiting    list.List // of *waiter
}

type waiter struct {
	weight int
	behind bool // others go first
	begun  chan struct{}
}

func newQueue(slots, longest int, patient time.Duration) *queue {
	return &queue{slots: slots, maxWaiting: longest, maxWait: patient}
}

// resize changes the limits for those who come from now on, and starts those who fit now.
func (q *queue) resize(slots, longest int, patient time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.slots, q.maxWaiting, q.maxWait = slots, longest, patient
	q.start()
}

// enter waits until a job of a weight may run, and returns how to leave. A weight above all slots counts as all. The
// error is ErrBusy, or the context's.
func (q *queue) enter(ctx context.Context, weight int) (leave func(), err error) {
	return q.enterAs(ctx, waiter{weight: weight})
}

func (q *queue) enterAs(ctx context.Context, job waiter) (leave func(), err error) {
	weight := job.weight
	q.mu.Lock()
	if first := q.waiting.Front(); (first == nil || job.before(first)) && q.fits(weight) {
		w := q.taken(weight)
		q.mu.Unlock()
		return func() { q.leave(w) }, nil
	}
	if q.waiting.Len() >= q.maxWaiting {
		q.mu.Unlock()
		return nil, ErrBusy
	}
	w := &waiter{weight, job.behind, make(chan struct{})}
	place := q.line(w)
	patient := q.maxWait
	q.mu.Unlock()

	wait, cancel := context.WithTimeoutCause(ctx, patient, errWaited)
	defer cancel()
	select {
	case <-w.begun:
		return func() { q.leave(w.weight) }, nil
	case <-wait.Done():
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case <-w.begun: // at the same moment
		q.running -= w.weight
	default:
		q.waiting.Remove(place)
	}
	q.start() // the one who gave up may have been in the way
	if errors.Is(context.Cause(wait), errWaited) {
		return nil, ErrBusy
	}
	return nil, ctx.Err()
}

// before says whether a job goes first, though it comes after one that waits.
func (w *waiter) before(place *list.Element) bool { return !w.behind && place.Value.(*waiter).behind }

// line lets a job wait after those of its kind.
func (q *queue) line(w *waiter) *list.Element {
	place := q.waiting.PushBack(w)
	for prev := place.Prev(); prev != nil && w.before(prev); prev = place.Prev() {
		q.waiting.MoveBefore(place, prev)
	}
	return place
}

// fits says whether a weight may run beside what runs.
func (q *queue) fits(weight int) bool { return q.running+min(weight, q.slots) <= q.slots }

// taken takes the slots of a job and returns how many they are.
func (q *queue) taken(weight int) int {
	weight = min(weight, q.slots)
	q.running += weight
	return weight
}

// start lets those begin who fit, the first first.
func (q *queue) start() {
	for first := q.waiting.Front(); first != nil; first = q.waiting.Front() {
		w := first.Value.(*waiter)
		if !q.fits(w.weight) {
			return
		}
		q.waiting.Remove(first)
		w.weight = q.taken(w.weight)
		close(w.begun)
	}
}

func (q *queue) leave(weight int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.running -= weight
	q.start()
}

// load is the weight that runs and the number of jobs that wait.
func (q *queue) load() (running, waiting int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.running, q.waiting.Len()
}

// half is half of the slots, at least one.
func (q *queue) half() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return max(1, q.slots/2)
}

// crowded says whether more than half of those wait who may.
func (q *queue) crowded() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting.Len() > q.maxWaiting/2
}

const (
	// avifThreads is how many threads the AV1 encoder of libheif takes, whatever it is told; in small pictures they
	// find nothing to do.
	avifThreads = 4
	// wideAVIF is the width in pixels from which they do: measured, the threads had equal shares of the work at 640,
	// none at 256.
	wideAVIF = 512
	// hugeSource is the number of pixels from which a source is transformed alone: decoders of progressive JPEG, WebP
	// and AVIF hold the whole picture, 3 to 4 bytes for each pixel.
	hugeSource = 64 << 20
)

// weightOf is how many slots a job takes.
func weightOf(job Job) int {
	if job.Output == vips.AVIF && job.Width >= wideAVIF {
		return avifThreads
	}
	return 1
}
