package pagecache

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// newOpenSite is a site with no build, whose page may stand in for a day. What it answers depends
// on who asks.
func newOpenSite(t *testing.T, upstream http.HandlerFunc) *site {
	return newSite(t, Settings{Linger: time.Hour}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "s-maxage=60, stale-if-error=86400")
		w.Header().Set("Content-Type", html)
		w.Header().Set("Vary", "rsc")
		upstream(w, r)
	})
}

// asks asks as somebody does, with headers as pairs.
func (s *site) asks(w http.ResponseWriter, method string, headers ...string) Result {
	r := httptest.NewRequest(method, "/a", nil)
	r.Header = fields(headers...)
	return s.asksWith(w, r)
}

func (s *site) asksWith(w http.ResponseWriter, r *http.Request) Result {
	f := s.facts("/a", policy.VariantHTML)
	f.Class = policy.ClassUnknown
	result, _ := s.serve(w, r, f)
	return result
}

// Whoever comes first to a page that is to be fetched, and whatever becomes of him: others get the page that is for
// all, at once, and it is kept.
func TestWhatOneClientDoesChangesNothingForOthers(t *testing.T) {
	for _, c := range []struct {
		name    string
		method  string
		headers []string
		status  int    // of what he alone is answered; 0: as all
		says    string // the Cache-Control of it
		shared  bool   // others may be given what he is given
		leaves  bool
		slow    bool
	}{
		{name: "nobody special", method: http.MethodGet, shared: true},
		{name: "leaves", method: http.MethodGet, shared: true, leaves: true},
		{name: "reads slowly", method: http.MethodGet, shared: true, slow: true},
		{name: "no-store", method: http.MethodGet, headers: []string{"Cache-Control", "no-store"}},
		{name: "no-store, in capitals, and more", method: http.MethodGet, headers: []string{"Cache-Control", "max-age=0, No-Store"}},
		{name: "no-store, and leaves", method: http.MethodGet, headers: []string{"Cache-Control", "no-store"}, leaves: true},
		{name: "no-cache", method: http.MethodGet, headers: []string{"Cache-Control", "no-cache", "Pragma", "no-cache"}, shared: true},
		{name: "HEAD", method: http.MethodHead},
		{name: "HEAD, no-store", method: http.MethodHead, headers: []string{"Cache-Control", "no-store"}},
		{name: "a part", method: http.MethodGet, headers: []string{"Range", "bytes=0-0"}},
		{name: "signed in", method: http.MethodGet, headers: []string{"Cookie", "who=me"}, status: 200, says: "private"},
		{name: "too many requests", method: http.MethodGet, headers: []string{"Cookie", "who=me"}, status: 429},
		{name: "too early", method: http.MethodGet, headers: []string{"Cookie", "who=me"}, status: 425},
		{name: "too slow", method: http.MethodGet, headers: []string{"Cookie", "who=me"}, status: 408},
		{name: "headers that the application cannot read", method: http.MethodGet, headers: []string{"Cookie", "who=me"}, status: 400},
		{name: "headers that are too large", method: http.MethodGet, headers: []string{"Cookie", "who=me"}, status: 431},
	} {
		t.Run(c.name, func(t *testing.T) {
			began, answer := make(chan struct{}), make(chan struct{})
			isOne := func(r *http.Request) bool { return r.Header.Get("Test-One") != "" }
			version := text("one")
			s := newOpenSite(t, func(w http.ResponseWriter, r *http.Request) {
				if isOne(r) {
					close(began)
					<-answer
					if c.says != "" {
						w.Header().Set("Cache-Control", c.says)
					}
					if c.status != 0 {
						w.WriteHeader(c.status)
						_, _ = io.WriteString(w, "for one")
						return
					}
				}
				_, _ = io.WriteString(w, version.Load().(string))
			})
			require.Equal(t, policy.ResultMiss, s.asks(httptest.NewRecorder(), http.MethodGet).Kind)
			version.Store("two")
			s.pass(61 * time.Second)

			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			one := newBlocked()
			if !c.slow {
				close(one.release)
			}
			var work sync.WaitGroup
			work.Go(func() {
				r := httptest.NewRequestWithContext(ctx, c.method, "/a", nil)
				r.Header = fields(append(c.headers, "Test-One", "1")...)
				s.asksWith(one, r)
			})
			<-began
			if c.leaves {
				leave()
			}
			other := httptest.NewRecorder()
			asked := make(chan struct{})
			work.Go(func() {
				defer close(asked)
				s.asks(other, http.MethodGet)
			})
			if !c.shared && c.status == 0 {
				select { // he does not wait for what is not for him
				case <-asked:
				case <-time.After(10 * time.Second):
					assert.Fail(t, "he waits")
				}
			} else if fl := onlyFlight(s.cache); assert.NotNil(t, fl) {
				waitForReaders(t, fl, 1)
			}
			close(answer)
			<-asked
			assert.Equal(t, http.StatusOK, other.Code)
			assert.Equal(t, "two", other.Body.String())
			again := httptest.NewRecorder()
			assert.Eventually(t, func() bool {
				again = httptest.NewRecorder()
				return s.asks(again, http.MethodGet) == hit
			}, 10*time.Second, time.Millisecond, "it is kept")
			assert.Equal(t, "two", again.Body.String())
			if c.slow {
				close(one.release)
			}
			work.Wait()
			if c.status != 0 {
				assert.Equal(t, "for one", one.Body.String())
			}
			assert.LessOrEqual(t, s.fetches.Load(), int64(3))
		})
	}
}

// A page that is expired stands in for an application that fails, whatever somebody else was answered before.
func TestWhatOneClientIsAnsweredTakesNothingAway(t *testing.T) {
	for status, stays := range map[int]bool{200: true, 400: true, 401: false, 408: true, 425: true, 429: true, 431: true, 500: true} {
		for _, headers := range [][]string{{"Cache-Control", "no-store"}, {"Accept", "text/html"}} {
			t.Run(fmt.Sprintf("%d %s", status, headers), func(t *testing.T) {
				s := newOpenSite(t, func(w http.ResponseWriter, r *http.Request) {
					if r.Header.Get("Test-One") != "" {
						w.WriteHeader(status)
					}
					_, _ = io.WriteString(w, "page")
				})
				s.asks(httptest.NewRecorder(), http.MethodGet)
				s.pass(61 * time.Second)
				s.asks(httptest.NewRecorder(), http.MethodGet, append(headers, "Test-One", "1")...)
				s.down.Store(true)
				s.pass(61 * time.Second)
				want := Result{policy.ResultStale, policy.ReasonError}
				if !stays && headers[0] == "Accept" {
					want = Result{policy.ResultMiss, policy.ReasonError}
				}
				assert.Equal(t, want, s.asks(httptest.NewRecorder(), http.MethodGet))
			})
		}
	}
}

// What is asked in the background is for everybody, whoever was there when it was asked: an answer about the moment
// says nothing of the page, and one that refuses the page makes all of it gone.
func TestWhatAnAnswerInTheBackgroundSays(t *testing.T) {
	for name, answer := range map[string]struct {
		status int
		says   string
		want   string // what others get then
	}{
		"changed":           {200, "", "two"},
		"400":               {400, "", "one"},
		"408":               {408, "", "one"},
		"425":               {425, "", "one"},
		"429":               {429, "", "one"},
		"431":               {431, "", "one"},
		"500":               {500, "", "one"},
		"503":               {503, "", "one"},
		"401":               {401, "no-store", "gone"},
		"403":               {403, "no-store", "gone"},
		"404":               {404, "no-store", "gone"},
		"private by now":    {200, "private", "gone"},
		"404, to be kept":   {404, "", "two"},
		"a redirect, to be": {307, "", "two"},
	} {
		for visitor, headers := range map[string][]string{
			"plain": {}, "no-store": {"Cache-Control", "no-store"}, "no-cache": {"Pragma", "no-cache", "Cache-Control", "no-cache"}, "HEAD": {}, "a part": {"Range", "bytes=0-0"},
			"has it": {"If-None-Match", "*"}, "signed in": {"Cookie", "who=me"},
		} {
			t.Run(name+", "+visitor, func(t *testing.T) {
				changed := false
				s := newOpenSite(t, func(w http.ResponseWriter, _ *http.Request) {
					body := "one"
					if changed {
						if body = "two"; answer.says != "" {
							w.Header().Set("Cache-Control", answer.says)
						}
						w.WriteHeader(answer.status)
					}
					_, _ = io.WriteString(w, body)
				})
				s.recheck = 10 * time.Second
				s.asks(httptest.NewRecorder(), http.MethodGet)
				s.asks(httptest.NewRecorder(), http.MethodGet, "Rsc", "1")
				s.pass(11 * time.Second)
				changed = true
				method := http.MethodGet
				if visitor == "HEAD" {
					method = http.MethodHead
				}
				assert.Equal(t, policy.ResultHit, s.asks(httptest.NewRecorder(), method, headers...).Kind)
				s.idle()
				assert.EqualValues(t, 2, s.fetches.Load()-1, "asked once, whoever came")
				s.down.Store(true)
				w := httptest.NewRecorder()
				result := s.asks(w, http.MethodGet)
				if answer.want == "gone" {
					assert.Equal(t, policy.ResultMiss, result.Kind)
					return
				}
				assert.Equal(t, policy.ResultHit, result.Kind)
				assert.Equal(t, answer.want, strings.TrimSpace(w.Body.String()))
			})
		}
	}
}

// Who has looked at an entry that was replaced before it could be fetched in the background has it not fetched once
// more.
func TestAnEntryThatWasReplacedIsNotFetchedAgain(t *testing.T) {
	words := text("one")
	s := newSite(t, Settings{}, page(words))
	s.ask("/a", policy.VariantHTML)
	s.pass(61 * time.Second)
	r := asking("/a")
	facts := s.facts("/a", policy.VariantHTML)
	old, ok := s.cache.lookUp(r, &facts) // in between two steps of a request, which nothing public can stop
	defer old.close()
	require.True(t, ok)
	require.Equal(t, stale, old.usable)
	words.Store("two")
	s.ask("/a", policy.VariantHTML)
	s.idle()
	assert.Nil(t, s.cache.enterBackground(&old, &facts, 16))
	assert.Zero(t, s.cache.Stats().Revalidating)
	assert.Equal(t, "two 0", s.ask("/a", policy.VariantHTML).body())
}
