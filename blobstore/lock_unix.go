//go:build unix && !aix && !solaris

package blobstore

import (
	"errors"
	"os"
	"syscall"
)

// lockFile takes a lock that ends with the process at the latest. It does not wait. The file is not opened for writing if that is not
// needed, so that the file system may be made read-only meanwhile; NFS needs it.
func lockFile(path string) (*os.File, error) {
	f, err := lockOpened(path, os.O_RDONLY)
	if errors.Is(err, syscall.EBADF) {
		f, err = lockOpened(path, os.O_RDWR)
	}
	return f, err
}

func lockOpened(path string, flag int) (*os.File, error) {
	f, err := os.OpenFile(path, flag|os.O_CREATE, 0o600) //nolint:gosec // the operator names the directory
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err == nil {
		return f, nil
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = errHeld
	}
	return nil, errors.Join(err, f.Close())
}
