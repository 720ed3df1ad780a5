package blobstore

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEverythingAtOnce lets goroutines put, stream, get and delete the same few keys in a store that evicts all the
// time. What is got is what was put under that key; in the end the index and the directory agree.
func TestEverythingAtOnce(t *testing.T) {
	for where, settings := range map[string]Settings{
		"memory and disk": {Dir: t.TempDir(), Size: 60 * block, Memory: 200_000},
		"disk":            {Dir: t.TempDir(), Size: 60 * block, Memory: -1},
		"memory":          {Memory: 200_000},
		"shared":          {Dir: t.TempDir(), Size: 60 * block, Memory: 200_000, Behind: sharedStore{open(t, Settings{Memory: 1_000_000}).Store}},
	} {
		t.Run(where, func(t *testing.T) {
			s := open(t, settings)
			hits := hammer(t, s, 300)
			require.Positive(t, hits)
			if settings.Dir != "" {
				s.awaitWalk(t)
				s.requireConsistent(t)
				require.Positive(t, s.Stats().Disk.Evictions)
			}
			require.Zero(t, s.Stats().Damaged)
			require.Empty(t, s.warnings())
		})
	}
}

// TestEvictedAndPutAgain puts entries between their eviction and the removal of their files: a smaller bound evicts all
// of them at once, and their files are removed one after another.
func TestEvictedAndPutAgain(t *testing.T) {
	const entries = 300
	for range 3 {
		s := open(t, Settings{Dir: t.TempDir(), Size: 2 * entries * block, Memory: -1})
		s.awaitWalk(t)
		for n := range entries {
			s.put(t, name(n), 10)
		}
		var work sync.WaitGroup
		work.Go(func() { assert.NoError(t, s.SetLimits(block, -1)) })
		eventually(t, "they are evicted", func() bool { return s.Stats().Disk.Evictions >= entries-1 })
		work.Go(func() { assert.NoError(t, s.SetLimits(2*entries*block, -1)) })
		for n := range 8 {
			work.Go(func() { s.put(t, name(entries-1-n), 20) })
		}
		work.Wait()
		s.requireConsistent(t)
		require.NoError(t, s.Close())
	}
}

// TestClosedInTheMiddle closes a store that is in use, and opens it again.
func TestClosedInTheMiddle(t *testing.T) {
	dir := t.TempDir()
	for range 5 {
		s := open(t, Settings{Dir: dir, Size: 60 * block, Memory: 200_000})
		var users sync.WaitGroup
		users.Go(func() { hammer(t, s, 60) })
		for range 50 {
			s.get(t, key(name(rand.IntN(20))))
		}
		require.NoError(t, s.Close())
		next := open(t, Settings{Dir: dir, Size: 60 * block})
		users.Wait()
		next.awaitWalk(t)
		next.requireConsistent(t)
		hammer(t, next, 10)
		require.Zero(t, next.Stats().Damaged)
		require.NoError(t, next.Close())
	}
}

func hammer(t *testing.T, s observed, turns int) (hits int) {
	var all sync.WaitGroup
	var mu sync.Mutex
	for worker := range 8 {
		all.Go(func() {
			for turn := range turns {
				n := rand.IntN(20)
				k := Key{fmt.Sprint("space ", n%3), []string{"", "a", "b"}[n%2+n%3/2], name(n)}
				what := fmt.Sprint(n, " of ", worker, " in ", turn)
				size := rand.IntN(1000)
				if n < 5 {
					size += smallBody
				}
				switch rand.IntN(10) {
				case 0, 1:
					_ = s.Put(t.Context(), k, []byte(what), body(what, size)) // closed, perhaps
				case 2:
					w, err := s.Create(k, []byte(what))
					if err != nil {
						continue
					}
					_, _ = w.Write(body(what, size))
					if turn%3 == 0 {
						w.Abort()
					} else {
						_ = w.Commit()
					}
				case 3:
					s.Delete(k)
				case 4:
					if turn%10 == 0 {
						s.DeleteSpace(k.Space)
					} else if turn%5 == 0 {
						s.DeleteGroup(k.Space, k.Group)
					}
					s.Stats()
				default:
					e, ok := s.Get(t.Context(), k)
					if !ok {
						continue
					}
					data, err := io.ReadAll(e.Reader())
					var of int
					_, scanErr := fmt.Sscan(string(e.Meta()), &of)
					if err != nil || scanErr != nil || of != n || !bytes.Equal(data, body(string(e.Meta()), len(data))) {
						t.Errorf("not what was put under %d: %s, %v", n, e.Meta(), err)
					}
					mu.Lock()
					hits++
					mu.Unlock()
					_ = e.Close()
				}
			}
		})
	}
	all.Wait()
	return hits
}

// TestReadsDoNotBringBack lets reads from disk, which put entries into memory, race with what makes these outdated.
func TestReadsDoNotBringBack(t *testing.T) {
	dir := t.TempDir()
	for turn := range 200 {
		s := open(t, Settings{Dir: dir})
		s.put(t, "a", 10)
		require.NoError(t, s.Close())
		s = open(t, Settings{Dir: dir})
		var readers sync.WaitGroup
		for range 3 {
			readers.Go(func() { s.get(t, key("a")) })
		}
		switch turn % 4 {
		case 0:
			s.Delete(key("a"))
		case 1:
			s.DeleteSpace("test")
		case 2:
			s.put(t, "a", 20)
		case 3:
			s.DeleteGroup("test", "group")
		}
		after := func() {
			if turn%4 == 2 {
				s.requireHas(t, "a", 20)
			} else {
				s.requireMisses(t, "a")
			}
		}
		after()
		readers.Wait()
		after()
		require.NoError(t, s.Close())
	}
}
