package pagecache

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// hanging never answers. When it is given up it says 499, as Caddy's reverse_proxy does.
func hanging(w http.ResponseWriter, r *http.Request) {
	<-r.Context().Done()
	w.WriteHeader(499)
}

// A page that may stand in for a failing upstream does so for one that does not answer, after a while for the first
// client and at once for others.
func TestAnUpstreamThatDoesNotAnswer(t *testing.T) {
	body := text("one")
	s := newSite(t, Settings{AnswerTime: time.Millisecond, RevalidateTime: time.Millisecond}, page(body))
	s.ask("/a", policy.VariantHTML)
	good := s.upstream
	s.upstream = hanging
	s.pass(2 * time.Hour)
	for fetches := range 3 {
		a := s.ask("/a", policy.VariantHTML)
		assert.Equal(t, Result{policy.ResultStale, policy.ReasonError}, a.result, fetches)
		assert.Equal(t, "one 0", a.body())
		assert.Equal(t, http.StatusOK, a.Code)
		s.idle()
	}
	assert.EqualValues(t, 3, s.fetches.Load(), "for the first client, and once a second in the background")
	s.upstream = good
	body.Store("two")
	s.pass(2 * refreshFailureTime)
	assert.Equal(t, Result{policy.ResultStale, policy.ReasonError}, s.ask("/a", policy.VariantHTML).result)
	s.idle()
	a := s.ask("/a", policy.VariantHTML)
	assert.Equal(t, hit, a.result)
	assert.Equal(t, "two 0", a.body())
}

// Who has nothing else waits for as long as it takes.
func TestASlowAnswerIsWaitedForWhereNothingIsKept(t *testing.T) {
	release := make(chan struct{})
	asked := make(chan struct{})
	s := newSite(t, Settings{AnswerTime: 1}, func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-release
		assert.NoError(t, r.Context().Err())
		page(text("one"))(w, r)
	})
	var work sync.WaitGroup
	work.Go(func() { assert.Equal(t, "one 0", s.ask("/a", policy.VariantHTML).body()) })
	<-asked
	close(release)
	work.Wait()
}

// A client that leaves is no failure of the application: who comes next has the page fetched, and is not given the old
// one for half a minute.
func TestAClientThatLeavesIsNoFailure(t *testing.T) {
	s := newSite(t, Settings{Linger: 1}, page(text("one")))
	s.ask("/a", policy.VariantHTML)
	good, began := s.upstream, make(chan struct{})
	s.upstream = func(w http.ResponseWriter, r *http.Request) {
		close(began)
		hanging(w, r)
	}
	s.pass(2 * time.Hour)
	ctx, leave := context.WithCancel(t.Context())
	ended := make(chan Result)
	go func() {
		result, _ := s.serve(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/a", nil), s.facts("/a", policy.VariantHTML))
		ended <- result
	}()
	<-began
	leave()
	assert.Equal(t, Result{policy.ResultMiss, policy.ReasonExpired}, <-ended, "nor is it counted as one")
	s.upstream = good
	assert.Equal(t, Result{policy.ResultMiss, policy.ReasonExpired}, s.ask("/a", policy.VariantHTML).result)
}

// A page that could not be fetched in the background is left alone for a while from then on, however long it took to
// fail.
func TestAFailureIsRememberedFromWhenItFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		made := time.Now()
		v := visiting(t, isrPage{revalidate: 5 * second, expire: 365 * 24 * time.Hour, made: made, content: made}, 0)
		_, _ = v.visit(policy.VariantHTML)
		time.Sleep(6 * second)
		v.back.hangs = true
		_, _ = v.visit(policy.VariantHTML)
		time.Sleep(DefaultRevalidateTime + refreshFailureTime/2)
		for range 3 {
			_, _ = v.visit(policy.VariantHTML)
		}
		assert.Equal(t, 2, v.back.asked)
		time.Sleep(refreshFailureTime)
		_, _ = v.visit(policy.VariantHTML)
		assert.Equal(t, 3, v.back.asked)
	})
}

// A fetch that is given up says nothing about the page: neither at the end of the process nor when its client leaves.
func TestAFetchThatIsGivenUpTakesNothingAway(t *testing.T) {
	t.Run("in the background, at the end", func(t *testing.T) {
		s := newSite(t, Settings{}, page(text("one")))
		s.ask("/a", policy.VariantHTML)
		began := make(chan struct{})
		good := s.upstream
		s.upstream = func(w http.ResponseWriter, r *http.Request) {
			close(began)
			hanging(w, r)
		}
		s.pass(61 * time.Second)
		s.ask("/a", policy.VariantHTML)
		<-began
		s.cache.Close()
		s.upstream = good
		s.restart()
		assert.Equal(t, Result{policy.ResultStale, policy.ReasonExpired}, s.ask("/a", policy.VariantHTML).result)
		s.idle()
	})
	t.Run("for a client that leaves", func(t *testing.T) {
		s := newSite(t, Settings{Linger: 1}, page(text("one")))
		s.ask("/a", policy.VariantHTML)
		began := make(chan struct{})
		good := s.upstream
		s.upstream = func(w http.ResponseWriter, r *http.Request) {
			close(began)
			hanging(w, r)
		}
		s.pass(48 * time.Hour)
		ctx, leave := context.WithCancel(t.Context())
		ended := make(chan int)
		go func() {
			w := httptest.NewRecorder()
			_, err := s.serve(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/a", nil), s.facts("/a", policy.VariantHTML))
			assert.NoError(t, err)
			ended <- w.Code
		}()
		<-began
		leave()
		assert.Equal(t, statusClientGone, <-ended, "as Caddy notes it")
		s.upstream = good
		s.now.Add(-int64(47 * time.Hour))
		assert.Equal(t, Result{policy.ResultStale, policy.ReasonExpired}, s.ask("/a", policy.VariantHTML).result, "it is kept")
		s.idle()
	})
}
