package blobstore

import (
	"context"
	"sync"
)

// queueLength is how many changes wait for the tier behind at most, whatever their size.
const queueLength = 4096

// job is a change that the tier behind is to be told.
type job struct {
	key           Key
	meta, body    []byte // a nil body is read from disk when it is due
	size          int64
	delete, space bool // delete the key, or with space all of its space
}

// weight is what a job holds in memory, in bytes.
func (j job) weight() int64 { return int64(len(j.meta) + len(j.body)) }

// queue are the changes that wait for the tier behind, in their order.
type queue struct {
	mu     sync.Mutex
	bound  int64 // of bytes
	bytes  int64
	jobs   []job
	keys   map[Key]int    // how many changes of a key are waiting or being told
	spaces map[string]int // how many deletions of a space are
	added  chan struct{}
}

func newQueue(bound int64) queue {
	return queue{bound: bound, keys: make(map[Key]int), spaces: make(map[string]int), added: make(chan struct{}, 1)}
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
	if j.space {
		if q.spaces[j.key.Space] += by; q.spaces[j.key.Space] == 0 {
			delete(q.spaces, j.key.Space)
		}
		return
	}
	if q.keys[j.key] += by; q.keys[j.key] == 0 {
		delete(q.keys, j.key)
	}
}

// concerns reports whether a change of the key is waiting or being told.
func (q *queue) concerns(key Key) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.keys[key] > 0 || q.spaces[key.Space] > 0
}

func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.jobs)
}
