package pagecache

import (
	"bufio"
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

// onlyFlight is the one fetch of this moment.
func onlyFlight(c *Cache) *fetch {
	c.fetches.mu.Lock()
	defer c.fetches.mu.Unlock()
	for fl := range c.fetches.open {
		return fl
	}
	return nil
}

// waitForReaders waits until a fetch has so many.
func waitForReaders(t *testing.T, fl *fetch, n int) {
	t.Helper()
	require.Eventually(t, func() bool {
		fl.body.mu.Lock()
		defer fl.body.mu.Unlock()
		return len(fl.body.readers) == n
	}, 10*time.Second, time.Millisecond)
}

// steps is an upstream that sends a line each time it is told to.
func steps(lines <-chan string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "s-maxage=60")
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		for line := range lines {
			_, _ = io.WriteString(w, line+"\n")
			w.(http.Flusher).Flush()
		}
	}
}

func get(t *testing.T, url string) *bufio.Reader {
	res, err := http.Get(url)
	require.NoError(t, err)
	t.Cleanup(func() { res.Body.Close() })
	return bufio.NewReader(res.Body)
}

func TestEachClientSeesAPartBeforeTheNextOneIsSent(t *testing.T) {
	lines := make(chan string)
	s := newSite(t, Settings{}, steps(lines))
	server := s.over()
	clients := []*bufio.Reader{get(t, server.URL+"/a")}
	for i := range 20 {
		if i%5 == 1 { // one more comes while it goes on
			client := get(t, server.URL+"/a")
			for before := range i {
				line, err := client.ReadString('\n')
				require.NoError(t, err)
				require.Equal(t, fmt.Sprintf("%d\n", before), line)
			}
			clients = append(clients, client)
		}
		lines <- fmt.Sprint(i)
		for _, client := range clients {
			line, err := client.ReadString('\n')
			require.NoError(t, err)
			require.Equal(t, fmt.Sprintf("%d\n", i), line)
		}
	}
	close(lines)
	for _, client := range clients {
		_, err := client.ReadString('\n')
		require.ErrorIs(t, err, io.EOF)
	}
	assert.EqualValues(t, 1, s.fetches.Load())
	assert.Len(t, clients, 5)
	http.DefaultClient.CloseIdleConnections()
}

func TestAnAnswerThatIsNotKeptStreamsToo(t *testing.T) {
	lines := make(chan string)
	upstream := steps(lines)
	s := newSite(t, Settings{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "a=b")
		upstream(w, r)
	})
	client := get(t, s.over().URL+"/a")
	for i := range 5 {
		lines <- fmt.Sprint(i)
		line, err := client.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("%d\n", i), line)
	}
	close(lines)
	_, err := client.ReadString('\n')
	require.ErrorIs(t, err, io.EOF)
	http.DefaultClient.CloseIdleConnections()
}

// blocked is a client that takes nothing until it is told to.
type blocked struct {
	*httptest.ResponseRecorder
	began, release chan struct{}
	once           sync.Once
	broken         any // what Serve has panicked with
}

func newBlocked() *blocked {
	return &blocked{ResponseRecorder: httptest.NewRecorder(), began: make(chan struct{}), release: make(chan struct{})}
}

func (b *blocked) Write(p []byte) (int, error) {
	b.once.Do(func() { close(b.began) })
	<-b.release
	return b.ResponseRecorder.Write(p)
}

func TestSlowClientsBlockNobodyAndGetAll(t *testing.T) {
	whole := strings.Repeat("x", 3<<20)
	s := newSite(t, Settings{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "s-maxage=60")
		_, _ = io.WriteString(w, whole)
	})
	leader := newBlocked()
	var work sync.WaitGroup
	work.Go(func() {
		_, err := s.serve(leader, httptest.NewRequest(http.MethodGet, "/a", nil), s.facts("/a", policy.VariantHTML))
		assert.NoError(t, err)
	})
	<-leader.began
	require.Eventually(t, func() bool { return s.ask("/a", policy.VariantHTML).result == hit }, 10*time.Second, time.Millisecond)
	close(leader.release)
	work.Wait()
	assert.Equal(t, whole, leader.Body.String())
	assert.Zero(t, s.cache.Stats().Filling)
}

func TestATooLargeAnswerGoesWholeToAllWhoHaveBegun(t *testing.T) {
	parts := make(chan string)
	s := newSite(t, Settings{MaxBody: 1 << 20}, steps(parts))
	leader, follower := newBlocked(), newBlocked()
	var work sync.WaitGroup
	for _, client := range []*blocked{leader, follower} {
		work.Go(func() {
			_, err := s.serve(client, httptest.NewRequest(http.MethodGet, "/a", nil), s.facts("/a", policy.VariantHTML))
			assert.NoError(t, err)
		})
	}
	part := strings.Repeat("y", 300<<10)
	parts <- part
	<-leader.began
	<-follower.began
	work.Go(func() {
		for range 20 {
			parts <- part
		}
		close(parts)
	})
	close(leader.release)
	close(follower.release)
	work.Wait()
	want := strings.Repeat(part+"\n", 21)
	assert.True(t, leader.Body.String() == want, "%d bytes of %d", leader.Body.Len(), len(want))
	assert.True(t, follower.Body.String() == want, "%d bytes of %d", follower.Body.Len(), len(want))
	assert.EqualValues(t, 1, s.fetches.Load())
	assert.Zero(t, s.cache.Stats().Filling)
}

func TestMemoryForAnswersThatComeInIsBounded(t *testing.T) {
	s := newSite(t, Settings{FillMemory: 1000}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "s-maxage=60")
		_, _ = w.Write(make([]byte, 2000))
	})
	for range 2 {
		a := s.ask("/a", policy.VariantHTML)
		assert.Equal(t, Result{policy.ResultMiss, policy.ReasonTooLarge}, a.result)
		assert.Len(t, a.body(), 2000)
	}
	assert.Zero(t, s.cache.Stats().Filling)
}

func TestWhoWaitsForAnAnswerThatIsNotKeptAsksForItself(t *testing.T) {
	arrived, release := make(chan struct{}, 100), make(chan struct{})
	s := newSite(t, Settings{}, func(w http.ResponseWriter, _ *http.Request) {
		arrived <- struct{}{}
		<-release
		_, _ = io.WriteString(w, "yours")
	})
	var clients sync.WaitGroup
	ask := func() { assert.Equal(t, "yours", s.ask("/a", policy.VariantHTML).body()) }
	clients.Go(ask)
	<-arrived
	for range 5 {
		clients.Go(ask)
	}
	waitForReaders(t, onlyFlight(s.cache), 5)
	close(release)
	clients.Wait()
	assert.EqualValues(t, 6, s.fetches.Load())

	// From now on nobody waits for another one's head.
	release = make(chan struct{})
	for range 5 {
		clients.Go(ask)
	}
	for range 10 {
		<-arrived
	}
	close(release)
	clients.Wait()
}

// changing is a client in front of whom somebody changes the values of headers in place, as Caddy's header directive
// does.
type changing struct{ *httptest.ResponseRecorder }

func (c changing) WriteHeader(status int) {
	for _, values := range c.Header() {
		for i := range values {
			values[i] += "!"
		}
	}
	c.ResponseRecorder.WriteHeader(status)
}

// The headers of those who share an answer, and those that are kept, are each one's own.
func TestHeadersAreNotShared(t *testing.T) {
	lines := make(chan string)
	s := newSite(t, Settings{}, steps(lines))
	var clients sync.WaitGroup
	all := make([]changing, 3)
	for i := range all {
		all[i] = changing{httptest.NewRecorder()}
		clients.Go(func() {
			_, err := s.serve(all[i], httptest.NewRequest(http.MethodGet, "/a", nil), s.facts("/a", policy.VariantHTML))
			assert.NoError(t, err)
		})
		if i == 0 {
			lines <- "one"
		}
	}
	waitForReaders(t, onlyFlight(s.cache), 3)
	lines <- "two"
	close(lines)
	clients.Wait()
	for _, client := range all {
		assert.Equal(t, "s-maxage=60!", client.Header().Get("Cache-Control"))
	}
	kept := s.ask("/a", policy.VariantHTML)
	assert.Equal(t, hit, kept.result)
	assert.Equal(t, "s-maxage=60", kept.Header().Get("Cache-Control"))
}
