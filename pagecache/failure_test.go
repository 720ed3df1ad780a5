package pagecache

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

func TestTheUpstreamIsDown(t *testing.T) {
	for name, fail := range map[string]func(*site){
		"nobody answers": func(s *site) { s.down.Store(true) },
		"500": func(s *site) {
			s.upstream = func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "broken", http.StatusInternalServerError) }
		},
		"500, and what sends it panics when it is cut off": func(s *site) {
			s.upstream = func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(http.StatusBadGateway)
				<-r.Context().Done()
				panic(http.ErrAbortHandler)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, Settings{}, page(text("one")))
			s.ask("/a", policy.VariantHTML)
			fail(s)
			s.pass(61 * time.Second)
			assert.Equal(t, Result{policy.ResultStale, policy.ReasonExpired}, s.ask("/a", policy.VariantHTML).result)
			s.idle()
			s.pass(2 * time.Hour)
			a := s.ask("/a", policy.VariantHTML)
			assert.Equal(t, Result{policy.ResultStale, policy.ReasonError}, a.result)
			assert.Equal(t, http.StatusOK, a.Code)
			assert.Equal(t, "one 0", a.body())
			assert.Equal(t, "nextjs; hit; ttl=-7201; detail=error", a.status())
		})
	}
}

func TestHowLongAnOldPageStandsInForADeadUpstream(t *testing.T) {
	s := newSite(t, Settings{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "s-maxage=60")
	})
	s.ask("/a", policy.VariantHTML)
	s.down.Store(true)
	s.pass(time.Hour)
	ask := func(staleIfError time.Duration) (Result, error) {
		f := s.facts("/a", policy.VariantHTML)
		f.StaleIfError = staleIfError
		return s.serve(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/a", nil), f)
	}
	result, err := ask(2 * time.Hour)
	require.NoError(t, err)
	assert.Equal(t, Result{policy.ResultStale, policy.ReasonError}, result)
	_, err = ask(time.Minute)
	assert.ErrorIs(t, err, errDown)
}

// What cuts the time of a page short is that Next.js has a newer one, which cannot be had while it is down.
func TestADeadUpstreamLeavesAPageAllOfItsTime(t *testing.T) {
	answering := func(cacheControl, nextCache string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", html)
			if r.Header.Get("Rsc") != "" {
				w.Header().Set("Content-Type", rsc)
			}
			w.Header().Set("Cache-Control", cacheControl)
			w.Header().Set("X-Nextjs-Cache", nextCache)
			_, _ = w.Write([]byte("old"))
		}
	}
	for name, c := range map[string]struct {
		first, second http.HandlerFunc // of the page, then of its payload
		until         time.Duration
	}{
		"the first answer was outdated":          {answering("s-maxage=1, stale-while-revalidate=3600", "STALE"), nil, time.Hour},
		"its time could have been over any time": {answering("s-maxage=3600", "HIT"), nil, time.Hour},
		"the same, and it could be stale":        {answering("s-maxage=3600, stale-while-revalidate=5", "HIT"), nil, time.Hour + 5*time.Second},
		"another variant was outdated": {
			answering("s-maxage=60, stale-while-revalidate=3600", "MISS"),
			func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Rsc") == "" {
					w.WriteHeader(http.StatusBadGateway) // it stops before the document could be compared
					return
				}
				answering("s-maxage=60, stale-while-revalidate=3600", "STALE")(w, r)
			},
			time.Hour + time.Minute,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, Settings{}, c.first)
			s.ask("/a", policy.VariantHTML)
			if c.second != nil {
				s.upstream = c.second
				s.ask("/a", policy.VariantRSC)
				s.idle()
			}
			s.down.Store(true)
			for _, passes := range []time.Duration{10 * time.Second, c.until - 11*time.Second} {
				s.pass(passes)
				a := s.ask("/a", policy.VariantHTML)
				require.NoError(t, a.err)
				assert.Equal(t, http.StatusOK, a.Code)
				assert.Equal(t, "old", a.body())
				s.idle()
			}
			s.pass(2 * time.Second)
			assert.ErrorIs(t, s.ask("/a", policy.VariantHTML).err, errDown)
		})
	}
}

func TestAnErrorIsForAllWhoWaitForIt(t *testing.T) {
	s := newSite(t, Settings{}, nil)
	arrived, release := make(chan struct{}, 10), make(chan struct{})
	failed := errors.New("failed")
	next := func(http.ResponseWriter, *http.Request) error {
		arrived <- struct{}{}
		<-release
		return failed
	}
	f := s.facts("/a", policy.VariantHTML)
	var clients sync.WaitGroup
	ask := func() {
		_, err := s.cache.Serve(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/a", nil), f, next, nil)
		assert.ErrorIs(t, err, failed)
	}
	clients.Go(ask)
	<-arrived
	fl := onlyFlight(s.cache)
	for range 5 {
		clients.Go(ask)
	}
	waitForReaders(t, fl, 5)
	close(release)
	clients.Wait()
	assert.Empty(t, arrived)
}
