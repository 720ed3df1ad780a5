package caddymodule

import (
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// gated is an upstream that answers /wait when it is opened, and anything else at once.
func gated(t *testing.T) (address string, arrived <-chan struct{}, open func()) {
	t.Helper()
	came, gate := make(chan struct{}, 16), make(chan struct{})
	open = sync.OnceFunc(func() { close(gate) })
	address = edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "s-maxage=60")
		if r.URL.Path == "/wait" {
			w.Header().Set("Cache-Control", "no-store")
			came <- struct{}{}
			<-gate
		}
		_, _ = io.WriteString(w, "answered")
	})
	t.Cleanup(open)
	return address, came, open
}

func TestWhoFindsAllUpstreamsBusyIsToldWhenToComeBack(t *testing.T) {
	closed := "127.0.0.1:" + edgetest.FreePort(t)
	for name, zone := range map[string]string{
		"one upstream":        " {\n max_concurrent 1\n queue off\n }",
		"another one is down": " " + closed + " {\n max_concurrent 1\n queue off\n }",
		"pages are kept":      " {\n max_concurrent 1\n queue off\n }\n cache",
		"they wait in vain":   " {\n max_concurrent 1\n queue 5 100ms\n }",
	} {
		t.Run(name, func(t *testing.T) {
			address, arrived, open := gated(t)
			e := edgetest.Serve(t, "nextjs {\n zone / "+address+zone+"\n}", edgetest.State(t.TempDir()))
			client, base := e.Client(t, edgetest.H1)
			first := make(chan edgetest.Answer, 1)
			go func() { first <- edgetest.Get(t, client, base+"/wait") }()
			edgetest.Receive(t, arrived, "the upstream is busy")

			var asking sync.WaitGroup
			for range 20 { // where pages are kept, some of them wait for the answer of another one
				asking.Go(func() {
					a := edgetest.Get(t, client, base+"/page")
					assert.Equal(t, http.StatusServiceUnavailable, a.StatusCode)
					assert.Equal(t, []string{"1"}, a.Header["Retry-After"])
				})
			}
			asking.Wait()
			open()
			assert.Equal(t, http.StatusOK, edgetest.Receive(t, first, "it is answered").StatusCode)
			a := edgetest.Get(t, client, base+"/page")
			require.Equal(t, http.StatusOK, a.StatusCode)
			assert.Empty(t, a.Header["Retry-After"])
		})
	}
}

// Who finds no upstream at all, or one that refuses, is told nothing of when there will be one.
func TestWhoFindsNoUpstreamIsNotToldWhenToComeBack(t *testing.T) {
	closed := "127.0.0.1:" + edgetest.FreePort(t)
	e := edgetest.Serve(t, "nextjs {\n zone / "+closed+" {\n max_concurrent 1\n queue off\n }\n}", edgetest.State(t.TempDir()))
	client, base := e.Client(t, edgetest.H1)
	a := edgetest.Get(t, client, base+"/page")
	assert.Equal(t, http.StatusBadGateway, a.StatusCode)
	assert.Empty(t, a.Header["Retry-After"])
}

// A page that may stand in for a failure does so where there is no room, too.
func TestAKeptPageStandsInWhereAllUpstreamsAreBusy(t *testing.T) {
	came, gate := make(chan struct{}, 16), make(chan struct{})
	address := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "s-maxage=1")
		if r.URL.Path == "/wait" {
			came <- struct{}{}
			<-gate
		}
		_, _ = io.WriteString(w, "answered")
	})
	e := edgetest.Serve(t, "nextjs {\n zone / "+address+" {\n max_concurrent 1\n }\n cache {\n stale_if_error 1h\n }\n}",
		edgetest.State(t.TempDir()))
	client, base := e.Client(t, edgetest.H1)
	require.Equal(t, http.StatusOK, edgetest.Get(t, client, base+"/page").StatusCode)
	first := make(chan edgetest.Answer, 1)
	go func() { first <- edgetest.Get(t, client, base+"/wait") }()
	edgetest.Receive(t, came, "the upstream is busy")
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		a := edgetest.Get(t, client, base+"/page")
		assert.Equal(t, http.StatusOK, a.StatusCode)
		assert.Empty(t, a.Header["Retry-After"])
		return len(a.Header["Age"]) > 0 && a.Header.Get("Age") != "0"
	}, "the page is older than its time")
	close(gate)
	edgetest.Receive(t, first, "it is answered")
}
