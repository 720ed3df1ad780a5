package deploy

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// zoneOf returns a zone of upstreams as they are given.
func zoneOf(members ...Member) *Zone {
	zone := &Zone{}
	for i := range members {
		if members[i].Upstream == nil {
			members[i].Upstream = &Upstream{Address: modelAddress(i)}
		}
		zone.Deployment.Members = append(zone.Deployment.Members, &members[i])
	}
	zone.settle(map[string]Drained{}, simEpoch)
	return zone
}

// counts picks n times, ends each try at once, and returns how often each upstream was chosen.
func (z *Zone) counts(t testing.TB, b Balance, n int, tried ...*Upstream) []int {
	t.Helper()
	chosen := map[*Upstream]int{}
	for turn := range n {
		try, err := z.pick(b, uint64(turn), simEpoch, tried, Affinity{})
		require.NoError(t, err)
		chosen[try.Upstream]++
		try.End()
	}
	list := make([]int, len(z.Deployment.Members))
	for i, member := range z.Deployment.Members {
		list[i] = chosen[member.Upstream]
	}
	return list
}

func (z *Zone) upstream(i int) *Upstream { return z.Deployment.Members[i].Upstream }

var (
	isDown     = Member{checked: down}
	isEjected  = Member{ejected: true}
	isDraining = Member{Gone: true}
)

func TestEqualUpstreamsTakeTurns(t *testing.T) {
	assert.Equal(t, []int{10, 10, 10}, zoneOfMany(3).counts(t, Balance{}, 30))
}

func TestTheLeastBusyIsChosen(t *testing.T) {
	zone := zoneOfMany(3)
	zone.upstream(0).begin(0)
	zone.upstream(2).begin(0)
	assert.Equal(t, []int{0, 30, 0}, zone.counts(t, Balance{}, 30))
	zone.upstream(1).begin(0)
	zone.upstream(1).begin(0)
	assert.Equal(t, []int{15, 0, 15}, zone.counts(t, Balance{}, 30)[:3])
}

func TestStreamsBreakTiesOnly(t *testing.T) {
	zone := zoneOfMany(2)
	for range 1000 {
		try := Try{Upstream: zone.upstream(0), occupies: true}
		try.Upstream.begin(0)
		try.Release()
	}
	assert.Equal(t, []int{0, 30}, zone.counts(t, Balance{}, 30))
	zone.upstream(1).begin(0)
	assert.Equal(t, []int{30, 0}, zone.counts(t, Balance{}, 30), "one request is more than a thousand streams")
}

func TestTriedOnesArePassedOver(t *testing.T) {
	zone := zoneOfMany(3)
	counts := zone.counts(t, Balance{}, 30, zone.upstream(0))
	assert.Zero(t, counts[0])
	assert.Equal(t, []int{0, 0, 30}, zone.counts(t, Balance{}, 30, zone.upstream(0), zone.upstream(1)))
	assert.Equal(t, []int{10, 10, 10}, zone.counts(t, Balance{}, 30, zone.upstream(0), zone.upstream(1), zone.upstream(2)),
		"all of them were: the request may go to one again")
}

func TestUnfitOnesAreTriedWhenNoneIsFit(t *testing.T) {
	zone := zoneOf(isDown, Member{}, isEjected, isDraining)
	assert.Equal(t, []int{0, 30, 0, 0}, zone.counts(t, Balance{}, 30))
	assert.Equal(t, []int{15, 0, 15, 0}, zone.counts(t, Balance{}, 30, zone.upstream(1)), "the fit one was tried")
	assert.Equal(t, []int{15, 15, 0}, zoneOf(isDown, isEjected, isDraining).counts(t, Balance{}, 30))
}

func TestDrainedOnesAreNeverTried(t *testing.T) {
	zone := zoneOf(isDraining)
	_, err := zone.pick(Balance{}, 0, simEpoch, nil, Affinity{})
	assert.ErrorIs(t, err, ErrNoUpstream)
	_, err = zone.pick(Balance{}, 0, simEpoch, nil, Affinity{Upstream: zone.upstream(0), Key: 7})
	assert.ErrorIs(t, err, ErrNoUpstream)
	_, err = zoneOf().pick(Balance{}, 0, simEpoch, nil, Affinity{})
	assert.ErrorIs(t, err, ErrNoUpstream)
}

func TestTheLowestPriorityThatIsFitIsUsed(t *testing.T) {
	first, second, third := Member{Priority: 10}, Member{Priority: 20}, Member{Priority: 30}
	assert.Equal(t, []int{0, 30, 0}, zoneOf(second, first, third).counts(t, Balance{}, 30))
	firstDown := Member{Priority: 10, checked: down}
	zone := zoneOf(firstDown, second, third)
	assert.Equal(t, []int{0, 30, 0}, zone.counts(t, Balance{}, 30))
	assert.Equal(t, []int{0, 0, 30}, zone.counts(t, Balance{}, 30, zone.upstream(1)))
}

func TestBusyOnesArePassedOver(t *testing.T) {
	b := Balance{MaxConcurrent: 1}
	zone := zoneOf(Member{}, Member{}, isDown)
	first, err := zone.pick(b, 0, simEpoch, nil, Affinity{})
	require.NoError(t, err)
	second, err := zone.pick(b, 0, simEpoch, nil, Affinity{Upstream: first.Upstream})
	require.NoError(t, err)
	assert.NotEqual(t, first.Upstream, second.Upstream, "though it belongs to the first")
	_, err = zone.pick(b, 0, simEpoch, nil, Affinity{})
	assert.ErrorIs(t, err, ErrBusy, "the one that is down is no help")
	_, err = zone.pick(b, 0, simEpoch, []*Upstream{first.Upstream}, Affinity{})
	assert.ErrorIs(t, err, ErrBusy)

	second.Release() // its answer is a stream
	third, err := zone.pick(b, 0, simEpoch, nil, Affinity{})
	require.NoError(t, err)
	assert.Equal(t, second.Upstream, third.Upstream)
	first.End()
	_, err = zone.pick(b, 0, simEpoch, []*Upstream{first.Upstream}, Affinity{})
	assert.ErrorIs(t, err, ErrBusy, "the other may have room in a moment; that one has refused")
}

func TestBeginCountsUpToItsLimit(t *testing.T) {
	var u Upstream
	assert.True(t, u.begin(2))
	assert.True(t, u.begin(2))
	assert.False(t, u.begin(2))
	assert.Equal(t, int64(2), u.Occupied())
	assert.Equal(t, int64(2), u.InFlight())
	assert.True(t, u.begin(0))
}

func TestMaxConcurrentIsNeverExceeded(t *testing.T) {
	const limit, upstreams, requests = 3, 4, 64
	rotation := rotationOfMany(t, upstreams)
	rotation.balance.MaxConcurrent = limit
	var most, busy, done atomic.Int64
	var at [upstreams]atomic.Int64
	index := map[*Upstream]int{}
	for i, upstream := range rotation.Upstreams() {
		index[upstream] = i
	}
	unfit := rotation.Upstreams()[0]
	rotation.Refused(unfit, errors.New("refused"))
	isUnfit := func() bool { return rotation.Zone().memberOf(unfit).State == Unhealthy }
	require.Eventually(t, isUnfit, 20*time.Second, time.Millisecond)
	var running sync.WaitGroup
	for range requests {
		running.Go(func() {
			for range 500 {
				try, err := rotation.Pick(simEpoch, nil, Affinity{})
				if err != nil {
					assert.ErrorIs(t, err, ErrBusy)
					busy.Add(1)
					continue
				}
				assert.NotSame(t, unfit, try.Upstream, "others are busy, but fit")
				now := at[index[try.Upstream]].Add(1)
				for before := most.Load(); now > before && !most.CompareAndSwap(before, now); before = most.Load() {
				}
				assert.LessOrEqual(t, try.Upstream.Occupied(), int64(limit))
				at[index[try.Upstream]].Add(-1)
				try.End()
				done.Add(1)
			}
		})
	}
	running.Wait()
	assert.LessOrEqual(t, most.Load(), int64(limit))
	assert.Equal(t, int64(requests*500), busy.Load()+done.Load())
	for _, upstream := range rotation.Upstreams() {
		assert.Zero(t, upstream.Occupied())
		assert.Zero(t, upstream.InFlight())
	}
}

func TestSlowStartGivesAGrowingShare(t *testing.T) {
	for name, inFlight := range map[string]int{"little load": 0, "much load": 90} {
		t.Run(name, func(t *testing.T) {
			zone := zoneOfMany(3)
			zone.Deployment.Members[0].Ramp = simEpoch
			random := rand.New(rand.NewPCG(1, 1))
			// As many requests as that are in flight at any time, and end in any order.
			var tries []Try
			last, turn := 0.0, uint64(0)
			for _, part := range []float64{0, .25, .5, .75, 1} {
				now, chosen := simEpoch.Add(time.Duration(part*float64(10*time.Second))), 0
				for range 6000 {
					turn++
					try, err := zone.pick(Balance{SlowStart: 10 * time.Second}, turn, now, nil, Affinity{})
					require.NoError(t, err)
					if try.Upstream == zone.upstream(0) {
						chosen++
					}
					if tries = append(tries, try); len(tries) > inFlight {
						i := random.IntN(len(tries))
						tries[i].End()
						tries[i] = tries[len(tries)-1]
						tries = tries[:len(tries)-1]
					}
				}
				share := float64(chosen) / 6000
				assert.Greater(t, share, last, "after %.0f %% of the time", part*100)
				if part == 0 {
					assert.InDelta(t, .03, share, .03)
				}
				last = share
			}
			assert.InDelta(t, 1.0/3, last, .03)
		})
	}
}

func TestSlowOnesAreSpared(t *testing.T) {
	zone := zoneOfMany(3)
	for i, took := range []time.Duration{10 * time.Millisecond, 15 * time.Millisecond, 200 * time.Millisecond} {
		for range minSamples {
			zone.upstream(i).latency.observe(took, simEpoch)
		}
	}
	assert.Equal(t, []int{15, 15, 0}, zone.counts(t, Balance{}, 30), "within a factor of two they are equal")
}

func TestFailingOnesAreSparedThoughTheyAreQuick(t *testing.T) {
	zone := zoneOfMany(3)
	answer := func(status int) {
		try := newTry(zone.upstream(0))
		try.Upstream.begin(0)
		try.Sent(simEpoch)
		try.Answered(status, simEpoch)
		try.End()
	}
	answer(500)
	assert.Equal(t, []int{0, 15, 15}, zone.counts(t, Balance{}, 30))
	zone.upstream(1).begin(0)
	zone.upstream(2).begin(0)
	assert.Equal(t, []int{10, 10, 10}, zone.counts(t, Balance{}, 30), "one error is as one request more")
	for range 100 {
		answer(500)
	}
	assert.Equal(t, []int{0, 15, 15}, zone.counts(t, Balance{}, 30))
	answer(404)
	assert.Equal(t, []int{30, 0, 0}, zone.counts(t, Balance{}, 30), "it answers again")
	answer(500)
	assert.Zero(t, zone.upstream(0).errorsAt(simEpoch.Add(errorsHold+1).UnixNano()), "it is tried again")
}

func TestWhoWasAwayIsNotFloodedForItsOldLatency(t *testing.T) {
	zone := zoneOfMany(3)
	long := simEpoch.Add(-time.Hour)
	for range minSamples {
		zone.upstream(0).latency.observe(10*time.Millisecond, long) // drained since
		zone.upstream(1).latency.observe(10*time.Millisecond, simEpoch)
		zone.upstream(2).latency.observe(10*time.Millisecond, simEpoch)
	}
	zone.upstream(0).begin(0)
	assert.Equal(t, []int{0, 15, 15}, zone.counts(t, Balance{}, 30))
}

func TestAnUpstreamIsNotJudgedByItsFirstAnswers(t *testing.T) {
	zone := zoneOfMany(2)
	for range minSamples {
		zone.upstream(0).latency.observe(10*time.Millisecond, simEpoch)
	}
	for range minSamples - 1 {
		zone.upstream(1).latency.observe(time.Second, simEpoch)
	}
	assert.Equal(t, []int{15, 15}, zone.counts(t, Balance{}, 30))
	zone.upstream(1).latency.observe(time.Second, simEpoch)
	assert.Equal(t, []int{30, 0}, zone.counts(t, Balance{}, 30))
}
