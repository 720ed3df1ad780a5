package deploy

import (
	"sync/atomic"
	"time"
)

// Upstream is one address that answers for zones, and what changes with each request to it. It is shared by everybody
// who names the address, over configuration reloads too; its methods may be called at once from many requests.
type Upstream struct {
	Address

	inFlight  atomic.Int64
	occupied  atomic.Int64 // of those in flight, the ones that keep it busy
	waiting   atomic.Int64 // of those, the ones whose answer has not begun
	received  atomic.Uint64
	resets    atomic.Int32  // in a row
	keepAlive atomic.Int64  // nanoseconds; 0: not announced yet
	errors    atomic.Int64  // answers in a row that were errors
	erredAt   atomic.Int64  // unix nanoseconds of the last of them
	hash      atomic.Uint64 // of the address; 0: not made yet
	failures  [Failures]atomic.Uint64
	says      atomic.Pointer[string] // what its last payload said in x-nextjs-deployment-id; nil: nothing yet
	latency   latency
}

// addressHash returns a hash of the address.
func (u *Upstream) addressHash() uint64 {
	hash := u.hash.Load()
	if hash == 0 {
		hash = KeyOf(u.String())
		u.hash.Store(hash)
	}
	return hash
}

// begin counts a request that is sent to the upstream, unless it has limit already that keep it busy (0: no limit).
// Each must be matched by one end.
func (u *Upstream) begin(limit int64) bool {
	for limit > 0 {
		occupied := u.occupied.Load()
		if occupied >= limit {
			return false
		}
		if u.occupied.CompareAndSwap(occupied, occupied+1) {
			u.inFlight.Add(1)
			return true
		}
	}
	u.occupied.Add(1)
	u.inFlight.Add(1)
	return true
}

// Yield notes that the client of a request is waited for, and not the upstream; Resume ends that. They are for a body
// on its way to the upstream, which another goroutine reads than the answer.
func (u *Upstream) Yield() { u.occupied.Add(-1) }

// Resume undoes Yield.
func (u *Upstream) Resume() { u.occupied.Add(1) }

// InFlight returns the number of requests that were given to the upstream and whose answers have not ended.
func (u *Upstream) InFlight() int64 { return u.inFlight.Load() }

// Occupied returns how many of them keep it busy: not event streams, upgraded connections, and bodies that wait for
// their client.
func (u *Upstream) Occupied() int64 { return u.occupied.Load() }

// Waiting returns how many of them have not got the head of their answer.
func (u *Upstream) Waiting() int64 { return u.waiting.Load() }

// Received returns a number that changes whenever something comes from the upstream.
func (u *Upstream) Received() uint64 { return u.received.Load() }

// NoteReceived notes that something has come from the upstream.
func (u *Upstream) NoteReceived() { u.received.Add(1) }

// Latency returns how long answers usually take to begin (the geometric mean), 0 if that is not known. The latest count
// most.
func (u *Upstream) Latency(now time.Time) time.Duration { return u.latency.mean(now) }

const (
	// errorsHold is how long errors in a row count.
	errorsHold = 10 * time.Second
	// maxErrors is how many of them count.
	maxErrors = 16
)

// noteError notes whether an answer was an error. Errors are quick to make: without a count of them an upstream that
// only fails would always have the least to do.
func (u *Upstream) noteError(failed bool, now time.Time) {
	if failed {
		u.erredAt.Store(now.UnixNano())
		u.errors.Add(1)
	} else if u.errors.Load() != 0 {
		u.errors.Store(0)
	}
}

// errorsAt returns how many errors in a row count at a time given as unix nanoseconds.
func (u *Upstream) errorsAt(now int64) int64 {
	errors := u.errors.Load()
	if errors == 0 || now-u.erredAt.Load() > int64(errorsHold) {
		return 0
	}
	return min(errors, maxErrors)
}

// Announced notes the value of the upstream's Keep-Alive header.
func (u *Upstream) Announced(keepAliveHeader string) {
	if timeout, ok := parseKeepAlive(keepAliveHeader); ok && time.Duration(u.keepAlive.Load()) != timeout {
		u.keepAlive.Store(int64(timeout))
	}
}

// IdleTimeout returns how long a connection to the upstream may be idle and still be used again, or unknown if the
// upstream has not said how long it keeps one.
func (u *Upstream) IdleTimeout(unknown time.Duration) time.Duration {
	if announced := time.Duration(u.keepAlive.Load()); announced > 0 {
		return idleTimeout(announced)
	}
	return unknown
}
