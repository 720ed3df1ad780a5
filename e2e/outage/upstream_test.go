//go:build e2e

package outage_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// application is a server that can be started and can die, with all of its connections, as a process does. It notes
// what it gets.
type application struct {
	address string
	handler http.Handler

	mu     sync.Mutex
	server *http.Server
	seen   map[string]int // requests by method and URL
}

// newApplication returns one that is not started. nil of handler: it answers "GET /path answered".
func newApplication(t *testing.T, handler http.Handler) *application {
	t.Helper()
	if handler == nil {
		handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, nameOf(r)+" answered")
		})
	}
	a := &application{address: "127.0.0.1:" + edgetest.FreePort(t), handler: handler, seen: map[string]int{}}
	t.Cleanup(a.die)
	return a
}

// nameOf is a request as an application notes it.
func nameOf(r *http.Request) string { return r.Method + " " + r.RequestURI }

// start has it take connections.
func (a *application) start(t testing.TB) {
	t.Helper()
	listener, err := net.Listen("tcp", a.address)
	require.NoError(t, err)
	a.serve(listener)
}

func (a *application) serve(listener net.Listener) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.server = &http.Server{Handler: a, ReadHeaderTimeout: edgetest.Patience}
	server := a.server
	go func() { _ = server.Serve(listener) }() // it ends with Close
}

// startDeaf has it take connections and say nothing, until it is told to serve them.
func (a *application) startDeaf(t testing.TB) (serve func()) {
	t.Helper()
	listener, err := net.Listen("tcp", a.address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	return func() { a.serve(listener) }
}

// die ends it and all of its connections. It may be called by what it is just answering.
func (a *application) die() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.server != nil {
		_ = a.server.Close()
	}
}

// ServeHTTP implements http.Handler.
func (a *application) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.seen[nameOf(r)]++
	a.mu.Unlock()
	a.handler.ServeHTTP(w, r)
}

// got returns how often a request has come.
func (a *application) got(name string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.seen[name]
}

// startAlone starts an edge before an application that need not be there. words stand in its zone.
func startAlone(t *testing.T, a *application, words ...string) *harness.Edge {
	t.Helper()
	zone := fmt.Sprintf("\t\tzone web / %s {\n", a.address)
	for _, line := range words {
		zone += "\t\t\t" + line + "\n"
	}
	return harness.StartEdge(t, nil, harness.Setup{Zones: zone + "\t\t}\n", Site: edgeIsReady})
}

// edgeIsReady answers what the harness asks an edge for until it serves, without an application.
const edgeIsReady = "\thandle /robots.txt {\n\t\trespond yes\n\t}\n"

// outcome is what has become of a request.
type outcome struct {
	status int // 0: none came
	text   string
	header http.Header
	err    error
}

// asking sends a request, and returns where what becomes of it will come.
func asking(client *http.Client, req *http.Request) <-chan outcome {
	outcomes := make(chan outcome, 1)
	go func() {
		var o outcome
		res, err := client.Do(req)
		if o.err = err; err == nil {
			var body []byte
			body, o.err = io.ReadAll(res.Body)
			_ = res.Body.Close()
			o.status, o.header, o.text = res.StatusCode, res.Header, string(body)
		}
		outcomes <- o
	}()
	return outcomes
}

// askFor sends GET requests for paths at once.
func askFor(t *testing.T, client *http.Client, e *harness.Edge, paths ...string) (list []<-chan outcome) {
	t.Helper()
	for _, path := range paths {
		list = append(list, asking(client, edgetest.Request(t, t.Context(), http.MethodGet, e.URL(path), nil)))
	}
	return list
}

// requireAnswered waits for good answers.
func requireAnswered(t *testing.T, list ...<-chan outcome) {
	t.Helper()
	for _, waiting := range list {
		o := edgetest.Receive(t, waiting, "it is answered")
		require.NoError(t, o.err)
		assert.Equal(t, http.StatusOK, o.status, o.text)
	}
}

// waitForQueue waits until as many requests wait for their application.
func waitForQueue(t *testing.T, e *harness.Edge, length int) {
	t.Helper()
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		return int(e.Metric(t, `caddy_nextjs_queue_waiting{zone="web"}`)) == length
	}, "%d requests wait", length)
}

// queued returns how many requests have left the queue with a result.
func queued(t *testing.T, e *harness.Edge, result string) int {
	t.Helper()
	return int(e.Metric(t, fmt.Sprintf(`caddy_nextjs_queue_requests_total{result=%q,zone="web"}`, result)))
}
