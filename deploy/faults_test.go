package deploy

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// answer notes answers of upstreams to a route in turn, and returns which of them are found to fail.
func (f *faults) answer(us []*Upstream, n int, route string, statusOf func(i int) int) (found []int) {
	for range n {
		for i, u := range us {
			if f.note(u, route, statusOf(i), simEpoch) {
				found = append(found, i)
			}
		}
	}
	return found
}

func firstFails(i int) int {
	if i == 0 {
		return 502
	}
	return 200
}

func TestWhoFailsWhereOthersAnswerIsFound(t *testing.T) {
	var f faults
	assert.Empty(t, f.answer(upstreamsOf(3), maxFaults-1, "/", firstFails))
	assert.Equal(t, []int{0}, new(faults).answer(upstreamsOf(3), maxFaults, "/", firstFails))
}

func TestFailuresOfSeveralRoutesCountTogether(t *testing.T) {
	var f faults
	us := upstreamsOf(2)
	for i := range maxFaults - 1 {
		assert.Empty(t, f.answer(us, 1, fmt.Sprint("/", i), firstFails))
	}
	assert.Equal(t, []int(nil), f.answer(us[:1], 1, "/last", firstFails), "no other has answered it yet")
	assert.Empty(t, f.answer(us[1:], 1, "/last", func(int) int { return 200 }))
	assert.Equal(t, []int{0}, f.answer(us[:1], 1, "/last", firstFails))
}

func TestARouteThatIsBrokenEverywhereIsNobodysFault(t *testing.T) {
	var f faults
	us := upstreamsOf(3)
	for range 20 {
		assert.Empty(t, f.answer(us, 5, "/broken", func(int) int { return 500 }))
		assert.Empty(t, f.answer(us, 5, "/well", func(int) int { return 200 }))
	}
	alone := new(faults).answer(us[:1], 50, "/broken", func(int) int { return 500 })
	assert.Empty(t, alone, "nor one that no other has answered")
}

func TestARouteThatFailsByChanceIsHardlyAnybodysFault(t *testing.T) {
	random, found := rand.New(rand.NewPCG(1, 1)), 0
	const runs = 500
	for range runs {
		found += len(new(faults).answer(upstreamsOf(3), 100, "/flaky", func(int) int { return 200 + 300*random.IntN(2) }))
	}
	assert.Less(t, found, runs/20)
}

func TestFailuresAreForgotten(t *testing.T) {
	var f faults
	us := upstreamsOf(2)
	f.answer(us, maxFaults-1, "/", firstFails)
	assert.True(t, f.counting.Load())
	later := simEpoch.Add(faultWindow + 1)
	assert.False(t, f.note(us[1], "/other", 200, later))
	assert.False(t, f.counting.Load(), "nothing is counted while nothing fails")
	assert.False(t, f.note(us[0], "/", 500, later))

	f = faults{}
	f.answer(us, maxFaults-1, "/", firstFails)
	f.note(us[0], "/other", 500, later.Add(-time.Second))
	assert.False(t, f.note(us[0], "/", 500, later), "though others are counted still")
}

func TestFewRoutesAreCounted(t *testing.T) {
	var f faults
	us := upstreamsOf(2)
	for i := range 2 * maxFaultyRoutes {
		f.note(us[0], fmt.Sprint("/", i), 500, simEpoch)
	}
	assert.Len(t, f.routes, maxFaultyRoutes)
	later := simEpoch.Add(faultWindow + 1)
	assert.Equal(t, false, f.note(us[0], "/new", 500, later))
	assert.Len(t, f.routes, 1)
}
