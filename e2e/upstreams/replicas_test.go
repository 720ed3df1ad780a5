//go:build e2e

package upstreams_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/dnstest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

const (
	// slowAnswer is how long /slow takes: longer than a change of DNS needs to be seen.
	slowAnswer = 3 * time.Second
	// sharedFor has the page cache keep an answer for longer than a test lasts.
	sharedFor = "s-maxage=3600"
)

// replica is a server as a container of a service has it: an address of its own, on the port of all. It answers with
// its host.
type replica struct {
	host, address string
	listener      net.Listener
	server        *http.Server

	now  atomic.Int64 // requests to /work at this moment
	most atomic.Int64 // and at one time

	mu       sync.Mutex
	arrivals []time.Time   // of requests of clients
	slow     int           // requests to /slow at this moment
	gate     chan struct{} // closed when requests to /gate are let go; nil: they are
}

// startReplicas starts a replica on each host, all on one port.
func startReplicas(t testing.TB, hosts ...string) (list []*replica, port string) {
	t.Helper()
	port = edgetest.FreePort(t)
	for _, host := range hosts {
		r := &replica{host: host, address: net.JoinHostPort(host, port)}
		r.start(t)
		t.Cleanup(func() { _ = r.server.Close() })
		list = append(list, r)
	}
	return list, port
}

// startService starts replicas, a DNS server that names the first few of them, and an edge before these. words stand in
// its zone.
func startService(t testing.TB, count, named int, words ...string) (*harness.Edge, *dnstest.Server, []*replica) {
	t.Helper()
	replicas, port := startReplicas(t, hosts[:count]...)
	dns := dnstest.Start(t)
	rename(dns, replicas[:named]...)
	return harness.StartEdge(t, nil, harness.Setup{Zones: zoneOf(dns, port, words...)}), dns, replicas
}

// start has the replica take connections.
func (r *replica) start(t testing.TB) {
	t.Helper()
	var err error
	r.listener, err = net.Listen("tcp", r.address)
	require.NoError(t, err)
	r.server = &http.Server{Handler: r.handler(), ReadHeaderTimeout: edgetest.Patience}
	server, listener := r.server, r.listener
	go func() { _ = server.Serve(listener) }()
}

// refuse has it take no connections any more, as `next start` does first at SIGTERM.
func (r *replica) refuse(t testing.TB) {
	t.Helper()
	require.NoError(t, r.listener.Close())
}

// stop ends it when it has answered what it has.
func (r *replica) stop(t testing.TB) {
	t.Helper()
	_ = r.listener.Close() // it may be
	_ = r.server.Shutdown(edgetest.Within(t, edgetest.Patience))
}

func (r *replica) handler() http.Handler {
	answer := func(cacheControl string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", cacheControl)
			_, _ = io.WriteString(w, r.host)
		}
	}
	mux := http.NewServeMux()
	for path, handler := range map[string]http.HandlerFunc{
		"/quick":      answer("private, no-store"),
		"/private":    answer("private, max-age=0"),
		"/public":     answer("public, max-age=60"),
		"/unsaid":     answer(""),
		"/kept":       answer(sharedFor),
		"/kept/again": answer(sharedFor),
		"/slow":       r.serveSlow, "/work": r.serveWork, "/gate": r.serveGate, "/events": r.serveEvents, "/socket": r.serveSocket,
		"/download": serveDownload, "/upload": serveUpload,
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, req *http.Request) {
			r.note()
			w.Header().Set(harness.FromHeader, r.host)
			handler(w, req)
		})
	}
	return mux
}

func (r *replica) note() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.arrivals = append(r.arrivals, time.Now())
}

// arrivedSince returns when requests of clients have come after a moment.
func (r *replica) arrivedSince(moment time.Time) (times []time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, arrival := range r.arrivals {
		if arrival.After(moment) {
			times = append(times, arrival)
		}
	}
	return times
}

// arrived returns how many requests of clients have come.
func (r *replica) arrived() int { return len(r.arrivedSince(time.Time{})) }

// isBusy reports whether the replica is at a slow answer.
func (r *replica) isBusy() bool { return r.countSlow(0) > 0 }

func (r *replica) countSlow(n int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.slow += n
	return r.slow
}

func (r *replica) serveSlow(w http.ResponseWriter, req *http.Request) {
	r.countSlow(1)
	defer r.countSlow(-1)
	select {
	case <-time.After(slowAnswer):
		_, _ = io.WriteString(w, r.host)
	case <-req.Context().Done():
	}
}

// serveWork takes a moment, and counts how many it is at.
func (r *replica) serveWork(w http.ResponseWriter, _ *http.Request) {
	now := r.now.Add(1)
	for most := r.most.Load(); now > most && !r.most.CompareAndSwap(most, now); most = r.most.Load() {
	}
	time.Sleep(20 * time.Millisecond)
	r.now.Add(-1)
	_, _ = io.WriteString(w, r.host)
}

// shut has requests to /gate wait until open is called.
func (r *replica) shut() (open func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	gate := make(chan struct{})
	r.gate = gate
	return sync.OnceFunc(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.gate = nil
		close(gate)
	})
}

func (r *replica) serveGate(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	gate := r.gate
	r.mu.Unlock()
	r.now.Add(1)
	defer r.now.Add(-1)
	if gate != nil {
		select {
		case <-gate:
		case <-req.Context().Done():
		}
	}
	_, _ = io.WriteString(w, r.host)
}

// serveEvents is a stream of one event, which does not end.
func (r *replica) serveEvents(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = fmt.Fprintf(w, "data: %s\n\n", r.host)
	_ = http.NewResponseController(w).Flush()
	<-req.Context().Done()
}

// serveSocket says its host over a WebSocket, and waits for its end.
func (r *replica) serveSocket(w http.ResponseWriter, req *http.Request) {
	conn, err := websocket.Accept(w, req, nil)
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	_ = conn.Write(req.Context(), websocket.MessageText, []byte(r.host))
	_, _, _ = conn.Read(req.Context())
}

// downloadSize is more than all buffers between a replica and its client hold.
const downloadSize = 64 << 20

func serveDownload(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", strconv.Itoa(downloadSize))
	chunk := make([]byte, 64<<10)
	for sent := 0; sent < downloadSize; sent += len(chunk) {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

// serveUpload answers with how much came.
func serveUpload(w http.ResponseWriter, req *http.Request) {
	n, _ := io.Copy(io.Discard, req.Body)
	_, _ = io.WriteString(w, strconv.FormatInt(n, 10))
}
