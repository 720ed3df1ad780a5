package deploy

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// replica is a server that answers as it is told, and remembers what it was asked.
type replica struct {
	t       testing.TB
	address string
	server  *http.Server
	done    sync.WaitGroup

	mu     sync.Mutex
	answer http.HandlerFunc
	asked  []*http.Request
}

func newReplica(t testing.TB) *replica {
	t.Helper()
	r := &replica{t: t, address: "127.0.0.1:0"}
	r.answers(status(http.StatusOK))
	r.listen()
	t.Cleanup(r.stop)
	return r
}

// listen has it listen, always at the same address.
func (r *replica) listen() {
	r.t.Helper()
	listener, err := net.Listen("tcp", r.address)
	require.NoError(r.t, err)
	r.address = listener.Addr().String()
	server := &http.Server{Handler: r}
	r.server = server
	r.done.Go(func() { _ = server.Serve(listener) })
}

// stop has its port refuse connections.
func (r *replica) stop() {
	_ = r.server.Close()
	r.done.Wait()
}

func (r *replica) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	answer := r.answer
	r.asked = append(r.asked, req)
	r.mu.Unlock()
	answer(w, req)
}

func (r *replica) answers(h http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = h
}

func (r *replica) questions() []*http.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*http.Request{}, r.asked...)
}

// isAskedMore waits until it has been asked n more times.
func (r *replica) isAskedMore(n int) {
	r.t.Helper()
	before := len(r.questions())
	r.eventually(func() bool { return len(r.questions()) >= before+n })
}

func (r *replica) eventually(condition func() bool) {
	r.t.Helper()
	require.Eventually(r.t, condition, 20*time.Second, 10*time.Millisecond)
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// silence answers nothing until who asks gives up.
func silence(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() }

// abort ends the connection without an answer.
func abort(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// site is a zone of replicas in a fleet that looks after them.
type site struct {
	observed
	*Rotation
	t        *testing.T
	replicas []*replica

	mu      sync.Mutex
	changes []Change
	mixed   []Mixed
}

func newSite(t *testing.T, replicas int, settings WatchSettings) *site {
	settings.UntilAnswered = true
	t.Helper()
	s := &site{t: t}
	zone := ZoneSettings{ID: "web", Name: "web", Watch: settings}
	for range replicas {
		r := newReplica(t)
		s.replicas = append(s.replicas, r)
		zone.Sources = append(zone.Sources, Source{Address: Address{Dial: r.address}})
	}
	s.observed = openFleet(t, Settings{Tell: func(c Change) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.changes = append(s.changes, c)
	}, TellMixed: func(m Mixed) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.mixed = append(s.mixed, m)
	}})
	s.Rotation = s.Join(zone)
	t.Cleanup(s.Leave)
	return s
}

func (s *site) member(i int) *Member { return s.Zone().Find(s.replicas[i].address) }

// becomes waits until an upstream is fit for something, and returns it.
func (s *site) becomes(i int, state Health) *Member {
	s.t.Helper()
	s.replicas[i].eventually(func() bool { return s.member(i).State == state })
	return s.member(i)
}

// told waits until n changes of the state of an upstream have been told, and returns the states.
func (s *site) told(i, n int) (states []string) {
	s.t.Helper()
	s.replicas[i].eventually(func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		states = nil
		for _, change := range s.changes {
			if change.IsNewState() && change.Upstream().Dial == s.replicas[i].address {
				states = append(states, change.After.State.String())
			}
		}
		return len(states) >= n
	})
	return states
}

// connect connects to an upstream, and notes if it is refused.
func (s *site) connect(i int) {
	s.t.Helper()
	conn, err := s.member(i).DialContext(context.Background())
	if err != nil {
		s.Refused(s.member(i).Upstream, err)
		return
	}
	assert.NoError(s.t, conn.Close())
}
