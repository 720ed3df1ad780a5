package deploy

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// usual is the mean of an upstream's latencies in milliseconds.
func usual(u *Upstream, at time.Duration) float64 {
	return u.Latency(simEpoch.Add(at)).Seconds() * 1000
}

func TestLatencyIsTheMeanOfTheFirstAnswers(t *testing.T) {
	var u Upstream
	assert.Zero(t, u.Latency(simEpoch))
	u.latency.observe(10*time.Millisecond, simEpoch)
	assert.InDelta(t, 10, usual(&u, 0), .01)
	u.latency.observe(1000*time.Millisecond, simEpoch)
	assert.InDelta(t, 100, usual(&u, 0), .01, "the geometric one")
	for range 1000 {
		u.latency.observe(20*time.Millisecond, simEpoch)
	}
	assert.InDelta(t, 20, usual(&u, 0), .1, "the latest count most")
	u.latency.observe(20*time.Second, simEpoch)
	assert.InDelta(t, 24.8, usual(&u, 0), .1, "one that is slow counts little")
}

func TestLatencyHoldsAndThenHalves(t *testing.T) {
	var u Upstream
	u.latency.observe(80*time.Millisecond, simEpoch)
	assert.InDelta(t, 80, usual(&u, latencyHold), .01)
	assert.InDelta(t, 40, usual(&u, latencyHold+latencyHalf), .01)
	assert.InDelta(t, 10, usual(&u, latencyHold+3*latencyHalf), .01)
	assert.InDelta(t, 0, usual(&u, 24*time.Hour), .01)
	u.latency.observe(50*time.Millisecond, simEpoch.Add(latencyHold))
	assert.InDelta(t, 50, usual(&u, latencyHold), .01, "what it was counts no more")
}

func TestASampleCountsMoreTheOlderTheOthersAre(t *testing.T) {
	var u Upstream
	for range 100 {
		u.latency.observe(80*time.Millisecond, simEpoch)
	}
	u.latency.observe(20*time.Millisecond, simEpoch.Add(latencyHold/2))
	assert.InDelta(t, 40, usual(&u, latencyHold/2), .01)
}
