package buildtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// nobody is a user who owns nothing.
const nobody = 65534

// Lock lets everybody read what lies below root, but for some folders, which get a mode.
func Lock(t testing.TB, root string, mode fs.FileMode, folders ...string) {
	t.Helper()
	for dir := root; dir != filepath.Dir(dir) && dir != filepath.Clean(os.TempDir()); dir = filepath.Dir(dir) {
		require.NoError(t, os.Chmod(dir, 0o755)) //nolint:gosec // a test's own directory
	}
	require.NoError(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chmod(path, 0o755) //nolint:gosec // a test's own directory
	}))
	for _, folder := range folders {
		path := filepath.Join(root, folder)
		require.NoError(t, os.Chmod(path, mode))
		t.Cleanup(func() { require.NoError(t, os.Chmod(path, 0o700)) }) //nolint:gosec // so that it can be removed
	}
}

// AsReader calls f, on this goroutine, as a user whom the modes of files hinder: they do not hinder root.
func AsReader(t testing.TB, f func()) {
	t.Helper()
	if os.Getuid() != 0 {
		f()
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	require.NoError(t, syscall.Setfsuid(nobody))
	defer func() { require.NoError(t, syscall.Setfsuid(0)) }()
	f()
}
