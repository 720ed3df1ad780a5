//go:build !unix || aix || solaris

package blobstore

import "os"

// lockFile only opens the file where there is no flock: there, two processes must not be given the same directory.
func lockFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|os.O_CREATE, 0o600) //nolint:gosec // the operator names the directory
}
