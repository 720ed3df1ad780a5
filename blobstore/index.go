package blobstore

import (
	"math"
	"sync"
	"sync/atomic"

	"github.com/maypok86/otter/v2"
)

// block is the unit in which files count against the bound of the disk.
const block = 4096

// record is the index's knowledge of one file. A new file of the same key has a new record, so a record tells files
// apart.
type record struct {
	blocks   uint32
	verified atomic.Bool          // the body is known to be whole: this process wrote it, or has compared its checksum
	note     atomic.Pointer[Note] // nil: not made yet
}

// blocksOf is how many blocks a file of this size takes. An empty one counts too, otherwise it would never be evicted.
func blocksOf(size int64) uint32 {
	return uint32(min(max((size+block-1)/block, 1), math.MaxUint32)) //nolint:gosec // bounded
}

// fits reports whether a file of this size is within the bound by itself.
func (x *index) fits(size int64) bool { return int64(blocksOf(size)) <= x.bound.Load()/block }

// index knows the files on disk and decides which to evict. It notes what it evicts; whoever changes it removes those
// files.
type index struct {
	cache     *otter.Cache[id, *record]
	bound     atomic.Int64
	evictions atomic.Uint64
	mu        sync.Mutex
	evicted   []id // not yet looked at by nextEvicted
}

// newIndex makes an index of files that together take at most bound bytes.
func newIndex(bound int64) (*index, error) {
	x := &index{}
	x.bound.Store(bound)
	cache, err := otter.New(&otter.Options[id, *record]{
		MaximumWeight: maximumBlocks(bound),
		Weigher:       func(_ id, r *record) uint32 { return r.blocks },
		OnDeletion:    x.deleted,
		Executor:      callerRuns,
	})
	if err != nil {
		return nil, err
	}
	x.cache = cache
	return x, nil
}

// maximumBlocks is the bound as the policy counts it.
func maximumBlocks(bound int64) uint64 { return uint64(max(bound/block, 1)) } //nolint:gosec // positive

// setBound changes the bound. Whoever calls it removes what is evicted.
func (x *index) setBound(bound int64) {
	x.bound.Store(bound)
	x.cache.SetMaximum(maximumBlocks(bound))
}

// deleted runs under the locks of the policy, so it only notes.
func (x *index) deleted(event otter.DeletionEvent[id, *record]) {
	if !event.WasEvicted() {
		return
	}
	x.evictions.Add(1)
	x.mu.Lock()
	x.evicted = append(x.evicted, event.Key)
	x.mu.Unlock()
}

// nextEvicted takes one of the evicted entries. It may have been put again since.
func (x *index) nextEvicted() (i id, ok bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.evicted) == 0 {
		x.evicted = nil // gives the room of a large pass back
		return id{}, false
	}
	last := len(x.evicted) - 1
	i = x.evicted[last]
	x.evicted = x.evicted[:last]
	return i, true
}

// use finds a record and counts as a hit for the policy.
func (x *index) use(i id) (*record, bool) { return x.cache.GetIfPresent(i) }

// peek finds a record without counting as a hit.
func (x *index) peek(i id) *record {
	found, _ := x.cache.GetEntryQuietly(i)
	return found.Value
}

// set notes a file. The caller holds the lock of the key.
func (x *index) set(i id, r *record) { x.cache.Set(i, r) }

// forget forgets a file. The caller holds the lock of the key.
func (x *index) forget(i id) { x.cache.Invalidate(i) }

// forgetSpace forgets the files of a space. The caller holds all locks.
func (x *index) forgetSpace(space hash) {
	for i := range x.cache.Keys() {
		if i.space == space {
			x.cache.Invalidate(i)
		}
	}
}

// ofGroup lists the files of a group. It looks at every file that there is.
func (x *index) ofGroup(g groupID) (ids []id) {
	for i := range x.cache.Keys() {
		if i.groupID == g {
			ids = append(ids, i)
		}
	}
	return ids
}

// settle makes the policy evict what it has to.
func (x *index) settle() { x.cache.CleanUp() }

// bytes is what the files take, in bytes.
func (x *index) bytes() int64 { return int64(x.cache.WeightedSize()) * block } //nolint:gosec // at most the bound
