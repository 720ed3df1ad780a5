//go:build e2e

package upstreams_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// maxConcurrent is what the tests' zones allow each replica.
const maxConcurrent = 10

func startLimited(t *testing.T, words ...string) (*harness.Edge, []*replica) {
	t.Helper()
	e, _, replicas := startService(t, 2, 2, append(words, "max_concurrent 10")...)
	return e, replicas
}

func TestNoReplicaGetsMoreThanItMay(t *testing.T) {
	e, replicas := startLimited(t)
	client := edgetest.NewClient(t, edgetest.H1, nil)
	var good, busy atomic.Int64
	var asking sync.WaitGroup
	begin := make(chan struct{})
	for range 200 {
		asking.Go(func() {
			<-begin
			for range 5 {
				switch a := edgetest.Get(t, client, e.URL("/work")); a.StatusCode {
				case http.StatusOK:
					good.Add(1)
				default:
					busy.Add(1)
					assert.Equal(t, http.StatusServiceUnavailable, a.StatusCode)
					assert.Equal(t, "1", a.Header.Get("Retry-After"))
				}
			}
		})
	}
	close(begin)
	asking.Wait()
	for _, r := range replicas {
		assert.LessOrEqual(t, r.most.Load(), int64(maxConcurrent), r.host)
		assert.Greater(t, r.most.Load(), int64(1), "%s has worked", r.host)
	}
	assert.Positive(t, good.Load())
	assert.Positive(t, busy.Load(), "there were too many")
	assert.Positive(t, e.Metric(t, `caddy_nextjs_queue_requests_total{result="full",zone="web"}`))
	assert.Equal(t, http.StatusOK, edgetest.Get(t, client, e.URL("/work")).StatusCode, "there is room again")
}

// Those for which there is no room wait, and all are answered.
func TestRequestsWaitForRoom(t *testing.T) {
	e, replicas := startLimited(t, "queue 512 30s")
	client := edgetest.NewClient(t, edgetest.H1, nil)
	var asking sync.WaitGroup
	for range 200 {
		asking.Go(func() {
			assert.Equal(t, http.StatusOK, edgetest.Get(t, client, e.URL("/work")).StatusCode)
		})
	}
	asking.Wait()
	for _, r := range replicas {
		assert.LessOrEqual(t, r.most.Load(), int64(maxConcurrent), r.host)
	}
	assert.Positive(t, e.Metric(t, `caddy_nextjs_queue_requests_total{result="sent",zone="web"}`))
}

// What waits for its client keeps no replica busy: more of it than the limit is open, of each kind.
func TestWhatWaitsForItsClientKeepsNoReplicaBusy(t *testing.T) {
	const open = 3 * maxConcurrent
	for name, begin := range map[string]func(*testing.T, context.Context, *http.Client, *harness.Edge){
		"event streams": func(t *testing.T, ctx context.Context, client *http.Client, e *harness.Edge) {
			listen(t, ctx, client, e.URL("/events"))
		},
		"sockets":        beginSocket,
		"slow downloads": beginDownload,
		"slow uploads":   beginUpload,
	} {
		t.Run(name, func(t *testing.T) {
			e, replicas := startLimited(t)
			ctx := edgetest.Within(t, 3*edgetest.Patience)
			client := edgetest.PlainClient(t)
			for range open {
				begin(t, ctx, client, e)
			}
			requireRoomForAll(t, e, replicas)
		})
	}
}

func beginSocket(t *testing.T, ctx context.Context, _ *http.Client, e *harness.Edge) {
	t.Helper()
	conn, res, err := websocket.Dial(ctx, strings.Replace(e.URL("/socket"), "http", "ws", 1), nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, res.StatusCode)
	t.Cleanup(func() { _ = conn.CloseNow() })
	_, _, err = conn.Read(ctx)
	require.NoError(t, err)
}

// beginDownload reads the first byte, and no more.
func beginDownload(t *testing.T, ctx context.Context, client *http.Client, e *harness.Edge) {
	t.Helper()
	res, err := client.Do(edgetest.Request(t, ctx, http.MethodGet, e.URL("/download"), nil))
	require.NoError(t, err)
	t.Cleanup(func() { _ = res.Body.Close() })
	require.Equal(t, http.StatusOK, res.StatusCode)
	_, err = io.ReadFull(res.Body, make([]byte, 1))
	require.NoError(t, err)
}

// beginUpload sends the first bytes, and no more.
func beginUpload(t *testing.T, ctx context.Context, client *http.Client, e *harness.Edge) {
	t.Helper()
	from, to := io.Pipe()
	t.Cleanup(func() { _ = to.CloseWithError(io.ErrUnexpectedEOF) })
	req := edgetest.Request(t, ctx, http.MethodPost, e.URL("/upload"), from)
	go func() {
		if res, err := client.Do(req); err == nil {
			_ = res.Body.Close()
		}
	}()
	_, err := io.WriteString(to, "the first bytes")
	require.NoError(t, err)
}

// requireRoomForAll fills both replicas to their limits. One more is too many.
func requireRoomForAll(t *testing.T, e *harness.Edge, replicas []*replica) {
	t.Helper()
	var opens []func()
	for _, r := range replicas {
		open := r.shut()
		t.Cleanup(open)
		opens = append(opens, open)
	}
	client := edgetest.PlainClient(t)
	client.Timeout = edgetest.Patience
	busy := func() (n int64) {
		for _, r := range replicas {
			n += r.now.Load()
		}
		return n
	}
	room := int64(maxConcurrent * len(replicas))
	statuses := make(chan int, room)
	for deadline := time.Now().Add(edgetest.Patience); busy() < room; {
		require.True(t, time.Now().Before(deadline), "only %d have room", busy())
		before := busy()
		go func() { statuses <- statusOf(client, e.URL("/gate")) }()
		edgetest.Eventually(t, edgetest.Patience, func() bool { return busy() > before || len(statuses) > 0 }, "it arrives or is refused")
		if busy() == before { // what has just begun may not wait for its client yet
			require.Equal(t, http.StatusServiceUnavailable, <-statuses)
		}
	}
	assert.Equal(t, http.StatusServiceUnavailable, statusOf(client, e.URL("/gate")), "no more have room")
	for _, r := range replicas {
		assert.Equal(t, int64(maxConcurrent), r.now.Load(), r.host)
	}
	for _, open := range opens {
		open()
	}
	for range room {
		assert.Equal(t, http.StatusOK, edgetest.Receive(t, statuses, "it is answered"))
	}
}

// statusOf asks, and returns 0 if no whole answer came.
func statusOf(client *http.Client, url string) int {
	res, err := client.Get(url)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return 0
	}
	return res.StatusCode
}
