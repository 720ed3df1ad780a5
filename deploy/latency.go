package deploy

import (
	"math"
	"sync/atomic"
	"time"
)

// latency is how long answers of an upstream usually take to begin: the mean of the logarithms, as times of routes
// differ by orders of magnitude, and one that takes seconds must not make its upstream look slow. The zero value knows
// nothing.
type latency struct {
	octaves   atomic.Uint64 // bits of a float64: the binary logarithm of nanoseconds
	samples   atomic.Int64  // how many answers there were
	sampledAt atomic.Int64  // unix nanoseconds of the last one
}

const (
	// latencyWeight is how much a new sample counts in the mean at least. If it were much more, equal upstreams would
	// differ by chance (balance_sim_test.go shows what that costs); if it were much less, one that gets slow would be
	// found late.
	latencyWeight = 1.0 / 32
	// latencyHold is how long a mean holds without a new sample; after that it halves each latencyHalf. So an upstream
	// that nothing is sent to, because it was slow, is tried again, and then that answer counts alone.
	latencyHold = 10 * time.Second
	latencyHalf = time.Second
	// minSamples is how many answers an upstream is judged by at least: the first ones of a new process are slow.
	minSamples = 8
)

// observe notes how long an answer took to begin.
func (l *latency) observe(took time.Duration, now time.Time) {
	sample := math.Log2(float64(max(took, 1)))
	away := now.UnixNano() - l.sampledAt.Swap(now.UnixNano())
	weight := max(1/float64(l.samples.Add(1)), latencyWeight, min(float64(away)/float64(latencyHold), 1))
	for {
		before := l.octaves.Load()
		known := math.Float64frombits(before)
		if l.octaves.CompareAndSwap(before, math.Float64bits(known+(sample-known)*weight)) {
			return
		}
	}
}

// mean returns the mean, 0 if there is none.
func (l *latency) mean(now time.Time) time.Duration {
	if l.samples.Load() == 0 {
		return 0
	}
	octaves, _ := l.at(now.UnixNano())
	return time.Duration(math.Exp2(octaves))
}

// isJudged reports whether the mean is one of enough answers to compare upstreams by.
func (l *latency) isJudged() bool { return l.samples.Load() >= minSamples }

// at returns the binary logarithm of the mean at a time (unix nanoseconds). isFresh says that it holds, and was not
// made smaller for its age.
func (l *latency) at(now int64) (octaves float64, isFresh bool) {
	octaves = math.Float64frombits(l.octaves.Load())
	over := now - l.sampledAt.Load() - int64(latencyHold)
	if over <= 0 {
		return octaves, true
	}
	return max(octaves-float64(over)/float64(latencyHalf), 0), false
}
