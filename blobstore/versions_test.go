package blobstore

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOtherVersions puts files into the directories that other versions of the format have: they are not found, not
// counted, and removed.
func TestOtherVersions(t *testing.T) {
	dir := t.TempDir()
	data := whole(t, dir, "a", 100)
	fill(t, dir, 1, 10)
	path := key("a").id().path()
	require.NoError(t, os.Remove(filepath.Join(dir, entriesDir, path)))
	stays := []string{"entries-3/readme", "entries-/file", "entries-old/file", "entries-9"}
	for _, file := range append([]string{"entries/" + path, "entries-1/" + path, "entries-3/" + path}, stays...) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), data, 0o600))
	}
	s := open(t, Settings{Dir: dir})
	s.requireMisses(t, "a")
	s.requireHas(t, name(0), 10)
	s.awaitWalk(t)
	require.Equal(t, 1, s.Stats().Disk.Entries)
	eventually(t, "the trash is emptied", func() bool { return len(filesBelow(t, dir, "trash")) == 0 })
	for _, gone := range []string{"entries", "entries-1", "entries-3/" + spacePath(hashOf("test"))} {
		require.NoDirExists(t, filepath.Join(dir, gone))
	}
	for _, file := range stays {
		require.FileExists(t, filepath.Join(dir, file), "not ours")
	}
	s.requireMisses(t, "a")
	require.Empty(t, s.warnings())
	require.Zero(t, s.Stats().Damaged)
	s.requireConsistent(t)
}
