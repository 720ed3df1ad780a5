package flight

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var errMade = errors.New("it could not be made")

// group is a Group with what is made in it: each making waits until it is told to end.
type group struct {
	Group[string, int]
	made  atomic.Int64
	end   chan struct{}
	cause chan error // of makings that were cancelled
}

func newGroup() *group { return &group{end: make(chan struct{}), cause: make(chan error, 10)} }

// make is the number of a making.
func (g *group) make(ctx context.Context) (int, error) {
	n := int(g.made.Add(1))
	select {
	case <-g.end:
		return n, nil
	case <-ctx.Done():
		g.cause <- context.Cause(ctx)
		return 0, ctx.Err()
	}
}

// result is what somebody who has joined gets, and how he leaves.
type result struct {
	value int
	leave func()
	err   error
}

// join joins in the background, and returns when it waits.
func (g *group) join(ctx context.Context, key string) <-chan result {
	got := make(chan result, 1)
	go func() {
		value, leave, err := g.Join(ctx, key, g.make)
		got <- result{value, leave, err}
	}()
	synctest.Wait()
	return got
}

// isEmpty reports whether the group has nothing in it any more.
func (g *group) isEmpty() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.flying)+len(g.aside) == 0
}

func TestWhoWantsOneThingSharesItsMaking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGroup()
		var all []<-chan result
		for range 20 {
			all = append(all, g.join(t.Context(), "a"))
		}
		other := g.join(t.Context(), "b")
		close(g.end)
		for _, one := range all {
			got := <-one
			require.NoError(t, got.err)
			assert.Equal(t, 1, got.value)
			defer got.leave()
		}
		assert.Equal(t, 2, (<-other).value)
		assert.True(t, g.isEmpty(), "though nobody has left yet")

		value, leave, err := g.Join(t.Context(), "a", g.make)
		defer leave()
		require.NoError(t, err)
		assert.Equal(t, 3, value, "later it is made anew")
	})
}

func TestTheLastWhoLeavesCancels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGroup()
		first, leaveFirst := context.WithCancel(t.Context())
		second, leaveSecond := context.WithCancel(t.Context())
		gotFirst, gotSecond := g.join(first, "a"), g.join(second, "a")
		leaveFirst()
		got := <-gotFirst
		require.ErrorIs(t, got.err, context.Canceled)
		got.leave()
		synctest.Wait()
		assert.Empty(t, g.cause, "somebody waits still")
		leaveSecond()
		(<-gotSecond).leave()
		assert.True(t, g.isEmpty(), "who comes now begins anew, though the old making has not ended yet")
		assert.Equal(t, context.Canceled, <-g.cause)
	})
}

func TestWhatIsStartedIsNotCancelledByWhoLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGroup()
		assert.True(t, g.Start("a", g.make))
		assert.False(t, g.Start("a", g.make))
		ctx, leave := context.WithCancel(t.Context())
		got := g.join(ctx, "a")
		leave()
		(<-got).leave()
		synctest.Wait()
		assert.Empty(t, g.cause)
		close(g.end)
		g.Wait()
		assert.True(t, g.isEmpty())
		assert.EqualValues(t, 1, g.made.Load())
	})
}

func TestAHeldValueIsThereWhileItIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGroup()
		g.Holds = true
		close(g.end)
		first := <-g.join(t.Context(), "a")
		second := <-g.join(t.Context(), "a")
		assert.Equal(t, []int{1, 1}, []int{first.value, second.value})
		first.leave()
		third := <-g.join(t.Context(), "a")
		assert.Equal(t, 1, third.value)
		second.leave()
		third.leave()
		assert.True(t, g.isEmpty())
		last := <-g.join(t.Context(), "a")
		assert.Equal(t, 2, last.value)
		last.leave()

		fails := func(context.Context) (int, error) { return 0, errMade }
		_, leave, err := g.Join(t.Context(), "a", fails)
		require.ErrorIs(t, err, errMade)
		assert.True(t, g.isEmpty(), "a failure is for those who have waited")
		leave()
	})
}

func TestAPanicIsAnError(t *testing.T) {
	var g Group[string, int]
	_, leave, err := g.Join(t.Context(), "a", func(context.Context) (int, error) { panic("a mistake") })
	leave()
	require.EqualError(t, err, "panicked: a mistake")
	crash, ok := errors.AsType[*PanicError](err)
	require.True(t, ok)
	assert.Contains(t, string(crash.Stack), "TestAPanicIsAnError")
}

func TestAMakingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGroup()
		g.Timeout = time.Minute
		begin := time.Now()
		got := <-g.join(t.Context(), "a")
		require.ErrorIs(t, got.err, context.DeadlineExceeded)
		assert.Equal(t, time.Minute, time.Since(begin))
		got.leave()
	})
}

func TestNobodyJoinsWhatWasSetAside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGroup()
		before, other := g.join(t.Context(), "a"), g.join(t.Context(), "b")
		g.SetAside(func(key string) bool { return key == "a" })
		after := g.join(t.Context(), "a")
		close(g.end)
		for want, one := range map[int]<-chan result{1: before, 2: other, 3: after} {
			got := <-one
			require.NoError(t, got.err)
			assert.Equal(t, want, got.value)
			got.leave()
		}
		assert.True(t, g.isEmpty())
	})
}

func TestCloseCancelsAndWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		errClosed := errors.New("the edge ends")
		g := newGroup()
		joined := g.join(t.Context(), "a")
		g.SetAside(func(string) bool { return true })
		g.Start("a", g.make)
		finish := make(chan struct{})
		g.Start("b", func(context.Context) (int, error) { // it takes its time
			<-finish
			return 0, nil
		})
		leader, _ := g.Lead(t.Context(), "led", time.Minute)
		closed := make(chan struct{})
		go func() {
			g.Close(errClosed)
			close(closed)
		}()
		synctest.Wait()
		assert.Equal(t, []error{errClosed, errClosed}, []error{<-g.cause, <-g.cause}, "what was set aside, too")
		got := <-joined
		require.ErrorIs(t, got.err, context.Canceled)
		got.leave()
		select {
		case <-closed:
			assert.Fail(t, "closed while something is made")
		default:
		}
		close(finish)
		<-closed

		_, leave, err := g.Join(t.Context(), "a", g.make)
		require.ErrorIs(t, err, errClosed)
		leave()
		g.Start("a", g.make)
		g.Wait()
		assert.EqualValues(t, 2, g.made.Load(), "nothing is begun any more")
		leader.End()
		leader, _ = g.Lead(t.Context(), "led", time.Minute)
		require.NotNil(t, leader, "a request that leads is none of the group's")
		leader.End()
		assert.True(t, g.isEmpty())
	})
}

func TestFollowersWaitForTheirLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Group[string, struct{}]
		leader, landed := g.Lead(t.Context(), "a", time.Minute)
		require.NotNil(t, leader)
		require.False(t, landed)
		other, _ := g.Lead(t.Context(), "b", time.Minute)
		require.NotNil(t, other, "another thing has another leader")
		defer other.End()

		var followers sync.WaitGroup
		for range 20 {
			followers.Go(func() {
				leads, landed := g.Lead(t.Context(), "a", time.Minute)
				assert.Nil(t, leads)
				assert.True(t, landed)
			})
		}
		impatient, landed := g.Lead(t.Context(), "a", time.Second)
		assert.True(t, impatient == nil && !landed)
		ctx, leave := context.WithCancel(t.Context())
		leave()
		gone, landed := g.Lead(ctx, "a", time.Minute)
		assert.True(t, gone == nil && !landed)
		leader.End()
		followers.Wait()

		next, _ := g.Lead(t.Context(), "a", time.Minute)
		require.NotNil(t, next, "the place is free again")
		next.End()
	})
}

// Who would lead waits for what is made in the background, and that is not begun while somebody leads.
func TestALeaderAndABackgroundAreOneFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGroup()
		leader, _ := g.Lead(t.Context(), "a", time.Minute)
		g.Start("a", g.make)
		leader.End()
		g.Start("b", g.make)
		time.AfterFunc(time.Second, func() { close(g.end) })
		follower, landed := g.Lead(t.Context(), "b", time.Minute)
		assert.Nil(t, follower)
		assert.True(t, landed)
		assert.EqualValues(t, 1, g.made.Load())
	})
}

// Many come and leave at any moment: who stays never gets what came of a making that was cancelled, and nothing is
// left.
func TestComingAndLeavingAtOnce(t *testing.T) {
	var g Group[int, int]
	var clients sync.WaitGroup
	for client := range 8 {
		clients.Go(func() {
			for i := range 200 {
				key := i % 4
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration((client+i)%3)*100*time.Microsecond)
				value, leave, err := g.Join(ctx, key, func(ctx context.Context) (int, error) {
					if i%5 == 0 {
						<-ctx.Done()
					}
					return key, ctx.Err()
				})
				if i%7 == 0 {
					g.SetAside(func(other int) bool { return other == key })
				}
				switch {
				case err == nil:
					assert.Equal(t, key, value)
				case ctx.Err() == nil:
					assert.NoError(t, err)
				}
				leave()
				cancel()
			}
		})
	}
	clients.Wait()
	g.Wait()
	assert.Empty(t, g.flying)
	assert.Empty(t, g.aside)
}
