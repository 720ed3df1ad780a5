//go:build e2e

package deploy_test

import (
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// faultyServer is an upstream that goes wrong when it is told to.
type faultyServer struct {
	address string
	fault   atomic.Pointer[func(w http.ResponseWriter, r *http.Request)]
	served  atomic.Int64
}

// newFaultyServer starts one that is well. It answers as the applications do: /api/slow?ms= after that time, all else
// after 10 ms.
func newFaultyServer(t *testing.T) *faultyServer {
	t.Helper()
	s := new(faultyServer)
	s.address = edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		s.served.Add(1)
		w.Header().Set(harness.FromHeader, s.address)
		if fault := s.fault.Load(); fault != nil {
			(*fault)(w, r)
			return
		}
		answerLate(r)
	})
	return s
}

func answerLate(r *http.Request) {
	ms, err := strconv.Atoi(r.URL.Query().Get("ms"))
	if err != nil {
		ms = 10
	}
	select {
	case <-time.After(time.Duration(ms) * time.Millisecond):
	case <-r.Context().Done():
	}
}

// startFaulty starts an edge before two servers that are well and one that will not be, and a load.
func startFaulty(t *testing.T) (e *harness.Edge, bad *faultyServer, l *harness.Load) {
	t.Helper()
	bad = newFaultyServer(t)
	e = startBesideTwo(t, bad.address)
	l = harness.StartLoad(t, e.URL(""), mixOf("/", "/about", "/products?page=1"))
	edgetest.Eventually(t, edgetest.Patience, func() bool { return bad.served.Load() > 5 }, "all get requests")
	return e, bad, l
}

// startBesideTwo starts an edge before two servers that are well and another one.
func startBesideTwo(t *testing.T, address string) *harness.Edge {
	t.Helper()
	return startEdge(t, []string{newFaultyServer(t).address, newFaultyServer(t).address, address})
}

// statusIn is what an edge says of an upstream of its only zone.
func statusIn(t *testing.T, e *harness.Edge, address string) report.UpstreamStatus {
	t.Helper()
	for _, upstream := range statusOf(t, e).Zones[0].Deployments[0].Upstreams {
		if upstream.Upstream == address {
			return upstream
		}
	}
	require.Fail(t, "the edge does not have "+address)
	return report.UpstreamStatus{}
}

// stateIn is what an upstream is fit for, as the edge says.
func stateIn(t *testing.T, e *harness.Edge, address string) string {
	t.Helper()
	return statusIn(t, e, address).State
}

func becomes(t *testing.T, e *harness.Edge, address, state string) {
	t.Helper()
	edgetest.Eventually(t, 2*edgetest.Patience, func() bool { return stateIn(t, e, address) == state }, "%s becomes %s", address, state)
}

// A replica that answers with errors what others answer costs some requests, and then none for as long as it is out.
func TestAReplicaThatAnswersWithErrors(t *testing.T) {
	t.Parallel()
	e, bad, l := startFaulty(t)
	broken := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }
	bad.fault.Store(&broken)
	becomes(t, e, bad.address, "ejected")
	before := bad.served.Load()
	time.Sleep(2 * time.Second)
	assert.Equal(t, before, bad.served.Load(), "nothing is sent to it")
	bad.fault.Store(nil)
	becomes(t, e, bad.address, "healthy")
	harness.RequireFewFailed(t, l.Stop(), 15)
}

// One that ends connections before it answers costs three requests in a row, and those that are on their way.
func TestAReplicaThatEndsConnections(t *testing.T) {
	t.Parallel()
	e, bad, l := startFaulty(t)
	reset := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	bad.fault.Store(&reset)
	becomes(t, e, bad.address, "ejected")
	bad.fault.Store(nil)
	becomes(t, e, bad.address, "healthy")
	harness.RequireFewFailed(t, l.Stop(), 10)
}

// One that takes connections and never answers gets few requests, and none when it was silent for five seconds. What it
// has got is lost when its client has waited enough.
func TestAReplicaThatNeverAnswers(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	e := startBesideTwo(t, silent.Addr().String())
	mix := mixOf("/", "/about")
	mix.Limit = 12 * time.Second
	l := harness.StartLoad(t, e.URL(""), mix)
	becomes(t, e, silent.Addr().String(), "ejected")
	begin := time.Now()
	time.Sleep(3 * time.Second)
	answers := l.Stop()
	harness.RequireFewFailed(t, answers, 12)
	for _, a := range harness.Failed(answers) {
		assert.True(t, a.Began.Before(begin), "nothing is sent to it any more")
	}
}

// One that is ten times slower gets few requests, and nobody an error.
func TestASlowReplica(t *testing.T) {
	_, bad, l := startFaulty(t)
	slow := func(_ http.ResponseWriter, r *http.Request) {
		time.Sleep(90 * time.Millisecond)
		answerLate(r)
	}
	bad.fault.Store(&slow)
	time.Sleep(3 * time.Second) // it is known by now
	before, begin := bad.served.Load(), time.Now()
	time.Sleep(6 * time.Second)
	got := bad.served.Load() - before
	answers := l.Stop()
	harness.RequireNoneFailed(t, answers)
	all := 0
	for _, a := range answers {
		if a.Began.After(begin) {
			all++
		}
	}
	assert.Less(t, float64(got), 0.2*float64(all), "its share of %d requests", all)
}

// A replica that is killed loses what it was at, and nothing else.
func TestAReplicaIsKilled(t *testing.T) {
	t.Parallel()
	apps, e, l := startReplicas(t, 3)
	time.Sleep(4 * time.Second) // slow requests are with each
	killed := time.Now()
	apps[0].Kill()
	becomes(t, e, apps[0].Upstream(), "unhealthy")
	apps[0].ServeAgain(t)
	becomes(t, e, apps[0].Upstream(), "healthy")
	lost := harness.Failed(l.Stop())
	for _, a := range lost {
		assert.True(t, a.Began.Before(killed), "it was sent after the end: %s", a)
	}
	assert.LessOrEqual(t, len(lost), 15, "what was in flight")
}

// A replica whose event loop is blocked gets no new requests after five seconds. What it has is answered when it wakes.
func TestAReplicaThatHangs(t *testing.T) {
	t.Parallel()
	apps, e, l := startReplicas(t, 3)
	time.Sleep(2 * time.Second)
	require.NoError(t, apps[0].Cmd.Process.Signal(syscall.SIGSTOP))
	t.Cleanup(func() { _ = apps[0].Cmd.Process.Signal(syscall.SIGCONT) })
	becomes(t, e, apps[0].Upstream(), "ejected")
	ejected := time.Now()
	time.Sleep(2 * time.Second)
	require.NoError(t, apps[0].Cmd.Process.Signal(syscall.SIGCONT))
	becomes(t, e, apps[0].Upstream(), "healthy")
	answers := l.Stop()
	harness.RequireNoneFailed(t, answers)
	late := 0
	for _, a := range answers {
		if a.Took() > slowTime+2*time.Second {
			late++
			assert.True(t, a.Began.Before(ejected), "nobody waits who came after it was out")
		}
	}
	assert.LessOrEqual(t, late, 15, "requests that waited for it")
}
