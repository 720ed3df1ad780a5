package deploy

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestASlowUpstreamCostsLittle(t *testing.T) {
	for _, s := range []scenario{
		{name: "10 ms, no queue", rate: 100},
		{name: "10 ms of CPU", rate: 100, cpu: 1},
		{name: "mixed routes", rate: 100, cpu: .5, sigma: 1},
		{name: "mixed routes", rate: 150, cpu: .5, sigma: 1},
	} {
		s.name = fmt.Sprintf("one of three 10x slower, %.0f/s, %s", s.rate, s.name)
		s.upstreams, s.mean, s.lasts, s.slowness = 3, 10*time.Millisecond, 2*time.Minute, slowFirst(10)
		f := s.compare(t, allPolicies...)
		assert.LessOrEqual(t, f["ours"].p99, .5*f["random"].p99, s.name)
		assert.LessOrEqual(t, f["ours"].p99, f["least_conn"].p99, s.name)
	}
}

func TestOneSlowUpstreamOfFiftyCostsLittle(t *testing.T) {
	s := scenario{
		name: "one of fifty 10x slower, 2000/s, mixed routes", upstreams: 50, rate: 2000, lasts: 10 * time.Second,
		mean: 10 * time.Millisecond, cpu: .5, sigma: 1, slowness: slowFirst(10),
	}
	f := s.compare(t, allPolicies...)
	assert.LessOrEqual(t, f["ours"].p99, f["random"].p99)
	assert.LessOrEqual(t, f["ours"].p99, f["least_conn"].p99)
}

func TestEqualUpstreamsAreBalancedAsWellAsByLeastConn(t *testing.T) {
	for _, s := range []scenario{
		{upstreams: 3, rate: 100, sigma: 1},
		{upstreams: 3, rate: 100, sigma: 1.5},
		{upstreams: 3, rate: 240, sigma: 1},
		{upstreams: 10, rate: 800, sigma: 1.5},
		{upstreams: 2, rate: 20, sigma: 1.5},
	} {
		s.name = fmt.Sprintf("%d equal, %.0f/s, routes of 20 ms that differ by e^%.1f", s.upstreams, s.rate, s.sigma)
		s.lasts, s.mean, s.cpu = 2*time.Minute, 20*time.Millisecond, .5
		f := s.compare(t, "ours", "least_conn", "random_choose 2")
		assert.LessOrEqual(t, f["ours"].p99, 1.05*f["least_conn"].p99, s.name)
		assert.LessOrEqual(t, f["ours"].uneven, 1.1*f["least_conn"].uneven, s.name)
		// One request is more than 5 % of any of these.
		assert.LessOrEqual(t, f["ours"].imbalance, 1.05*f["least_conn"].imbalance+1, s.name)
	}
}

func TestAnUpstreamThatRecoversGetsItsShareAgain(t *testing.T) {
	for _, rate := range []float64{20, 100, 200} {
		s := scenario{
			name:      fmt.Sprintf("one of three 10x slower from 30 s to 60 s, %.0f/s; share from 80 s to 90 s", rate),
			upstreams: 3, rate: rate, lasts: 100 * time.Second, mean: 10 * time.Millisecond, cpu: .5, sigma: .5,
			slowness: func(upstream int, at time.Duration) float64 {
				if upstream == 0 && at >= 30*time.Second && at < 60*time.Second {
					return 10
				}
				return 1
			},
			share: [2]time.Duration{80 * time.Second, 90 * time.Second},
		}
		f := s.compare(t, allPolicies...)
		assert.Greater(t, f["ours"].share, .25, s.name)
		assert.Less(t, f["ours"].share, .42, s.name)
		assert.LessOrEqual(t, f["ours"].p99, f["least_conn"].p99, s.name)
	}
}
