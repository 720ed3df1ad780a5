package blobstore

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fill writes entries of an earlier run.
func fill(t *testing.T, dir string, entries, size int) {
	t.Helper()
	s := open(t, Settings{Dir: dir, Memory: -1})
	for n := range entries {
		s.put(t, name(n), size)
	}
	require.NoError(t, s.Close())
}

func TestFirstGetDoesNotWaitForTheWalk(t *testing.T) {
	const entries = 20_000
	dir := t.TempDir()
	fill(t, dir, entries, 50)
	hook, walk := gate(t)
	s := open(t, Settings{Dir: dir, beforeWalk: hook})
	s.requireHas(t, name(entries-1), 50)
	s.requireMisses(t, name(entries))
	s.put(t, name(entries), 60)
	s.requireHas(t, name(entries), 60)
	s.Delete(key(name(7)))
	s.requireMisses(t, name(7))
	require.True(t, s.Stats().Counting, "all that before the walk has ended")
	require.Less(t, s.Stats().Disk.Entries, 10)
	walk()
	s.awaitWalk(t)
	require.Equal(t, entries, s.Stats().Disk.Entries)
	s.requireMisses(t, name(7))
	s.requireHas(t, name(0), 50)
	s.requireConsistent(t)
}

// TestTheWalkMayComeFirst: an entry that was not in the index when a read looked, and is there when the read has the
// lock, is found. Nothing holds a read between the two, so the test does what comes second.
func TestTheWalkMayComeFirst(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 1, 50)
	s := open(t, Settings{Dir: dir})
	s.awaitWalk(t)
	require.NotNil(t, s.adopt(s.disk.Load(), key(name(0)).id()))
	require.Nil(t, s.adopt(s.disk.Load(), key(name(1)).id()))
}

func TestCloseEndsTheWalk(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 100, 50)
	hook, walk := gate(t)
	s := open(t, Settings{Dir: dir, beforeWalk: hook})
	s.stop() // Close would wait for the walk, which has to begin after that
	walk()
	require.NoError(t, s.Close())
	require.True(t, s.Stats().Counting)
	require.Len(t, filesBelow(t, dir, entriesDir), 100)
}

func TestBoundHoldsAfterRestart(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 400, 100)
	s := open(t, Settings{Dir: dir, Size: 100 * block})
	s.awaitWalk(t)
	require.LessOrEqual(t, s.Stats().Disk.Entries, 100)
	require.Greater(t, s.Stats().Disk.Entries, 90)
	for n := range 200 {
		s.put(t, name(1000+n), 100)
		require.LessOrEqual(t, s.Stats().Disk.Bytes, int64(100*block))
	}
	s.requireConsistent(t)
}

func TestEntriesAboveTheBoundAreRemovedAtRestart(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 1, 1<<20)
	s := open(t, Settings{Dir: dir, Size: 1 << 20})
	s.awaitWalk(t)
	require.Empty(t, filesBelow(t, dir, entriesDir))
	s.requireMisses(t, name(0))
}

func TestWalkGoesFromOldToNew(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Settings{Dir: dir})
	s.awaitWalk(t)
	var want []id
	for n := range 50 {
		s.put(t, name(n), 10)
		i := key(name(n)).id()
		at := time.Unix(int64(1000-n), 0)
		require.NoError(t, os.Chtimes(s.disk.Load().path(i), at, at))
		want = append([]id{i}, want...)
	}
	var got []id
	require.NoError(t, s.disk.Load().walk(t.Context(), func(i id) { got = append(got, i) }))
	require.Equal(t, want, got)
}

func TestWhatIsNotOursStays(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 1, 10)
	for _, path := range []string{
		"notes.txt", entriesDir + "/readme", entriesDir + "/ab/cd", entriesDir + "/" + spacePath(hashOf("test")) + "/zz/file",
	} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, path), nil, 0o600))
	}
	s := open(t, Settings{Dir: dir})
	s.awaitWalk(t)
	s.requireHas(t, name(0), 10)
	assert.Len(t, filesBelow(t, dir, entriesDir), 4)
	assert.Empty(t, s.warnings())
}

func TestLeftoversAreRemoved(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 1, 10)
	for _, path := range []string{"tmp/123", "tmp/456", "trash/x/ab/file", "trash/y"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, path), []byte("left"), 0o600))
	}
	s := open(t, Settings{Dir: dir})
	require.Empty(t, filesBelow(t, dir, "tmp"), "at once")
	eventually(t, "the trash is emptied", func() bool { return len(filesBelow(t, dir, "trash")) == 0 })
	s.requireHas(t, name(0), 10)
}

// TestClearedDirectory clears the directory of a running store, as an operator might.
func TestClearedDirectory(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Settings{Dir: dir, Memory: -1})
	s.awaitWalk(t)
	s.put(t, "a", 10)
	for _, name := range []string{entriesDir, "tmp", "trash"} {
		require.NoError(t, os.RemoveAll(filepath.Join(dir, name)))
	}
	s.requireMisses(t, "a")
	require.Zero(t, s.Stats().Disk.Entries)
	s.put(t, "a", 20)
	s.requireHas(t, "a", 20)
	require.Empty(t, s.warnings())
}
