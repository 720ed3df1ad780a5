package edge

import (
	"sync"
	"sync/atomic"
	"time"
)

// hourly is something that is said of a zone once an hour at most.
type hourly struct{ Last atomic.Int64 } // in nanoseconds since 1970; 0: never

// processHourly are those of the process, over builds and configurations.
var processHourly sync.Map // of saidOf: *hourly

type saidOf struct{ zone, what string }

// HourlyOf returns what is said of a zone under a name.
func HourlyOf(zone, what string) *hourly {
	value, _ := processHourly.LoadOrStore(saidOf{zone, what}, new(hourly))
	return value.(*hourly)
}

// may reports whether it may be said now, and takes that as having said it.
func (h *hourly) may() bool {
	now, last := time.Now().UnixNano(), h.Last.Load()
	return (last == 0 || now-last >= int64(time.Hour)) && h.Last.CompareAndSwap(last, now)
}

// Never reports whether it was never said, and takes that as having said it.
func (h *hourly) Never() bool { return h.Last.CompareAndSwap(0, time.Now().UnixNano()) }
