package pagecache

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

func TestTheFetchGoesOnWhenItsClientLeaves(t *testing.T) {
	lines := make(chan string)
	s := newSite(t, Settings{}, steps(lines))
	ctx, leave := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() {
		_, _ = s.serve(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/a", nil), s.facts("/a", policy.VariantHTML))
	})
	lines <- "one"
	follower := make(chan answer)
	go func() { follower <- s.ask("/a", policy.VariantHTML) }()
	fl := onlyFlight(s.cache)
	waitForReaders(t, fl, 2)
	leave()
	waitForReaders(t, fl, 1)
	lines <- "two"
	close(lines)
	assert.Equal(t, "one\ntwo\n", (<-follower).body())
	work.Wait()
	assert.Equal(t, hit, s.ask("/a", policy.VariantHTML).result)
}

func TestAFetchForNobodyEnds(t *testing.T) {
	for name, header := range map[string]string{"one that is kept": "s-maxage=60", "one that is not": "no-store"} {
		t.Run(name, func(t *testing.T) {
			began := make(chan struct{})
			s := newSite(t, Settings{Linger: time.Nanosecond}, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Cache-Control", header)
				w.WriteHeader(http.StatusOK)
				close(began)
				<-r.Context().Done()
				panic(http.ErrAbortHandler)
			})
			ctx, leave := context.WithCancel(context.Background())
			ended := make(chan any)
			go func() {
				defer func() { ended <- recover() }()
				_, _ = s.serve(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/a", nil), s.facts("/a", policy.VariantHTML))
			}()
			<-began
			leave()
			assert.Equal(t, http.ErrAbortHandler, <-ended)
			assert.Nil(t, onlyFlight(s.cache))
		})
	}
}

func TestAnAnswerThatBreaksOff(t *testing.T) {
	for name, breakOff := range map[string]func() error{
		"an error": func() error { return errors.New("reset") },
		"a panic":  func() error { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, Settings{}, nil)
			sent, goOn := make(chan struct{}), make(chan struct{})
			next := func(w http.ResponseWriter, _ *http.Request) error {
				w.Header().Set("Cache-Control", "s-maxage=60")
				w.Header().Set("Content-Type", html)
				_, _ = io.WriteString(w, "half")
				close(sent)
				<-goOn
				return breakOff()
			}
			ask := func(w http.ResponseWriter) (err error) {
				defer func() {
					if p := recover(); p != nil {
						err = p.(error)
					}
				}()
				_, err = s.cache.Serve(w, httptest.NewRequest(http.MethodGet, "/a", nil), s.facts("/a", policy.VariantHTML), next, nil)
				return err
			}
			leader, follower := make(chan error), make(chan error)
			go func() { leader <- ask(httptest.NewRecorder()) }()
			<-sent
			go func() { follower <- ask(httptest.NewRecorder()) }()
			waitForReaders(t, onlyFlight(s.cache), 2)
			close(goOn)
			assert.Error(t, <-leader)
			assert.ErrorIs(t, <-follower, http.ErrAbortHandler, "it must not look whole")
			s.upstream = page(text("one"))
			assert.Equal(t, miss, s.ask("/a", policy.VariantHTML).result, "nothing was kept")
		})
	}
}
