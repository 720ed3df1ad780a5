package blobstore

import (
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	cannotWrite = "the store cannot write its files: what is there is served, nothing is added on disk"
	cannotRead  = "the store cannot read its files: they are missed"
)

// mountSmall mounts a file system of 1 MiB.
func mountSmall(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		t.Skip("mounting a small file system needs root")
	} else {
		require.NoError(t, err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	return dir
}

// stream streams an entry until it is stored or fails.
func (o observed) stream(t *testing.T, name string, size int) error {
	t.Helper()
	w, err := o.Create(key(name), []byte("meta of "+name))
	require.NoError(t, err)
	if _, err := w.Write(body(name, size)); err != nil {
		w.Abort()
		return err
	}
	return w.Commit()
}

func TestFullDisk(t *testing.T) {
	dir := mountSmall(t)
	s := open(t, Settings{Dir: dir})
	s.put(t, "small", 100)
	s.put(t, "large", 200_000)
	s.put(t, "replaced", 100_000)
	fillUp(t, dir)
	for range 3 {
		require.ErrorIs(t, s.Put(t.Context(), key("none"), nil, body("none", 150_000)), syscall.ENOSPC)
		require.ErrorIs(t, s.stream(t, "none", 150_000), syscall.ENOSPC)
		s.requireMisses(t, "none")
		s.requireHas(t, "small", 100)
		s.requireHas(t, "large", 200_000)
		require.Empty(t, filesBelow(t, dir, "tmp"))
	}
	require.ErrorIs(t, s.Put(t.Context(), key("fits memory"), []byte("meta of fits memory"), body("fits memory", 50_000)), syscall.ENOSPC)
	s.requireHas(t, "fits memory", 50_000)
	require.Equal(t, []string{cannotWrite}, s.warnings())
	require.EqualValues(t, 7, s.Stats().Failed)

	// What is replaced in vain is gone, which makes room; what was there at a restart is there.
	require.Error(t, s.Put(t.Context(), key("replaced"), nil, body("none", 300_000)))
	s.requireMisses(t, "replaced")
	require.NoError(t, s.Close())
	s = open(t, Settings{Dir: dir})
	s.awaitWalk(t)
	s.requireHas(t, "small", 100)
	s.requireHas(t, "large", 200_000)
	s.requireMisses(t, "replaced")

	// It works again, and fails again: that is another episode.
	require.NoError(t, os.Remove(filepath.Join(dir, "others")))
	s.put(t, "again", 100_000)
	require.Empty(t, s.warnings())
	fillUp(t, dir)
	require.Error(t, s.stream(t, "none", 150_000))
	require.Equal(t, []string{cannotWrite}, s.warnings())
	require.NoError(t, os.Remove(filepath.Join(dir, "others")))
	s.put(t, "again", 100_000)
	fillUp(t, dir)
	require.Error(t, s.stream(t, "none", 150_000))
	require.Error(t, s.stream(t, "none", 150_000))
	require.Equal(t, []string{cannotWrite, cannotWrite}, s.warnings())
	s.requireConsistent(t)
}

// fillUp takes all the room of a file system, as another program might.
func fillUp(t *testing.T, dir string) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "others"))
	require.NoError(t, err)
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, block))
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
}

func TestReadOnlyDisk(t *testing.T) {
	dir := mountSmall(t)
	s := open(t, Settings{Dir: dir, Memory: -1})
	for _, name := range []string{"deleted", "kept", "replaced"} {
		s.put(t, name, 100_000)
	}
	purged := []Key{{"purged", "", "a"}, {"test", "purged", "a"}, {"test", "purged", "b"}, {"test", "", "a"}}
	for _, k := range purged {
		require.NoError(t, s.Put(t.Context(), k, nil, []byte("x")))
	}
	require.NoError(t, s.Close())

	hook, walk := gate(t)
	s = open(t, Settings{Dir: dir, Memory: -1, beforeWalk: hook})
	readOnly(t, dir, true)
	check := func() {
		s.requireHas(t, "kept", 100_000)
		s.requireMisses(t, "deleted")
		s.requireMisses(t, "replaced")
		for _, k := range purged {
			_, _, ok := s.get(t, k)
			require.False(t, ok, k)
		}
	}
	s.Delete(key("deleted"))
	s.DeleteSpace("purged")
	s.DeleteGroup("test", "purged")
	s.DeleteGroup("test", "")
	require.ErrorIs(t, s.Put(t.Context(), key("replaced"), nil, nil), syscall.EROFS)
	require.ErrorIs(t, s.stream(t, "replaced", 100_000), syscall.EROFS)
	check()
	walk()
	s.awaitWalk(t)
	check()
	require.Equal(t, []string{cannotWrite}, s.warnings())

	// When it can be written again, what could not be removed is.
	readOnly(t, dir, false)
	s.put(t, "new", 10)
	check()
	eventually(t, "the files left are removed", func() bool { return len(filesBelow(t, dir, entriesDir)) == 2 })
	eventually(t, "the index knows", func() bool { return s.Stats().Disk.Entries == 2 })
	s.requireConsistent(t)
}

func TestReadOnlyFromTheStart(t *testing.T) {
	dir := mountSmall(t)
	readOnly(t, dir, true)
	s := open(t, Settings{Dir: filepath.Join(dir, "store")})
	s.put(t, "a", 10)
	s.requireHas(t, "a", 10)
	require.Equal(t, []string{unusable}, s.warnings())
}

func TestReadOnlyAtARestart(t *testing.T) {
	dir := mountSmall(t)
	fill(t, dir, 1, 100_000)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tmp", "left"), nil, 0o600))
	readOnly(t, dir, true)
	s := open(t, Settings{Dir: dir})
	s.requireHas(t, name(0), 100_000)
	require.Error(t, s.Put(t.Context(), key("a"), nil, body("a", 10)))
	s.requireMisses(t, "b")
	require.Equal(t, []string{cannotWrite}, s.warnings())
}

func readOnly(t *testing.T, dir string, on bool) {
	t.Helper()
	flags := uintptr(syscall.MS_REMOUNT)
	if on {
		flags |= syscall.MS_RDONLY
	}
	// A descriptor that is open for writing would forbid it.
	require.NoError(t, syscall.Mount("tmpfs", dir, "tmpfs", flags, "size=1m"))
}

// TestFileSizeLimit makes large writes fail where mounting is not permitted.
func TestFileSizeLimit(t *testing.T) {
	s := open(t, Settings{Dir: t.TempDir()})
	s.put(t, "large", 200_000)
	limitFileSize(t, 1_000_000) // above what go test itself writes: the log of files that tests open
	for range 3 {
		require.ErrorIs(t, s.Put(t.Context(), key("none"), nil, body("none", 1_500_000)), syscall.EFBIG)
		require.ErrorIs(t, s.stream(t, "none", 1_500_000), syscall.EFBIG)
		s.requireMisses(t, "none")
		s.requireHas(t, "large", 200_000)
	}
	require.Equal(t, []string{cannotWrite}, s.warnings())
	require.EqualValues(t, 6, s.Stats().Failed)
	s.requireConsistent(t)
}

func limitFileSize(t *testing.T, bytes uint64) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ) // the error is enough
	var before syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before))
	t.Cleanup(func() {
		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before))
		signal.Reset(syscall.SIGXFSZ)
	})
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: bytes, Max: before.Max}))
}

// TestUnreadable lets reading fail without the file being damaged.
func TestUnreadable(t *testing.T) {
	s := open(t, Settings{Dir: t.TempDir(), Memory: -1})
	s.awaitWalk(t)
	s.put(t, "a", 10)
	path := s.disk.Load().path(key("a").id())
	loop := func() { // a link to itself cannot be opened: ELOOP
		require.NoError(t, os.Rename(path, path+".away"))
		require.NoError(t, os.Symlink(path, path))
	}
	loop()
	s.requireMisses(t, "a")
	s.requireMisses(t, "a")
	require.Equal(t, []string{cannotRead}, s.warnings())
	require.NoError(t, os.Rename(path+".away", path))
	s.requireHas(t, "a", 10)
	loop()
	s.requireMisses(t, "a")
	require.Equal(t, []string{cannotRead, cannotRead}, s.warnings())
}

// TestReadOnlyWithAnotherVersion: what another version has left stays as long as it cannot be removed, and does no
// harm.
func TestReadOnlyWithAnotherVersion(t *testing.T) {
	dir := mountSmall(t)
	fill(t, dir, 1, 100)
	old := filepath.Join(dir, "entries", key("old").id().path())
	require.NoError(t, os.MkdirAll(filepath.Dir(old), 0o700))
	require.NoError(t, os.WriteFile(old, []byte("old"), 0o600))
	readOnly(t, dir, true)
	s := open(t, Settings{Dir: dir})
	s.awaitWalk(t)
	s.requireHas(t, name(0), 100)
	s.requireMisses(t, "old")
	require.Equal(t, 1, s.Stats().Disk.Entries)
	require.Equal(t, []string{cannotWrite}, s.warnings())
	require.NoError(t, s.Close())
	readOnly(t, dir, false)
	s = open(t, Settings{Dir: dir})
	eventually(t, "it is removed", func() bool { return len(filesBelow(t, dir, "entries"))+len(filesBelow(t, dir, "trash")) == 0 })
	s.requireHas(t, name(0), 100)
	require.Empty(t, s.warnings())
}
