package deploy

import (
	"errors"
	"math"
	"math/bits"
	"slices"
	"time"
)

// Balance says how requests are spread over the upstreams of a zone. The zero value has neither limit nor ramp.
type Balance struct {
	// MaxConcurrent is how many requests keep one upstream busy at most; 0: any number.
	MaxConcurrent int64
	// SlowStart is how long an upstream takes, after it is fit again, until it gets as many requests as the others.
	SlowStart time.Duration
}

var (
	// ErrNoUpstream says that a zone has no upstream, or that all are drained.
	ErrNoUpstream = errors.New("no upstream of the zone takes requests")
	// ErrBusy says that all upstreams of a zone have as many requests as `max_concurrent` allows.
	ErrBusy = errors.New("all upstreams of the zone have as many requests as max_concurrent allows")
)

const (
	// slowOctaves is how much slower than the others (as a binary logarithm: twice) an upstream may answer and still
	// count as equal. Beyond that each of its requests counts as several.
	slowOctaves = 1
	// maxCompared is how many others an upstream is compared with.
	maxCompared = 8
	// leastRamp is the share of requests that an upstream begins with.
	leastRamp = 0.1
)

// pick chooses the upstream for the next try of a request, and counts the try. Of the first group that has one which
// was not tried, it is the one with the fewest requests in flight, those of slow or failing ones counting several
// times; in turn where they are equal. An upstream that was tried is taken only when no other is left, and one that is
// not fit only when all that are were tried: those that are busy are fit.
func (z *Zone) pick(b Balance, turn uint64, now time.Time, tried []*Upstream, belongs Affinity) (Try, error) {
	switch {
	case z.Paused != nil:
		return Try{}, ErrPaused
	case len(z.groups) == 0:
		return Try{}, ErrNoUpstream
	}
	for _, again := range [...]bool{false, true} {
		isBusy := false
		for i, group := range z.groups {
			if i >= z.fit && isBusy {
				break
			}
			for range group {
				chosen, busy := choose(group, b, turn, now.UnixNano(), tried, again, belongs)
				isBusy = isBusy || busy
				if chosen == nil {
					break
				}
				if chosen.begin(b.MaxConcurrent) {
					return newTry(chosen.Upstream), nil
				}
				isBusy = true // others were faster
			}
		}
		if len(tried) == 0 || isBusy {
			break
		}
	}
	return Try{}, ErrBusy
}

// choose returns the best of a group; nil where each was tried, or is busy. again says that it may have been tried,
// isBusy that one was passed over for having its fill.
func choose(
	group []*Member, b Balance, turn uint64, now int64, tried []*Upstream, again bool, belongs Affinity,
) (best *Member, isBusy bool) {
	// Each begins in turn, and every other round goes backwards, or who comes after one that is passed over would have
	// its turns, too.
	count, step := len(group), 1
	round, next := turn/uint64(count), int(turn%uint64(count)) //nolint:gosec // it is below count, which is an int
	if round%2 == 1 {
		step = count - 1
	}
	var least float64
	for range count {
		at := next
		if next += step; next >= count {
			next -= count
		}
		member := group[at]
		if !again && len(tried) > 0 && slices.Contains(tried, member.Upstream) {
			continue
		}
		if b.MaxConcurrent > 0 && member.Occupied() >= b.MaxConcurrent {
			isBusy = true
			continue
		}
		if belongs.Upstream == member.Upstream || count == 1 {
			return member, isBusy
		}
		cost := 0.0
		if belongs.Key != 0 {
			cost = -float64(score(belongs.Key, member.Upstream))
		} else {
			if best != nil && noLoad+float64(member.Occupied()) >= least {
				continue // nothing makes it less
			}
			// Each error in a row makes it as much again.
			cost = member.load(b, turn, now) * member.slowness(group, at+1, now) * float64(1+member.errorsAt(now))
		}
		if best == nil || cost < least {
			best, least = member, cost
		}
		if least == noLoad && belongs.Upstream == nil {
			break // none is better
		}
	}
	return best, isBusy
}

// noLoad is the load of an upstream that has nothing to do.
const noLoad = 1

// load is how many requests a further one at an upstream would share it with, and itself.
func (m *Member) load(b Balance, turn uint64, now int64) float64 {
	occupied := m.Occupied()
	// Streams hardly keep it busy. Where upstreams are equal, it is the one with half as many that is next.
	streams := uint64(max(m.InFlight()-occupied, 0)) //nolint:gosec // it is not negative
	load := noLoad + float64(occupied) + float64(bits.Len64(streams))/64
	if b.SlowStart == 0 {
		return load
	}
	ramp := float64(now-m.Ramp.UnixNano()) / float64(b.SlowStart)
	if m.Ramp.IsZero() || ramp >= 1 {
		return load
	}
	// It takes its turns in the same share as it takes requests while others have many.
	ramp = max(leastRamp, ramp)
	if scatter(turn) < ramp {
		return noLoad + float64(occupied)/ramp
	}
	return load / ramp
}

// scatter spreads turns evenly over 0 to 1: by the golden ratio, of which no group is a multiple.
func scatter(turn uint64) float64 { return float64(turn*0x9e3779b97f4a7c15) / (1 << 64) }

// slowness returns how many times slower than others of its group an upstream answers, beyond what counts as equal;
// else 1. It is compared with those that come next in the group, as many as tell what is usual.
func (m *Member) slowness(group []*Member, next int, now int64) float64 {
	if !m.latency.isJudged() {
		return 1
	}
	sum, count := 0.0, 0
	for range min(len(group)-1, maxCompared) {
		if next == len(group) {
			next = 0
		}
		other := &group[next].latency
		if next++; !other.isJudged() {
			continue
		}
		if octaves, isFresh := other.at(now); isFresh {
			sum += octaves
			count++
		}
	}
	if count == 0 {
		return 1
	}
	own, _ := m.latency.at(now)
	return math.Exp2(max(0, own-sum/float64(count)-slowOctaves))
}
