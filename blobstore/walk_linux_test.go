package blobstore

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// noFiles lets the process open no files until the returned function is called, as when it has too many connections.
func noFiles(t *testing.T) (back func()) {
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 0, Max: limit.Max}))
	back = func() { require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)) }
	t.Cleanup(back)
	return back
}

// What a walk has not seen is found all the same, counts as soon as it can be seen, and can be deleted.
func TestAWalkThatFailsIsNotDone(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 10, 10)
	walks, back, again := 0, func() {}, atomic.Bool{}
	s := open(t, Settings{Dir: dir, Memory: -1, retry: time.Millisecond, beforeWalk: func() {
		if walks++; walks == 1 {
			back = noFiles(t)
		} else {
			back()
			again.Store(true)
			<-t.Context().Done() // for what is looked at meanwhile
		}
	}})
	eventually(t, "the next walk begins", again.Load)
	stats := s.Stats()
	require.True(t, stats.Counting)
	require.Zero(t, stats.Disk.Entries)
	require.Contains(t, s.warnings(), cannotRead)
	s.requireHas(t, name(1), 10)
}

func TestAWalkIsTriedAgainUntilItIsDone(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 10, 10)
	// Not ours: they do not keep a walk from being done.
	strays := []string{filepath.Join(dir, entriesDir, spacePath(hashOf("a file"))), filepath.Join(dir, entriesDir, spacePath(hashOf("test")), "00")}
	for _, stray := range strays {
		require.NoError(t, os.WriteFile(stray, nil, 0o600))
	}
	walks, back := 0, func() {}
	s := open(t, Settings{Dir: dir, Memory: -1, retry: time.Millisecond, beforeWalk: func() {
		walks++
		if back(); walks < 4 {
			back = noFiles(t)
		}
	}})
	s.awaitWalk(t)
	require.Equal(t, 4, walks)
	require.Equal(t, 10, s.Stats().Disk.Entries)
	for _, stray := range strays {
		require.NoError(t, os.Remove(stray))
	}
	s.requireConsistent(t)
	for n := range 10 {
		s.Delete(key(name(n)))
	}
	require.Empty(t, filesBelow(t, dir, entriesDir))
}
