//go:build unix && !aix && !solaris

package blobstore

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zapcore"
)

const unusable = "the directory of a store cannot be used: it works in memory only, and tries again"

func TestTwoProcesses(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 1, 10)
	for what, end := range map[string]func(*child){
		"in order":  func(c *child) { require.NoError(t, c.stdin.Close()) },
		"by a kill": func(c *child) { c.kill(t) },
	} {
		t.Run(what, func(t *testing.T) {
			other := start(t, "hold", dir)
			require.Equal(t, "true", other.line(t))
			s := open(t, Settings{Dir: dir, retry: time.Millisecond})
			require.False(t, s.Stats().Attached)
			s.requireMisses(t, name(0))
			s.put(t, "a", 10)
			s.requireHas(t, "a", 10)
			s.put(t, "b", smallBody*3) // memory is all there is
			s.requireHas(t, "b", smallBody*3)
			require.Equal(t, []string{unusable}, s.warnings())
			end(other)
			s.awaitWalk(t)
			s.requireHas(t, name(0), 10)
			s.requireHas(t, "b", smallBody*3)
			s.put(t, "c", 10)
			s.requireConsistent(t)
			require.Equal(t, []string{unusable}, s.warnings())
			require.Len(t, s.logs.FilterLevelExact(zapcore.InfoLevel).All(), 1)
			require.NoError(t, s.Close())
		})
	}
}

// TestTakeoverKnowsWhatIsGone changes entries while another store has the directory: its files of these must not be
// found after that.
func TestTakeoverKnowsWhatIsGone(t *testing.T) {
	changes := map[string]func(observed){
		"deleted":           func(s observed) { s.Delete(key("a")) },
		"purged":            func(s observed) { s.DeleteSpace("test") },
		"of a purged group": func(s observed) { s.DeleteGroup("test", "group") },
		"replaced, and evicted from memory": func(s observed) {
			s.put(t, "a", 20)
			s.evictFromMemory(t)
		},
		"more than can be remembered": func(s observed) {
			for n := range maxTombstones + 1 {
				s.Delete(Key{"elsewhere", "", name(n)})
			}
		},
	}
	for what, change := range changes {
		for _, walked := range []bool{false, true} {
			t.Run(fmt.Sprint(what, " ", walked), func(t *testing.T) {
				dir := t.TempDir()
				first := open(t, Settings{Dir: dir})
				hook, walk := gate(t)
				second := open(t, Settings{Dir: dir, retry: time.Millisecond, beforeWalk: hook})
				change(second)
				first.put(t, "a", 10)
				require.NoError(t, first.Put(t.Context(), Key{"other", "", "a"}, nil, nil))
				require.NoError(t, first.Close())
				eventually(t, "the directory is taken over", func() bool { return second.Stats().Attached })
				if walked {
					walk()
					second.awaitWalk(t)
				} else {
					defer walk()
				}
				second.requireMisses(t, "a")
				_, _, ok := second.get(t, Key{"other", "", "a"})
				require.Equal(t, what != "more than can be remembered", ok)
				second.put(t, "a", 30)
				second.requireHas(t, "a", 30)
				if walked {
					second.requireConsistent(t)
				}
			})
		}
	}
}

func TestUnusableDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	s := open(t, Settings{Dir: filepath.Join(file, "store"), retry: time.Millisecond})
	s.put(t, "a", 10)
	s.requireHas(t, "a", 10)
	w, err := s.Create(key("b"), []byte("meta of b"))
	require.NoError(t, err)
	_, err = w.Write(body("b", smallBody*2))
	require.NoError(t, err)
	require.NoError(t, os.Remove(file))
	s.awaitWalk(t)
	require.NoError(t, w.Commit()) // begun without the directory
	s.requireHas(t, "b", smallBody*2)
	s.requireHas(t, "a", 10)
	require.Equal(t, []string{unusable}, s.warnings())
	s.requireConsistent(t)
}
