package caddymodule

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// serveDown serves a zone at whose upstream nobody listens.
func serveDown(t *testing.T, zone, queue, cache string) *edgetest.Edge {
	t.Helper()
	return edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / %s 127.0.0.1:%s {\n queue %s\n }\n cache %s\n}", zone, edgetest.FreePort(t),
		queue, cache), edgetest.State(t.TempDir()))
}

// agingPage is an application whose pages are stale soon.
func agingPage(t *testing.T) *edgetest.Restartable {
	t.Helper()
	return edgetest.NewRestartable(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "s-maxage=1")
		_, _ = io.WriteString(w, "page "+r.URL.Path)
	}))
}

// waiting is how many requests of a zone wait for an upstream.
func waiting(t *testing.T, zone string) float64 { t.Helper(); return metric(t, "queue_waiting", zone) }

// results is how many requests of a zone have waited.
func results(t *testing.T, zone string) (sum float64) {
	t.Helper()
	for _, result := range []string{"sent", "full", "late", "left"} {
		sum += metric(t, "queue_requests_total", zone, result)
	}
	return sum
}

// Who can be answered with what is kept does not wait, also not behind those that do.
func TestAKeptPageStandsInWhileOthersWait(t *testing.T) {
	const zone = "standing-in"
	app := agingPage(t)
	e := edgetest.Serve(t, "nextjs {\n zone / "+zone+" "+app.Address+" {\n queue 8 1h\n }\n cache {\n stale_if_error 1h\n }\n}",
		edgetest.State(t.TempDir()))
	client, base := e.Client(t, edgetest.H1)
	e.Cached(t, "/page")
	waited := results(t, zone)
	app.Stop()
	other := make(chan edgetest.Answer, 1)
	go func() { other <- edgetest.Get(t, client, base+"/other") }()
	edgetest.Eventually(t, edgetest.Patience, func() bool { return waiting(t, zone) == 1 }, "a page that is not kept is waited for")
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		body, status := e.CachedAtOnce(t, "/page")
		require.Equal(t, "page /page", body, status)
		return strings.Contains(status, "detail=error")
	}, "its time is over, and it stands in")
	assert.InDelta(t, 1, waiting(t, zone), 0)
	assert.InDelta(t, waited, results(t, zone), 0, "nobody else has waited")
	app.Start()
	a := edgetest.Receive(t, other, "the application is back")
	assert.Equal(t, http.StatusOK, a.StatusCode)
	assert.Equal(t, "page /other", a.Text)
}

// Those that follow a request which waits in vain are told so with it: they have one place in the queue.
func TestManyWaitInVainForOneAnswer(t *testing.T) {
	const zone, clients = "in-vain", 6
	e := serveDown(t, zone, "1 300ms", "")
	client, base := e.Client(t, edgetest.H1)
	full := metric(t, "queue_requests_total", zone, "full")
	var asking sync.WaitGroup
	for range clients {
		asking.Go(func() {
			a := edgetest.Get(t, client, base+"/page")
			assert.Equal(t, http.StatusServiceUnavailable, a.StatusCode)
			assert.Equal(t, unavailablePage, a.Text)
			assert.Equal(t, []string{"5"}, a.Header["Retry-After"])
		})
	}
	asking.Wait()
	assert.InDelta(t, full, metric(t, "queue_requests_total", zone, "full"), 0, "one place is enough")
}

// Requests wait for an upstream that is taken out of rotation as for one that is down: nothing is sent to it.
func TestRequestsWaitWhileAllUpstreamsAreDrained(t *testing.T) {
	const zone = "drained"
	address := edgetest.Named(t, "answered")
	site := func(queue string) string {
		return fmt.Sprintf("nextjs {\n zone / %s %s {\n queue %s\n }\n}", zone, address, queue)
	}
	e := edgetest.Serve(t, site("off"), edgetest.State(t.TempDir()))
	drain := func() {
		_, err := running.app().fleet.Do(deploy.Drain{Address: address})
		require.NoError(t, err)
	}
	drain()
	waited := results(t, zone)
	assert.Equal(t, http.StatusServiceUnavailable, e.Ask(t, http.MethodGet, "/").StatusCode)
	assert.InDelta(t, waited, results(t, zone), 0, "it has not waited")

	require.NoError(t, e.Load(t, site("1 1h"), edgetest.State(t.TempDir())))
	drain()
	client, base := e.Client(t, edgetest.H1)
	answer := make(chan edgetest.Answer, 1)
	go func() { answer <- edgetest.Get(t, client, base+"/") }()
	edgetest.Eventually(t, edgetest.Patience, func() bool { return waiting(t, zone) == 1 }, "it waits")
	_, err := running.app().fleet.Do(deploy.Undrain{Address: address})
	require.NoError(t, err)
	assert.Equal(t, "answered", edgetest.Receive(t, answer, "it is sent").Text)
}

// A body that nobody has read meanwhile does not become the next request.
func TestAFormThatWaitsInVainIsNotRead(t *testing.T) {
	e := serveDown(t, "forms", "8 50ms", "")
	client, base := e.Client(t, edgetest.H1)
	for range 3 {
		a := edgetest.Post(t, client, base+"/", "text/plain", strings.Repeat("form ", 400_000))
		assert.Equal(t, http.StatusServiceUnavailable, a.StatusCode)
		assert.Equal(t, unavailableText+"\n", a.Text)
	}
}

// A client that leaves gives its place up, unless others may want the page that it has asked for.
func TestWhoLeavesDoesNotWaitOn(t *testing.T) {
	const zone = "leaving"
	e := serveDown(t, zone, "1 1h", "off")
	for _, protocol := range edgetest.Protocols {
		client, base := e.Client(t, protocol)
		left := metric(t, "queue_requests_total", zone, "left")
		ctx, leave := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			_, err := client.Do(edgetest.Request(t, ctx, http.MethodGet, base+"/", nil))
			ended <- err
		}()
		edgetest.Eventually(t, edgetest.Patience, func() bool { return waiting(t, zone) == 1 }, "it waits: %s", protocol)
		leave()
		require.Error(t, edgetest.Receive(t, ended, "it has left"))
		edgetest.Eventually(t, edgetest.Patience, func() bool {
			return waiting(t, zone) == 0 && metric(t, "queue_requests_total", zone, "left") == left+1
		}, "nobody waits: %s", protocol)
	}
}
