package imageopt

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// entering enters in the background and tells what came of it.
func entering(ctx context.Context, q *queue, weight int) (entered chan func(), failed chan error) {
	entered, failed = make(chan func(), 1), make(chan error, 1)
	go func() {
		leave, err := q.enter(ctx, weight)
		if err != nil {
			failed <- err
			return
		}
		entered <- leave
	}()
	return entered, failed
}

func TestQueueIsServedInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(4, 10, time.Hour)
		leaveFirst, err := q.enter(t.Context(), 3)
		require.NoError(t, err)
		wide, _ := entering(t.Context(), q, 4)
		synctest.Wait()
		narrow, _ := entering(t.Context(), q, 1)
		synctest.Wait()
		assert.Empty(t, wide)
		assert.Empty(t, narrow, "would fit, but is not first")
		running, waiting := q.load()
		assert.Equal(t, []int{3, 2}, []int{running, waiting})
		leaveFirst()
		synctest.Wait()
		require.Len(t, wide, 1)
		assert.Empty(t, narrow)
		(<-wide)()
		synctest.Wait()
		require.Len(t, narrow, 1)
		(<-narrow)()
		running, waiting = q.load()
		assert.Zero(t, running+waiting)
	})
}

func TestQueueLetsOthersGoBeforeThoseBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(4, 10, time.Hour)
		leaveFirst, err := q.enter(t.Context(), 3)
		require.NoError(t, err)
		var order []string
		for _, job := range []struct {
			name string
			waiter
		}{
			{"wide behind", waiter{weight: 4, behind: true}},
			{"narrow behind", waiter{weight: 1, behind: true}},
			{"wide", waiter{weight: 4}},
			{"heavy", waiter{weight: 4}},
		} {
			go func() {
				leave, err := q.enterAs(t.Context(), job.waiter)
				if assert.NoError(t, err) {
					order = append(order, job.name)
					leave()
				}
			}()
			synctest.Wait()
		}
		assert.Empty(t, order)
		leaveFirst()
		synctest.Wait()
		assert.Equal(t, []string{"wide", "heavy", "wide behind", "narrow behind"}, order)

		// Who fits does not wait for those behind.
		leaveFirst, err = q.enter(t.Context(), 3)
		require.NoError(t, err)
		go func() {
			leave, err := q.enterAs(t.Context(), waiter{weight: 4, behind: true})
			if assert.NoError(t, err) {
				leave()
			}
		}()
		synctest.Wait()
		leave, err := q.enter(t.Context(), 1)
		require.NoError(t, err)
		leave()
		leaveFirst()
	})
}

func TestQueueTakesWhatIsTooHeavyAsAll(t *testing.T) {
	q := newQueue(2, 0, time.Hour)
	leave, err := q.enter(t.Context(), 9)
	require.NoError(t, err)
	_, err = q.enter(t.Context(), 1)
	assert.ErrorIs(t, err, ErrBusy)
	leave()
	leave, err = q.enter(t.Context(), 1)
	require.NoError(t, err)
	leave()
}

func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, 2, time.Minute)
		leave, err := q.enter(t.Context(), 1)
		require.NoError(t, err)
		_, failedA := entering(t.Context(), q, 1)
		_, failedB := entering(t.Context(), q, 1)
		synctest.Wait()
		_, err = q.enter(t.Context(), 1)
		assert.ErrorIs(t, err, ErrBusy, "a third one does not wait")
		start := time.Now()
		assert.ErrorIs(t, <-failedA, ErrBusy)
		assert.ErrorIs(t, <-failedB, ErrBusy)
		assert.Equal(t, time.Minute, time.Since(start), "of the bubble's clock")
		leave()
		_, waiting := q.load()
		assert.Zero(t, waiting)
	})
}

func TestQueueIsLeftByWhoGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(2, 10, time.Hour)
		leave, err := q.enter(t.Context(), 1)
		require.NoError(t, err)
		gone := errors.New("the client is gone")
		ctx, cancel := context.WithCancelCause(t.Context())
		_, failed := entering(ctx, q, 2)
		synctest.Wait()
		behind, _ := entering(t.Context(), q, 1)
		synctest.Wait()
		assert.Empty(t, behind)
		cancel(gone)
		assert.ErrorIs(t, <-failed, context.Canceled)
		synctest.Wait()
		require.Len(t, behind, 1, "what was in its way is gone")
		(<-behind)()
		leave()
	})
}

func TestQueueGrowsAtWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, 10, time.Hour)
		leave, err := q.enter(t.Context(), 1)
		require.NoError(t, err)
		second, _ := entering(t.Context(), q, 1)
		synctest.Wait()
		q.resize(2, 10, time.Hour)
		synctest.Wait()
		require.Len(t, second, 1)
		q.resize(1, 0, time.Hour)
		leave()
		_, err = q.enter(t.Context(), 1)
		assert.ErrorIs(t, err, ErrBusy, "one still runs")
		(<-second)()
		leave, err = q.enter(t.Context(), 1)
		require.NoError(t, err)
		leave()
	})
}
