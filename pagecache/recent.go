package pagecache

import (
	"hash/maphash"
	"sync"
	"time"
	"unsafe"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

const (
	// uncacheableTime is how long it is remembered that an answer was not kept: who asks for it does not wait for
	// another one's head, which would be in vain.
	uncacheableTime = 30 * time.Second
	// refreshFailureTime is how long it is remembered that a page could not be fetched in the background.
	refreshFailureTime = time.Second
	// originFailureTime is how long it is remembered that a page could not be fetched for a client. What may be served
	// on failure is served at once meanwhile, and fetched in the background.
	originFailureTime = 30 * time.Second
	// recentSize is what a key counts: an element of a map that is between half and entirely full.
	recentSize = 2 * int64(unsafe.Sizeof(uint64(0))+unsafe.Sizeof(recent{}))
	// maxRecent bounds the bytes of the keys of which each of these is remembered.
	maxRecent = 1 << 20
)

// recentKeys are keys that something happened to of late. A key is remembered by a hash: as large as any other, and
// nothing of a client's request stays with it. Two with one hash are taken for one, which costs a request or a wait at
// worst.
type recentKeys struct {
	duration time.Duration
	seed     maphash.Seed

	mu sync.Mutex
	// What comes goes into now, until that has half of the bound; then it becomes before, and what was there is
	// forgotten.
	now, before map[uint64]recent
	dropped     uint64 // that were forgotten before their time, for want of room
}

// recent is something that has happened.
type recent struct {
	until  int64 // when it is forgotten, in nanoseconds since 1970
	reason policy.Reason
	status int // of the answer, 0: there is none, or nobody asks
}

func (k *recentKeys) has(key blobstore.Key, now time.Time) bool { return k.last(key, now).reason != "" }

// last is what has happened; the zero value if nothing has.
func (k *recentKeys) last(key blobstore.Key, now time.Time) recent {
	id := maphash.Comparable(k.seed, key)
	k.mu.Lock()
	defer k.mu.Unlock()
	last, ok := k.now[id]
	if !ok {
		last, ok = k.before[id]
	}
	if ok && now.UnixNano() < last.until {
		return last
	}
	return recent{}
}

// add notes that something has happened. status is that of the answer that it is about, 0 if there is none.
func (k *recentKeys) add(key blobstore.Key, now time.Time, reason policy.Reason, status int) {
	k.put(key, now, recent{now.Add(k.duration).UnixNano(), reason, status})
}

func (k *recentKeys) put(key blobstore.Key, now time.Time, happened recent) {
	id := maphash.Comparable(k.seed, key)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.now == nil {
		k.now = map[uint64]recent{}
	}
	k.now[id] = happened
	if int64(len(k.now))*recentSize < maxRecent/2 {
		return
	}
	for _, last := range k.before {
		if now.UnixNano() < last.until {
			k.dropped++
		}
	}
	k.before, k.now = k.now, nil
}

func (k *recentKeys) remove(key blobstore.Key) {
	id := maphash.Comparable(k.seed, key)
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.now, id)
	delete(k.before, id)
}

// size is how many bytes are remembered, and how many keys were forgotten before their time.
func (k *recentKeys) size() (bytes int64, dropped uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return int64(len(k.now)+len(k.before)) * recentSize, k.dropped
}
