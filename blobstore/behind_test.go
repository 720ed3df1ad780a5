package blobstore

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const noAnswer = "the shared store does not answer: its entries are missed"

// settled waits until the tier was told of all.
func (o observed) settled(t *testing.T) {
	t.Helper()
	eventually(t, "the tier is told", func() bool {
		o.behind.queue.mu.Lock()
		defer o.behind.queue.mu.Unlock()
		return len(o.behind.queue.open) == 0
	})
}

func TestTwoEdgesShare(t *testing.T) {
	shared := open(t, Settings{Dir: t.TempDir()})
	one := open(t, Settings{Dir: t.TempDir(), Behind: sharedStore{shared.Store}})
	two := open(t, Settings{Dir: t.TempDir(), Behind: sharedStore{shared.Store}})
	three := open(t, Settings{Memory: -1, Behind: sharedStore{shared.Store}}) // nothing of its own
	for n, size := range sizes {
		one.put(t, name(n), size)
		one.settled(t)
		two.requireHas(t, name(n), size)
		hits := two.Stats().Behind.Hits
		two.requireHas(t, name(n), size)
		require.Equal(t, hits, two.Stats().Behind.Hits, "it is its own now")
		three.requireHas(t, name(n), size)
		three.requireHas(t, name(n), size)
	}
	w, err := one.Create(key("streamed"), []byte("meta of streamed"))
	require.NoError(t, err)
	_, err = w.Write(body("streamed", 3_000_000))
	require.NoError(t, err)
	require.NoError(t, w.Commit())
	three.put(t, "of three", 1000)
	one.settled(t)
	three.settled(t)
	two.requireHas(t, "streamed", 3_000_000)
	two.requireHas(t, "of three", 1000)
	other := Key{"test", "other", "a"}
	require.NoError(t, one.Put(t.Context(), other, nil, nil))
	one.settled(t)

	two.Delete(key("streamed"))
	two.settled(t)
	two.requireMisses(t, "streamed")
	three.requireMisses(t, "streamed")
	three.DeleteGroup("test", "group")
	three.settled(t)
	three.requireMisses(t, name(1))
	shared.requireMisses(t, name(1))
	for _, s := range []observed{shared, three} {
		_, _, ok := s.get(t, other)
		require.True(t, ok)
	}
	three.DeleteSpace("test")
	three.settled(t)
	for _, s := range []observed{shared, three} {
		_, _, ok := s.get(t, other)
		require.False(t, ok)
	}
	for _, s := range []observed{one, two, three} {
		assert.Empty(t, s.warnings())
		assert.Zero(t, s.Stats().Behind.Dropped)
		assert.Zero(t, s.Stats().Behind.Failed)
	}
}

func TestTooLargeForTheTier(t *testing.T) {
	shared := open(t, Settings{})
	s := open(t, Settings{Dir: t.TempDir(), Behind: sharedStore{shared.Store}, BehindLargest: 1000})
	s.put(t, "a", 1000)
	s.settled(t)
	shared.requireHas(t, "a", 1000)
	s.put(t, "a", 1001)
	s.settled(t)
	shared.requireMisses(t, "a") // it must not keep what is outdated
	s.requireHas(t, "a", 1001)
	require.EqualValues(t, 1, s.Stats().Behind.Dropped)
}

func TestTierThatFails(t *testing.T) {
	var down, groupFailed atomic.Bool
	down.Store(true)
	shared := open(t, Settings{})
	failing := &tier{Tier: sharedStore{shared.Store}, before: func(_ context.Context, what string) error {
		if down.Load() {
			if what == "delete group" {
				groupFailed.Store(true)
			}
			return errors.New("connection refused")
		}
		return nil
	}}
	grouped := Key{"test", "purged", "a"}
	require.NoError(t, shared.Put(t.Context(), grouped, nil, nil))
	shared.put(t, "deleted", 10)
	shared.put(t, "outdated", 10)
	shared.put(t, "theirs", 10)
	s := open(t, Settings{Dir: t.TempDir(), Behind: failing, retry: time.Millisecond})
	for n := range 20 {
		s.put(t, name(n), 10)
		s.requireHas(t, name(n), 10)
		s.requireMisses(t, "theirs")
	}
	s.put(t, "outdated", 20)
	s.Delete(key("deleted"))
	s.DeleteGroup("test", "purged")
	eventually(t, "changes fail", func() bool { return s.Stats().Behind.Failed > 30 && groupFailed.Load() })
	require.Equal(t, []string{noAnswer}, s.warnings())

	down.Store(false)
	s.settled(t)
	s.requireHas(t, "theirs", 10)
	s.requireMisses(t, "deleted")
	shared.requireMisses(t, "deleted")
	_, _, ok := shared.get(t, grouped)
	require.False(t, ok)
	if _, data, ok := shared.get(t, key("outdated")); ok { // told after it works again
		require.Equal(t, body("outdated", 20), data)
	}
	s.requireHas(t, "outdated", 20)
	down.Store(true)
	s.requireMisses(t, "none")
	require.Equal(t, []string{noAnswer, noAnswer}, s.warnings())
}

func TestTierThatHangs(t *testing.T) {
	shared := open(t, Settings{})
	hanging := &tier{Tier: sharedStore{shared.Store}, before: func(ctx context.Context, _ string) error {
		<-ctx.Done()
		return ctx.Err()
	}}
	s := open(t, Settings{Dir: t.TempDir(), Behind: hanging, BehindWait: time.Minute, BehindQueue: 10_000})
	for n := range 20 { // none of these waits for the tier, otherwise this takes twenty minutes
		s.put(t, name(n), 1000)
		s.requireHas(t, name(n), 1000)
		s.Delete(key(name(n)))
		s.requireMisses(t, name(n))
	}
	require.Positive(t, s.Stats().Behind.Dropped)
	require.NoError(t, s.Close())
}

// TestReadsOfAHangingTier: the first read waits as long as it may, and while the tier does not answer only one read at
// a time does.
func TestReadsOfAHangingTier(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	hang := atomic.Bool{}
	hanging := &tier{Tier: sharedStore{open(t, Settings{}).Store}, before: func(ctx context.Context, _ string) error {
		if !hang.Load() {
			<-ctx.Done()
			return ctx.Err()
		}
		asked <- struct{}{}
		<-answer
		return nil
	}}
	s := open(t, Settings{Behind: hanging, BehindWait: time.Millisecond})
	s.requireMisses(t, "a")
	require.Equal(t, []string{noAnswer}, s.warnings())
	require.EqualValues(t, 1, s.Stats().Behind.Failed)

	hang.Store(true)
	var probe sync.WaitGroup
	probe.Go(func() { s.requireMisses(t, "a") })
	<-asked
	for range 100 {
		s.requireMisses(t, "b") // while the other waits
	}
	close(answer)
	probe.Wait()
	require.EqualValues(t, 2, hanging.calls.Load())

	ended, stop := context.WithCancel(t.Context())
	stop()
	hang.Store(false)
	_, ok := s.Get(ended, key("a"))
	require.False(t, ok)
	require.Len(t, s.warnings(), 1, "a client that has gone says nothing of the tier")
}

// TestQueueIsBounded fills the queue while the tier is busy.
func TestQueueIsBounded(t *testing.T) {
	shared := open(t, Settings{})
	told, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	slow := &tier{Tier: sharedStore{shared.Store}, before: func(context.Context, string) error {
		once.Do(func() { close(told); <-release })
		return nil
	}}
	shared.put(t, "outdated", 10)
	s := open(t, Settings{Behind: slow, BehindWait: time.Minute, BehindQueue: 100_000})
	s.put(t, "first", 10)
	<-told
	for n := range 9 {
		s.put(t, name(n), 10_000)
	}
	require.Zero(t, s.Stats().Behind.Dropped)
	s.put(t, "outdated", 20_000)
	require.EqualValues(t, 1, s.Stats().Behind.Dropped)
	require.Equal(t, 10, s.Stats().Behind.Queued, "its deletion waits in its place")
	for n := range queueLength {
		s.Delete(key(name(n)))
	}
	require.Equal(t, queueLength, s.Stats().Behind.Queued)
	require.EqualValues(t, 1+10, s.Stats().Behind.Dropped)
	close(release)
	s.settled(t)
	shared.requireHas(t, "first", 10)
	shared.requireMisses(t, "outdated")
}

// TestEvictedBeforeItIsTold: a large body is read from disk when the tier is told; what is gone by then is deleted
// there.
func TestEvictedBeforeItIsTold(t *testing.T) {
	shared := open(t, Settings{})
	shared.put(t, "a", 10)
	told, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s := open(t, Settings{Dir: t.TempDir(), BehindWait: time.Minute, Behind: &tier{Tier: sharedStore{shared.Store}, before: func(context.Context, string) error {
		once.Do(func() { close(told); <-release })
		return nil
	}}})
	s.awaitWalk(t) // it would find the file again
	s.put(t, "first", 10)
	<-told
	s.put(t, "a", smallBody+1)
	require.NoError(t, s.SetLimits(block, 0))
	close(release)
	s.settled(t)
	shared.requireMisses(t, "a")
	shared.requireHas(t, "first", 10)
}
