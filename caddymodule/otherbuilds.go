package caddymodule

import (
	"sync/atomic"
	"time"
)

// otherBuilds are the builds of a zone beside the one that it is served by: the next one, which the application does
// not run yet, and the last one, whose pages are still open in browsers.
type otherBuilds struct {
	waiting, last atomic.Pointer[build]
	since         atomic.Int64 // when waiting came (unix nanoseconds)
	// mixed says that some upstreams run the one that waits and others do not: nothing that they answer is kept.
	mixed atomic.Bool
	// why is what a build waits for, or why it was refused. "": neither is.
	why atomic.Pointer[string]
	// missing is why the zone has no build yet, though it names one. nil: it has one, or names none.
	missing atomic.Pointer[string]
}

// said is what is known of a build that waits, or was refused.
func (o *otherBuilds) said() string {
	if why := o.why.Load(); why != nil {
		return *why
	}
	return ""
}

// note is what /readyz says of the builds of a zone.
func (o *otherBuilds) note() string {
	if missing := o.missing.Load(); missing != nil {
		return *missing
	}
	return ""
}

// await puts a build into the place of the one that waits. nil: none does any more.
func (o *otherBuilds) await(b *build, now time.Time) {
	o.since.Store(now.UnixNano())
	o.mixed.Store(false)
	o.waiting.Store(b)
}
