// Package deploy has what answers for the zones: their upstreams, and which of them a request is sent to.
package deploy

import (
	"sync/atomic"
	"time"
)

// dialCooldown is how long an upstream that refused a connection is passed over while others stand.
const dialCooldown = 2 * time.Second

// Upstream is one address that answers for a zone, and what is known of it. It is shared by everybody who names the
// address, over configuration reloads too; its methods may be called at once from many requests.
type Upstream struct {
	// Address is host:port or a unix socket in Caddy's notation (unix//run/web.sock).
	Address string
	// TLS says that the upstream speaks HTTPS.
	TLS bool

	inFlight  atomic.Int64
	coolUntil atomic.Int64 // unix nanoseconds
	keepAlive atomic.Int64 // nanoseconds; 0: not announced yet
}

// Begin counts a request that is sent to the upstream; each must be matched by one End.
func (u *Upstream) Begin() { u.inFlight.Add(1) }

// End counts a request whose answer has been read to its end, or that failed.
func (u *Upstream) End() { u.inFlight.Add(-1) }

// InFlight returns the number of requests between Begin and End.
func (u *Upstream) InFlight() int64 { return u.inFlight.Load() }

// Refused notes that no connection could be made, so that other upstreams are preferred for a while.
func (u *Upstream) Refused(now time.Time) { u.coolUntil.Store(now.Add(dialCooldown).UnixNano()) }

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

func (u *Upstream) cooling(now time.Time) bool { return u.coolUntil.Load() > now.UnixNano() }
