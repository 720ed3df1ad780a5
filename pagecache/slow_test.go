package pagecache

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// Who asked first and reads slowly has nothing to do any more with how the page goes on: it ages, is fetched again, and
// is purged.
func TestASlowLeaderDoesNotHoldItsPage(t *testing.T) {
	body := text("one")
	s := newSite(t, Settings{}, page(body))
	leader := newBlocked()
	var work sync.WaitGroup
	work.Go(func() {
		_, err := s.serve(leader, httptest.NewRequest(http.MethodGet, "/a", nil), s.facts("/a", policy.VariantHTML))
		assert.NoError(t, err)
	})
	<-leader.began
	eventuallyAsks(t, s, hit)
	body.Store("two")
	s.pass(61 * time.Second)
	assert.Equal(t, Result{policy.ResultStale, policy.ReasonExpired}, s.ask("/a", policy.VariantHTML).result)
	s.idle()
	assert.Equal(t, "two 0", s.ask("/a", policy.VariantHTML).body(), "it was fetched again")
	body.Store("three")
	s.pass(2 * time.Hour)
	assert.Equal(t, "three 0", s.ask("/a", policy.VariantHTML).body(), "nobody is given what the slow one still reads")
	close(leader.release)
	work.Wait()
	assert.Equal(t, "one ", leader.Body.String()[:4])
	assert.EqualValues(t, 3, s.fetches.Load())
	assert.Zero(t, s.cache.Stats().Filling)
}

func eventuallyAsks(t *testing.T, s *site, want Result) {
	t.Helper()
	assert.Eventually(t, func() bool { return s.ask("/a", policy.VariantHTML).result == want }, 10*time.Second, time.Millisecond)
}
