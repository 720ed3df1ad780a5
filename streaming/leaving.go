package streaming

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Clients are told to come back after a time between these two, so that those of one upstream do not all come at once.
const (
	minRetry = 500 * time.Millisecond
	maxRetry = 2500 * time.Millisecond
)

// comeBack returns the field that tells an EventSource when to connect again after its stream has ended (WHATWG HTML,
// 9.2.6: retry, in milliseconds).
func comeBack() []byte {
	retry := minRetry + rand.N(maxRetry-minRetry+1) //nolint:gosec // scatters, and hides nothing
	return fmt.Appendf(nil, "retry: %d\n\n", retry.Milliseconds())
}

// leave starts the timers that end the stream as its owner drains.
func (b *Body) leave(d *drain) {
	since := time.Since(d.begun)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.draining = true
	if !b.comesBack {
		b.timers = []*time.Timer{time.AfterFunc(d.Sockets-since, b.end)}
		return
	}
	moment := rand.N(max(d.Spread, 0) + 1) //nolint:gosec // scatters, and hides nothing
	b.timers = []*time.Timer{
		time.AfterFunc(moment-since, func() { b.leaveNow(false) }),
		time.AfterFunc(d.Events-since, func() { b.leaveNow(true) }),
	}
}

// stay takes back what leave began. What has ended has ended.
func (b *Body) stay() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, timer := range b.timers {
		timer.Stop()
	}
	b.draining, b.due, b.timers = false, false, nil
}

// leaveNow ends an event stream if it stands between two events, or if it must; else its reader does as soon as it
// stands there.
func (b *Body) leaveNow(must bool) {
	b.mu.Lock()
	if !b.draining { // stay came while the timer was firing
		b.mu.Unlock()
		return
	}
	b.due = true
	leaves := must || b.encoded || b.events.betweenEvents()
	b.told = b.told || leaves
	b.mu.Unlock()
	if leaves {
		b.end()
	}
}

// passEvents notes what was read of an event stream: how much of it ends with an event (as events.pass returns it), and
// whether the stream ends here.
func (b *Body) passEvents(p []byte) (whole int, told bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	whole = b.events.pass(p)
	b.told = b.told || b.due && b.events.betweenEvents()
	return whole, b.told
}

// part ends an event stream of which n bytes were read. What came of another event while the connection was being
// closed is dropped: its client would drop it too, and so the farewell is none of its fields. Inside an event there is
// no place for a farewell.
func (b *Body) part(p []byte, n, whole int) (int, error) {
	b.end()
	b.parting = true
	if whole >= 0 {
		b.farewell, n = comeBack(), whole
	}
	if n == 0 {
		return b.sayFarewell(p)
	}
	return n, nil
}
