package zones

import (
	"slices"
	"sync/atomic"
	"time"
)

// dialCooldown is how long an upstream that refused a connection is passed over while others of its zone stand.
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

// picker spreads the requests of a zone over its upstreams.
type picker struct{ turn atomic.Uint64 }

// Pick returns the upstream for the next attempt of a request that already tried the given ones: the one with the fewest
// requests in flight, in turn where they are equal. An upstream that refused a connection lately, or was tried before, is
// taken only when no better one is left. It returns nil only for a zone without upstreams.
func (z *Zone) Pick(now time.Time, tried ...*Upstream) *Upstream {
	count := len(z.Upstreams)
	if count == 1 {
		return z.Upstreams[0]
	}
	if count == 0 {
		return nil
	}
	start := int(z.picks.turn.Add(1) % uint64(count)) //nolint:gosec // the remainder is below count, which is an int
	var best *Upstream
	var bestRank, bestInFlight int64
	for i := range count {
		u := z.Upstreams[(start+i)%count]
		rank, inFlight := int64(0), u.InFlight()
		if u.cooling(now) {
			rank++
		}
		if slices.Contains(tried, u) {
			rank += 2
		}
		if best == nil || rank < bestRank || rank == bestRank && inFlight < bestInFlight {
			best, bestRank, bestInFlight = u, rank, inFlight
		}
	}
	return best
}
