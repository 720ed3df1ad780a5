package edge

import (
	"sync"
	"sync/atomic"
	"time"
)

// logLimit bounds how often one thing is logged of a zone: once an hour, or once.
type logLimit struct{ Last atomic.Int64 } // in nanoseconds since 1970; 0: never

// processLogLimits are those of the process, over builds and configurations.
var processLogLimits sync.Map // of logLimitKey: *logLimit

type logLimitKey struct{ zone, what string }

// LogLimitOf returns the limit of what is logged of a zone under a name.
func LogLimitOf(zone, what string) *logLimit {
	value, _ := processLogLimits.LoadOrStore(logLimitKey{zone, what}, new(logLimit))
	return value.(*logLimit)
}

// oncePerHour reports whether it may be logged now, and counts that as logged.
func (h *logLimit) oncePerHour() bool {
	now, last := time.Now().UnixNano(), h.Last.Load()
	return (last == 0 || now-last >= int64(time.Hour)) && h.Last.CompareAndSwap(last, now)
}

// Once reports whether it was never logged, and counts that as logged.
func (h *logLimit) Once() bool { return h.Last.CompareAndSwap(0, time.Now().UnixNano()) }
