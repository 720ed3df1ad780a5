package blobstore

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestPendingChangesHideTheTier: what was deleted or replaced here is not found behind while the tier was not told.
func TestPendingChangesHideTheTier(t *testing.T) {
	shared := open(t, Settings{})
	for _, name := range []string{"deleted", "replaced", "theirs"} {
		shared.put(t, name, 10)
	}
	purged := []Key{{"purged", "", "a"}, {"purged", "b", "c"}, {"test", "purged", "a"}, {"test", "", "a"}}
	for _, k := range purged {
		require.NoError(t, shared.Put(t.Context(), k, nil, nil))
	}
	told, release := make(chan struct{}), make(chan struct{})
	slow := &tier{Tier: sharedStore{shared.Store}, before: func(_ context.Context, what string) error {
		if what == "put" {
			close(told)
			<-release
		}
		return nil
	}}
	s := open(t, Settings{Behind: slow, BehindWait: time.Minute})
	s.put(t, "replaced", 20)
	<-told
	s.evictFromMemory(t)
	s.Delete(key("deleted"))
	s.DeleteSpace("purged")
	s.DeleteGroup("test", "purged")
	s.DeleteGroup("test", "")
	s.requireMisses(t, "replaced")
	s.requireMisses(t, "deleted")
	for _, k := range purged {
		_, _, ok := s.get(t, k)
		require.False(t, ok)
	}
	require.EqualValues(t, 1, slow.calls.Load(), "of the put")
	s.requireHas(t, "theirs", 10)
	close(release)
	s.settled(t)
	s.requireHas(t, "replaced", 20)
	s.requireMisses(t, "deleted")
	for _, k := range purged {
		_, _, ok := shared.get(t, k)
		require.False(t, ok)
	}
}

// TestDeletedWhileTheTierAnswers: an answer that was asked for before a Delete is not kept after it.
func TestDeletedWhileTheTierAnswers(t *testing.T) {
	for what, remove := range map[string]func(*Store){
		"key":   func(s *Store) { s.Delete(key("a")) },
		"group": func(s *Store) { s.DeleteGroup("test", "group") },
		"space": func(s *Store) { s.DeleteSpace("test") },
	} {
		t.Run(what, func(t *testing.T) {
			shared := open(t, Settings{})
			shared.put(t, "a", 10)
			var s observed
			s = open(t, Settings{Dir: t.TempDir(), Behind: &afterGet{sharedStore{shared.Store}, func() { remove(s.Store) }}})
			s.requireHas(t, "a", 10)
			s.settled(t)
			s.requireMisses(t, "a")
			s.requireConsistent(t)
		})
	}
}

// TestADeletionAtWork stops deletions in the middle. Who asks the tier behind from that moment on must see that it is
// to be told: the claim of such a reader may come too late to be voided. Of a group, only its own keys, and those that
// share its lock, have to wait. A lock that each deletion takes holds it: nothing that a store is given is asked there.
func TestADeletionAtWork(t *testing.T) {
	for what, c := range map[string]struct {
		remove  func(*Store)
		putsToo bool
	}{
		"key":   {func(s *Store) { s.Delete(key("a")) }, true},
		"group": {func(s *Store) { s.DeleteGroup("test", "group") }, true},
		"space": {func(s *Store) { s.DeleteSpace("test") }, false},
	} {
		t.Run(what, func(t *testing.T) {
			release := make(chan struct{})
			slow := &tier{Tier: sharedStore{open(t, Settings{}).Store}, before: func(ctx context.Context, _ string) error {
				select {
				case <-release:
				case <-ctx.Done():
				}
				return ctx.Err()
			}}
			s := open(t, Settings{Dir: t.TempDir(), Behind: slow})
			s.claims.mu.Lock()
			goOn := sync.OnceFunc(s.claims.mu.Unlock)
			t.Cleanup(goOn)
			var deletion sync.WaitGroup
			deletion.Go(func() { c.remove(s.Store) })
			eventually(t, "the tier is to be told", func() bool { return s.behind.queue.concerns(key("a")) })
			if c.putsToo {
				n := 0
				for s.lock(Key{"test", name(n), ""}.groupID()) == s.lock(key("a").groupID()) {
					n++
				}
				require.NoError(t, s.Put(t.Context(), Key{"test", name(n), "a"}, nil, nil))
			}
			goOn()
			deletion.Wait()
			close(release)
			s.settled(t)
		})
	}
}
