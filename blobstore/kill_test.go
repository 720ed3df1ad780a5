//go:build unix

package blobstore

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestKill kills a process that writes, again and again, and looks at what it leaves: what it had committed is there,
// complete, and what it was writing is there, complete, or as it was before.
func TestKill(t *testing.T) {
	kills := 10
	if os.Getenv("E2E_LONG") != "" {
		kills = 50
	}
	dir, interrupted := t.TempDir(), 0
	for round := range kills {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			if round%10 == 9 { // from nothing, where directories are still being made
				dir = t.TempDir()
			}
			committed, begun := contents(t, dir), map[int]string{}
			writer := start(t, "write", dir)
			read := func(line string) {
				var verb string
				var n, turn int
				if count, _ := fmt.Sscan(line, &verb, &n, &turn); count < 3 {
					return
				}
				what, _ := killBody(n, turn)
				if verb == "begin" {
					begun[n] = what
				} else {
					committed[n] = what
				}
			}
			for range 1 + rand.IntN(200) {
				read(writer.line(t))
			}
			for _, line := range writer.kill(t) {
				read(line)
			}
			interrupted += len(filesBelow(t, dir, "tmp"))
			for n, what := range contents(t, dir) {
				if what != committed[n] { // then it was killed between the rename and the line that says so
					require.Equal(t, begun[n], what, "key %d", n)
				}
			}
		})
	}
	t.Logf("%d of %d kills left a file half written", interrupted, kills)
}

// contents opens the directory, as the next process does, and reads all of it.
func contents(t *testing.T, dir string) map[int]string {
	t.Helper()
	s := open(t, Settings{Dir: dir})
	require.True(t, s.Stats().Attached)
	require.Empty(t, filesBelow(t, dir, "tmp"))
	found := map[int]string{}
	for n := range allKeys {
		meta, data, ok := s.get(t, key(name(n)))
		if !ok {
			found[n] = ""
			continue
		}
		var of, turn int
		_, err := fmt.Sscan(meta, &of, &turn)
		require.NoError(t, err)
		require.Equal(t, n, of)
		_, size := killBody(n, turn)
		require.True(t, bytes.Equal(body(meta, size), data), "entry %d, %s", n, meta)
		found[n] = meta
	}
	require.Zero(t, s.Stats().Damaged)
	require.Empty(t, s.warnings())
	s.awaitWalk(t)
	s.requireConsistent(t)
	require.NoError(t, s.Close())
	return found
}
