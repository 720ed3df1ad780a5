package pagecache

import "sync/atomic"

// stamp orders events. The upper bits are the number of the run, the lower ones count within it.
type stamp uint64

// runShift is the number of bits that count within a run: 10^12 events, and 16 million restarts.
const runShift = 40

// clock gives stamps.
type clock struct{ last atomic.Uint64 }

func (c *clock) start(run uint64) { c.last.Store(run << runShift) }

// next is above all stamps before it.
func (c *clock) next() stamp { return stamp(c.last.Add(1)) }
