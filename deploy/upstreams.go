package deploy

import (
	"slices"
	"sync/atomic"
	"time"
)

// Upstreams are those of one zone, over which its requests are spread. Its methods may be called at once from many
// requests.
type Upstreams struct {
	list []*Upstream
	turn atomic.Uint64
}

// NewUpstreams returns the upstreams of a list, which may be empty.
func NewUpstreams(list []*Upstream) *Upstreams { return &Upstreams{list: list} }

// All returns the upstreams in the order of the configuration. It must not be changed.
func (u *Upstreams) All() []*Upstream { return u.list }

// Share reports whether one of the upstreams is among the others, too.
func (u *Upstreams) Share(others *Upstreams) bool {
	return slices.ContainsFunc(u.list, func(one *Upstream) bool { return slices.Contains(others.list, one) })
}

// Pick returns the upstream for the next attempt of a request that already tried the given ones: the one with the
// fewest requests in flight, in turn where they are equal. An upstream that refused a connection lately, or was tried
// before, is taken only when no better one is left. It returns nil only if there are no upstreams.
func (u *Upstreams) Pick(now time.Time, tried ...*Upstream) *Upstream {
	count := len(u.list)
	if count == 1 {
		return u.list[0]
	}
	if count == 0 {
		return nil
	}
	start := int(u.turn.Add(1) % uint64(count)) //nolint:gosec // the remainder is below count, which is an int
	var best *Upstream
	var bestRank, bestInFlight int64
	for i := range count {
		next := u.list[(start+i)%count]
		rank, inFlight := int64(0), next.InFlight()
		if next.cooling(now) {
			rank++
		}
		if slices.Contains(tried, next) {
			rank += 2
		}
		if best == nil || rank < bestRank || rank == bestRank && inFlight < bestInFlight {
			best, bestRank, bestInFlight = next, rank, inFlight
		}
	}
	return best
}
