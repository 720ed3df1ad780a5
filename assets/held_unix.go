//go:build unix

package assets

import (
	"math"
	"syscall"
)

// openFilesLimit returns how many files the process may have open (ulimit -n).
func openFilesLimit() int64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return int64(min(uint64(limit.Cur), math.MaxInt64)) //nolint:gosec,unconvert // it fits; its type differs between systems
}
