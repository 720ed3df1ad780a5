package blobstore

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestScansDoNotPushOutWhatIsHot lets one-off keys of ten times the size of the store pass by, while a hot part of it
// is asked for now and then. In between two turns of the hot keys pass more one-off keys than the store holds: an LRU
// would lose all of the hot ones.
func TestScansDoNotPushOutWhatIsHot(t *testing.T) {
	const capacity = 400
	const hotKeys = capacity * 6 / 10 // otter counts from the time when a tier is half full
	for where, settings := range map[string]Settings{
		"disk":   {Dir: t.TempDir(), Size: capacity * block, Memory: -1},
		"memory": {Memory: capacity * block},
		// The disk must not take for cold what is hot in memory.
		"disk below memory": {Dir: t.TempDir(), Size: capacity * block, Memory: capacity / 2 * block},
	} {
		t.Run(where, func(t *testing.T) {
			s := open(t, settings)
			size := block - entryOverhead - 100 // takes a block, anywhere
			asked, hit := 0, 0
			hot := func(count bool) {
				for n := range hotKeys {
					_, _, ok := s.get(t, key(name(n)))
					if !ok {
						s.put(t, name(n), size)
					}
					if count {
						asked++
						if ok {
							hit++
						}
					}
				}
			}
			for range 4 { // become known as hot
				hot(false)
			}
			for turn := range 9 {
				for n := range capacity * 10 / 9 {
					require.NoError(t, s.Put(context.Background(), Key{"scan", "", name(turn*capacity*2 + n)}, nil, make([]byte, size)))
				}
				hot(true)
			}
			ratio := float64(hit) / float64(asked)
			t.Logf("hit ratio of the hot keys: %.3f", ratio)
			assert.Greater(t, ratio, 0.9)
			stats := s.Stats()
			assert.LessOrEqual(t, stats.Memory.Bytes, max(stats.Memory.Bound, 0))
			if settings.Dir != "" {
				assert.Positive(t, stats.Disk.Evictions)
				s.requireConsistent(t)
				onDisk := 0
				for n := range hotKeys {
					if s.disk.Load().index.peek(key(name(n)).id()) != nil {
						onDisk++
					}
				}
				assert.Greater(t, float64(onDisk)/hotKeys, 0.9, "hot keys on disk")
			}
		})
	}
}

// TestNewHotKeysGetIn is the other half of the policy: what was hot once must not keep out what is hot now.
func TestNewHotKeysGetIn(t *testing.T) {
	s := open(t, Settings{Dir: t.TempDir(), Size: 200 * block, Memory: -1})
	work := func(from int) (hit int) {
		for range 30 {
			hit = 0
			for n := range 150 {
				if _, _, ok := s.get(t, key(name(from+n))); ok {
					hit++
				} else {
					s.put(t, name(from+n), 100)
				}
			}
		}
		return hit
	}
	require.Greater(t, work(0), 140)
	require.Greater(t, work(1000), 120)
	s.requireConsistent(t)
}
