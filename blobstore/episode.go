package blobstore

import (
	"sync/atomic"

	"go.uber.org/zap"
)

// episode says once that something fails, and is silent until it has worked in between. A full disk would fill the log
// otherwise.
type episode struct {
	logger  *zap.Logger
	message string
	failing atomic.Bool
}

// failed notes a failure; the first one of an episode is a line in the log.
func (e *episode) failed(err error) {
	if e.failing.CompareAndSwap(false, true) {
		e.logger.Warn(e.message, zap.Error(err))
	}
}

// worked notes a success and reports whether it ended an episode.
func (e *episode) worked() bool {
	return e.failing.Load() && e.failing.CompareAndSwap(true, false)
}
