package blobstore

import (
	"sync/atomic"

	"go.uber.org/zap"
)

// outage logs once that something fails, and again only after it has worked in between. A full disk would fill the log
// otherwise.
type outage struct {
	logger  *zap.Logger
	message string
	failing atomic.Bool
}

// failed notes a failure; the first one of an outage is a line in the log.
func (o *outage) failed(err error) {
	if o.failing.CompareAndSwap(false, true) {
		o.logger.Warn(o.message, zap.Error(err))
	}
}

// worked notes a success and reports whether it ended an outage.
func (o *outage) worked() bool {
	return o.failing.Load() && o.failing.CompareAndSwap(true, false)
}
