package deploy

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// nobody is an address at which nothing is: who asks there learns nothing that a test has not said.
const nobody = "unix//nobody/is/here"

// waitingZone is a zone with one upstream, of which nothing is there, and requests that wait for it.
type waitingZone struct {
	*Rotation
	t     testing.TB
	fleet observed
}

func newWaitingZone(t *testing.T, balance Balance, size int) *waitingZone {
	t.Helper()
	fleet := openFleet(t, Settings{})
	r := fleet.Join(ZoneSettings{
		ID: "web", Name: "web", Sources: sourcesAt(nobody), Balance: balance, Queue: QueueSettings{size, time.Minute}, Repeats: true,
	})
	t.Cleanup(r.Leave)
	return &waitingZone{r, t, fleet}
}

// is says whether the upstream answers.
func (z *waitingZone) is(isUp bool, fault Fault) {
	z.t.Helper()
	z.fleet.order(z.t, Check{ID: "web", Address: nobody, Up: isUp, Why: "a test says so", Fault: fault})
}

// waitResult is what has become of a request that has waited.
type waitResult struct {
	number int
	try    Try
	err    error
}

// await has requests wait, one after the other.
func (z *waitingZone) await(ctx context.Context, requests int, outcomes chan<- waitResult) {
	z.t.Helper()
	for i := range requests {
		before := z.Waiting()
		go func() {
			try, err := z.Await(ctx, time.Now().Add(time.Minute), Affinity{}, false)
			outcomes <- waitResult{i, try, err}
		}()
		require.Eventually(z.t, func() bool { return z.Waiting() == before+1 }, time.Minute, time.Millisecond)
	}
}

func TestRequestsWaitInTheirOrder(t *testing.T) {
	t.Parallel()
	z := newWaitingZone(t, Balance{MaxConcurrent: 1}, 512)
	assert.False(t, z.MustWait())
	busy, err := z.Pick(time.Now(), nil, Affinity{})
	require.NoError(t, err)
	outcomes := make(chan waitResult, 8)
	z.await(t.Context(), 8, outcomes)
	assert.True(t, z.MustWait(), "nobody passes those that wait")
	for i := range 8 {
		busy.End()
		next := <-outcomes
		require.NoError(t, next.err)
		assert.Equal(t, i, next.number)
		busy = next.try
	}
	busy.End()
	assert.Zero(t, z.Zone().Find(nobody).InFlight())
	assert.False(t, z.MustWait())
}

func TestWhoWasTriedWaitsBeforeAllOthers(t *testing.T) {
	t.Parallel()
	z := newWaitingZone(t, Balance{}, 512)
	z.is(false, Refuses)
	outcomes := make(chan waitResult, 8)
	z.await(t.Context(), 4, outcomes)
	go func() {
		try, err := z.Await(t.Context(), time.Now().Add(time.Minute), Affinity{}, true)
		outcomes <- waitResult{-1, try, err}
	}()
	require.Eventually(t, func() bool { return z.Waiting() == 5 }, time.Minute, time.Millisecond)
	z.is(true, Errs)
	numbers := map[int]bool{}
	for range firstWindow {
		numbers[(<-outcomes).number] = true
	}
	assert.True(t, numbers[-1], "it is among the first")
	assert.False(t, numbers[3], "and the last of the others is not")
}

func TestAnApplicationThatIsBackIsNotRunOver(t *testing.T) {
	t.Parallel()
	z := newWaitingZone(t, Balance{}, 512)
	z.is(false, Silent)
	outcomes := make(chan waitResult, 64)
	z.await(t.Context(), 40, outcomes)
	z.is(true, Errs)
	var open []Try
	take := func(want int) {
		for range want {
			one := <-outcomes
			require.NoError(t, one.err)
			open = append(open, one.try)
		}
		assert.Empty(t, outcomes)
		assert.EqualValues(t, len(open), z.Zone().Find(nobody).InFlight())
	}
	take(firstWindow)
	for range firstWindow { // each answer lets two follow
		open[0].Sent(time.Now())
		open[0].Answered(200, time.Now())
		open[0].End()
		open = open[1:]
		take(2)
	}
	assert.Len(t, open, 2*firstWindow)
	for len(open) > 0 { // those that fail let one follow
		waiting := z.Waiting()
		open[0].End()
		open = open[1:]
		take(int(min(waiting, 1)))
	}
	assert.Zero(t, z.Waiting())
	assert.False(t, z.MustWait())
}

func TestWhoWaitsInVainIsToldWhy(t *testing.T) {
	t.Parallel()
	z := newWaitingZone(t, Balance{}, 2)
	z.is(false, Silent)
	gone, leave := context.WithCancel(t.Context())
	outcomes := make(chan waitResult, 2)
	z.await(gone, 2, outcomes)
	_, err := z.Await(t.Context(), time.Now().Add(time.Minute), Affinity{}, false)
	require.ErrorIs(t, err, ErrQueueFull)
	require.ErrorIs(t, err, ErrDown)
	assert.True(t, IsRefusal(err))
	leave()
	for range 2 {
		require.ErrorIs(t, (<-outcomes).err, context.Canceled)
	}
	assert.Zero(t, z.Waiting())
	_, err = z.Await(t.Context(), time.Now().Add(time.Millisecond), Affinity{}, false)
	require.ErrorIs(t, err, ErrQueueLate)
	z.is(true, Errs)
	z.fleet.order(t, Drain{Address: nobody})
	_, err = z.Await(t.Context(), time.Now().Add(time.Millisecond), Affinity{}, false)
	require.ErrorIs(t, err, ErrNoUpstream)
	assert.Zero(t, z.Zone().Find(nobody).InFlight())
}

// A pause ends at its time, or when it is told to; until then nothing is sent, and kept pages need not wait.
func TestRequestsWaitForTheEndOfAPause(t *testing.T) {
	t.Parallel()
	z := newWaitingZone(t, Balance{}, 512)
	z.fleet.order(t, Pause{"web", time.Now().Add(time.Hour)})
	_, err := z.Pick(time.Now(), nil, Affinity{})
	require.ErrorIs(t, err, ErrPaused)
	z.waits.Within = time.Millisecond
	outcomes := make(chan waitResult, 1)
	go func() {
		try, err := z.Await(t.Context(), time.Now().Add(time.Millisecond), Affinity{}, false)
		outcomes <- waitResult{0, try, err}
	}()
	require.Eventually(t, func() bool { return z.Waiting() == 1 }, time.Minute, time.Millisecond)
	time.Sleep(20 * time.Millisecond)
	assert.EqualValues(t, 1, z.Waiting(), "its deadline does not count")
	z.fleet.order(t, Resume{"web"})
	got := <-outcomes
	require.NoError(t, got.err)
	got.try.End()
}

// A reload that changes the zone has those that wait ask what it had.
func TestNobodyWaitsForAZoneThatHasEnded(t *testing.T) {
	t.Parallel()
	fleet := openFleet(t, Settings{})
	r := fleet.Join(ZoneSettings{ID: "web", Name: "web", Sources: sourcesAt(nobody), Queue: QueueSettings{8, time.Minute}})
	z := &waitingZone{r, t, fleet}
	z.is(false, Silent)
	outcomes := make(chan waitResult, 1)
	z.await(t.Context(), 1, outcomes)
	r.Leave()
	got := <-outcomes
	require.NoError(t, got.err)
	assert.Equal(t, nobody, got.try.Upstream.Dial)
	got.try.End()
}

// What is given to a request at the moment when it leaves is given back.
func TestNothingIsLostWhereManyComeAndGo(t *testing.T) {
	t.Parallel()
	z := newWaitingZone(t, Balance{MaxConcurrent: 3}, 64)
	var all sync.WaitGroup
	for i := range 2000 {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%7)*100*time.Microsecond)
			defer cancel()
			try, err := z.Await(ctx, time.Now().Add(time.Duration(i%5)*200*time.Microsecond), Affinity{}, i%11 == 0)
			if err == nil {
				try.Sent(time.Now())
				try.Answered(200, time.Now())
				try.End()
			}
		})
		if i%100 == 0 {
			z.is(i%200 == 0, Refuses)
		}
	}
	all.Wait()
	z.is(true, Errs)
	u := z.Zone().Find(nobody).Upstream
	assert.Zero(t, u.InFlight())
	assert.Zero(t, u.Occupied())
	assert.Zero(t, z.Waiting())
	assert.Zero(t, z.traffic.queue.unanswered)
}

func TestFewRequestsAreSentOnceMore(t *testing.T) {
	t.Parallel()
	z := newWaitingZone(t, Balance{}, 1)
	repeated := func(of int) (count int) {
		for range of {
			if z.MayRepeat() {
				count++
			}
		}
		return count
	}
	assert.Equal(t, repeatBurst, repeated(100), "at once")
	for range 50 {
		try, err := z.Pick(time.Now(), nil, Affinity{})
		require.NoError(t, err)
		try.End()
	}
	assert.Equal(t, 10, repeated(100), "a fifth of those that came since")
}
