package blobstore

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func BenchmarkGet(b *testing.B) {
	for where, c := range map[string]struct {
		settings Settings
		size     int
	}{
		"memory":     {Settings{Dir: b.TempDir()}, 10_000},
		"small file": {Settings{Dir: b.TempDir(), Memory: -1}, 10_000},
		"large file": {Settings{Dir: b.TempDir(), Memory: -1}, 1 << 20},
	} {
		b.Run(where, func(b *testing.B) {
			s := open(b, c.settings)
			keys := make([]Key, 100)
			for n := range keys {
				keys[n] = key(name(n))
				s.put(b, name(n), c.size)
			}
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for n := 0; pb.Next(); n++ {
					e, ok := s.Get(b.Context(), keys[n%len(keys)])
					if !ok {
						b.Error("missed")
						return
					}
					_ = e.Close()
				}
			})
		})
	}
}

func BenchmarkPut(b *testing.B) {
	s := open(b, Settings{Dir: b.TempDir(), Size: 10_000 * block})
	data := body("a", 3000)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		require.NoError(b, s.Put(b.Context(), key(name(n)), nil, data))
	}
}

// TestHotGetDoesNotAllocate: the way of a hit in memory, which is that of most requests.
func TestHotGetDoesNotAllocate(t *testing.T) {
	s := open(t, Settings{Dir: t.TempDir()})
	s.awaitWalk(t)
	s.put(t, "a", 10_000)
	k, ctx := key("a"), t.Context()
	allocated := testing.AllocsPerRun(1000, func() {
		e, _ := s.Get(ctx, k)
		_ = e.Close()
	})
	require.LessOrEqual(t, allocated, 1.0)
}

// BenchmarkDeleteGroup deletes the eight variants of one source among 100,000 entries, as a purge of a picture does.
func BenchmarkDeleteGroup(b *testing.B) {
	const sources, variants = 12_500, 8
	s := open(b, Settings{Dir: b.TempDir()})
	s.awaitWalk(b)
	data := body("variant", 3000)
	put := func(source int) {
		for n := range variants {
			require.NoError(b, s.Put(b.Context(), Key{"pictures", name(source), name(n)}, nil, data))
		}
	}
	for n := range sources {
		put(n)
	}
	require.Equal(b, sources*variants, s.Stats().Disk.Entries)
	for n := 0; b.Loop(); n++ {
		s.DeleteGroup("pictures", name(n%sources))
		b.StopTimer()
		put(n % sources)
		b.StartTimer()
	}
}
