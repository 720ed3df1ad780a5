package blobstore

import (
	"math"
	"sync/atomic"

	"github.com/maypok86/otter/v2"
	"github.com/maypok86/otter/v2/stats"
)

// Sizes of what is kept in memory.
const (
	// smallBody is the largest body that is kept in memory although it is on disk. Larger ones go by sendfile, which
	// beats memory.
	smallBody = 64 << 10
	// entryOverhead is what an entry costs beside its bytes: itself, its node in the policy, its place in the table.
	// Without it many empty bodies would have no bound.
	entryOverhead = 256
)

// memory is the upper tier. One with the bound 0 holds nothing.
type memory struct {
	cache   *otter.Cache[Key, *Entry]
	counter *stats.Counter
	bound   atomic.Int64
}

func newMemory(bound int64) (*memory, error) {
	m := &memory{counter: stats.NewCounter()}
	m.bound.Store(max(bound, 0))
	cache, err := otter.New(&otter.Options[Key, *Entry]{
		MaximumWeight: maximumWeight(bound),
		Weigher:       func(key Key, e *Entry) uint32 { return uint32(memoryWeight(key, e)) }, //nolint:gosec // see largestInMemory
		StatsRecorder: m.counter,
		Executor:      callerRuns,
	})
	if err != nil {
		return nil, err
	}
	m.cache = cache
	return m, nil
}

// maximumWeight is the bound as the policy counts it; 0 would be none.
func maximumWeight(bound int64) uint64 { return uint64(max(bound, 1)) } //nolint:gosec // positive

// setBound changes the bound, and evicts what is too much.
func (m *memory) setBound(bound int64) {
	m.bound.Store(max(bound, 0))
	m.cache.SetMaximum(maximumWeight(bound))
	m.cache.CleanUp()
}

// callerRuns makes otter do its maintenance on the goroutine that calls it.
func callerRuns(task func()) { task() }

// memoryWeight is what an entry counts against the bound of memory, in bytes: its meta twice, for what is attached to
// it.
func memoryWeight(key Key, e *Entry) int64 {
	return entryOverhead + int64(len(key.Space)) + int64(len(key.Group)) + int64(len(key.Name)) + 2*int64(len(e.meta)) + int64(len(e.body))
}

// largestInMemory is the largest body that a memory of this bound keeps. Where there is no disk, memory is all there
// is.
func largestInMemory(bound int64, onDisk bool) int64 {
	largest := min(int64(smallBody), bound)
	if !onDisk {
		largest = max(largest, bound/8)
	}
	return min(largest, math.MaxUint32-entryOverhead-largestText)
}

// largest is the largest body that is kept.
func (m *memory) largest(onDisk bool) int64 {
	bound := m.bound.Load()
	if bound == 0 {
		return -1
	}
	return largestInMemory(bound, onDisk)
}

func (m *memory) get(key Key) (*Entry, bool) {
	return m.cache.GetIfPresent(key)
}

// set keeps an entry, as the policy admits. The caller holds the lock of the key.
func (m *memory) set(key Key, e *Entry) {
	if memoryWeight(key, e) <= m.bound.Load() {
		m.cache.Set(key, e)
	} else {
		m.remove(key)
	}
}

// remove forgets an entry. The caller holds the lock of the key.
func (m *memory) remove(key Key) {
	m.cache.Invalidate(key)
}

// removeSpace forgets the entries of a space. The caller holds all locks.
func (m *memory) removeSpace(space string) {
	_ = m.removeAll(func(key Key) bool { return key.Space == space })
}

// removeGroup forgets the entries of a group, and returns how many there were. The caller holds the lock of the group.
func (m *memory) removeGroup(space, group string) int {
	return m.removeAll(func(key Key) bool { return key.Group == group && key.Space == space })
}

func (m *memory) removeAll(of func(Key) bool) (removed int) {
	for key := range m.cache.Keys() {
		if of(key) {
			m.cache.Invalidate(key)
			removed++
		}
	}
	return removed
}

// clear forgets everything.
func (m *memory) clear() {
	m.cache.InvalidateAll()
}

func (m *memory) stats() TierStats {
	counted := m.counter.Snapshot()
	return TierStats{
		Entries: m.cache.EstimatedSize(), Bytes: int64(m.cache.WeightedSize()), Bound: m.bound.Load(), //nolint:gosec // at most the bound
		Hits: counted.Hits, Evictions: counted.Evictions,
	}
}
