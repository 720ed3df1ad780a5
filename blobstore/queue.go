package blobstore

import (
	"context"
	"sync"
)

// queueLength is how many changes wait for the tier behind at most, whatever their size.
const queueLength = 4096

// job is a change that the tier behind is to be told.
type job struct {
	key        Key // of what the verb is about
	verb       verb
	meta, body []byte // of put; a nil body is read from disk when it is due
	size       int64
}

// verb is what a job does.
type verb uint8

const (
	put verb = iota
	deleteKey
	deleteGroup // key is that of the whole group
	deleteSpace // key is that of the whole space
)

// subject is what a change is about: a key, a group, or a space.
type subject struct {
	key          Key
	group, space bool
}

func (j job) subject() subject {
	return subject{key: j.key, group: j.verb == deleteGroup, space: j.verb == deleteSpace}
}

// weight is what a job holds in memory, in bytes.
func (j job) weight() int64 { return int64(len(j.meta) + len(j.body)) }

// queue are the changes that wait for the tier behind, in their order.
type queue struct {
	mu    sync.Mutex
	bound int64 // of bytes
	bytes int64
	jobs  []job
	open  map[subject]int // how many changes are waiting or being told
	added chan struct{}
}

func newQueue(bound int64) queue {
	return queue{bound: bound, open: make(map[subject]int), added: make(chan struct{}, 1)}
}

// add appends a job, unless the queue is full.
func (q *queue) add(j job) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.jobs) >= queueLength || q.bytes+j.weight() > q.bound {
		return false
	}
	q.jobs = append(q.jobs, j)
	q.bytes += j.weight()
	q.count(j, 1)
	select {
	case q.added <- struct{}{}:
	default: // it knows
	}
	return true
}

// next takes the oldest job and waits for one if there is none. It is for one goroutine, which says done.
func (q *queue) next(ctx context.Context) (job, bool) {
	for ctx.Err() == nil {
		if j, ok := q.take(); ok {
			return j, true
		}
		select {
		case <-ctx.Done():
		case <-q.added:
		}
	}
	return job{}, false
}

func (q *queue) take() (job, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.jobs) == 0 {
		return job{}, false
	}
	j := q.jobs[0]
	q.jobs[0] = job{} // lets its body go
	q.jobs = q.jobs[1:]
	q.bytes -= j.weight()
	return j, true
}

// done says that the tier was told of a job, or will be by another one.
func (q *queue) done(j job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.count(j, -1)
}

func (q *queue) count(j job, by int) {
	of := j.subject()
	if q.open[of] += by; q.open[of] == 0 {
		delete(q.open, of)
	}
}

// concerns reports whether a change of the key, or of what it belongs to, is waiting or being told.
func (q *queue) concerns(key Key) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.open[subject{key: key}] > 0 || q.open[subject{key: key.ofGroup(), group: true}] > 0 ||
		q.open[subject{key: key.ofSpace(), space: true}] > 0
}

func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.jobs)
}
