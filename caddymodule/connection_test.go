package caddymodule

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// resettingUpstream is a server that answers the first request of each connection, announcing keepAlive ("" announces
// nothing), and resets a connection that is used again after more than patience of idleness: what Node.js does when a
// request meets the closing of an idle connection, but every time.
type resettingUpstream struct {
	net.Listener
	keepAlive   string
	patience    time.Duration
	connections atomic.Int64
	requests    atomic.Int64
}

func newResettingUpstream(t *testing.T, keepAlive string, patience time.Duration) *resettingUpstream {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	u := &resettingUpstream{Listener: listener, keepAlive: keepAlive, patience: patience}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			u.connections.Add(1)
			go u.serve(conn.(*net.TCPConn))
		}
	}()
	return u
}

func (u *resettingUpstream) serve(conn *net.TCPConn) {
	defer conn.Close()
	reader := bufio.NewReader(conn)
	var answered time.Time
	for ; ; answered = time.Now() {
		if _, err := reader.Peek(1); err != nil {
			return
		}
		if !answered.IsZero() && time.Since(answered) > u.patience {
			_ = conn.SetLinger(0)
			return
		}
		req, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		u.requests.Add(1)
		_, _ = io.Copy(io.Discard, req.Body)
		announce := ""
		if u.keepAlive != "" {
			announce = "Keep-Alive: " + u.keepAlive + "\r\n"
		}
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\n%sContent-Length: 2\r\n\r\nok", announce)
	}
}

func post(t *testing.T, e *edgetest.Edge, body io.Reader) int {
	t.Helper()
	client, base := e.Client(t, edgetest.H1)
	res, err := client.Post(base, "text/plain", body)
	require.NoError(t, err)
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res.StatusCode
}

// The upstream resets every connection that it would have closed by then. As long as the edge honours the announced
// time no POST, which nobody may repeat, ever meets such a connection.
func TestPostsNeverMeetAConnectionThatTheUpstreamGaveUp(t *testing.T) {
	for name, body := range map[string]func() io.Reader{
		"with body":    func() io.Reader { return strings.NewReader("body") },
		"without body": func() io.Reader { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			u := newResettingUpstream(t, "timeout=1", time.Second)
			e := edgetest.Serve(t, "nextjs "+u.Addr().String())
			// The first connection is opened before the upstream has announced anything.
			for _, pause := range []time.Duration{0, 0, 300, 400, 600, 700, 900, 1000, 1100, 0} {
				time.Sleep(pause * time.Millisecond) // being idle is what is tested
				assert.Equal(t, http.StatusOK, post(t, e, body()), "after %d ms", pause)
			}
			assert.Less(t, u.connections.Load(), u.requests.Load(), "connections are used again while they may be")
			assert.Greater(t, u.connections.Load(), int64(3), "and not when they may not")
		})
	}
}

// The sharpness of the test above: an upstream that breaks its own promise does cause 502s, and only for what cannot be
// repeated.
func TestAnUpstreamThatBreaksItsPromiseFailsPostsOnly(t *testing.T) {
	u := newResettingUpstream(t, "", 0)
	e := edgetest.Serve(t, "nextjs "+u.Addr().String())
	require.Equal(t, http.StatusOK, post(t, e, strings.NewReader("body")))
	assert.Equal(t, http.StatusBadGateway, post(t, e, strings.NewReader("body")))
	require.Equal(t, http.StatusOK, post(t, e, strings.NewReader("body")))
	client, base := e.Client(t, edgetest.H1)
	res, err := client.Get(base)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, res.StatusCode)
	assert.EqualValues(t, 3, u.requests.Load(), "no request arrived twice")
}

func TestUpstreamsThatRefuseConnectionsArePassedOver(t *testing.T) {
	var served atomic.Int64
	alive := edgetest.Upstream(t, func(http.ResponseWriter, *http.Request) { served.Add(1) })
	dead1, dead2 := "localhost:"+edgetest.FreePort(t), "localhost:"+edgetest.FreePort(t)
	e := edgetest.Serve(t, fmt.Sprintf("nextjs %s %s %s", dead1, alive, dead2))
	for range 20 {
		require.Equal(t, http.StatusOK, post(t, e, strings.NewReader("body")))
	}
	assert.EqualValues(t, 20, served.Load())
}

// What is only to be read is sent once more, to another upstream; where that is off, and of everything else, nothing is
// sent twice.
func TestWhatWasSentIsSentOnceMoreAtMost(t *testing.T) {
	var received, waiting atomic.Int64
	all := make(chan struct{})
	broken := func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/warm" { // all at once, so that there are many connections
			if waiting.Add(1) == 12 {
				close(all)
			}
			<-all
			return
		}
		received.Add(1)
		panic(http.ErrAbortHandler)
	}
	upstreams := strings.Join([]string{edgetest.Upstream(t, broken), edgetest.Upstream(t, broken), edgetest.Upstream(t, broken)}, " ")
	for word, times := range map[string]int64{"": 2, "retries off": 1} {
		e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / %s {\n %s\n }\n}", upstreams, word))
		var warming sync.WaitGroup
		for range 12 {
			warming.Go(func() { e.Ask(t, http.MethodGet, "/warm") })
		}
		warming.Wait()
		received.Store(0)
		assert.Equal(t, http.StatusBadGateway, post(t, e, strings.NewReader("body")))
		assert.EqualValues(t, 1, received.Load())
		client, base := e.Client(t, edgetest.H1)
		res, err := client.Get(base)
		require.NoError(t, err)
		assert.Equal(t, http.StatusBadGateway, res.StatusCode)
		assert.EqualValues(t, 1+times, received.Load(), word)
	}
}

func TestUpstreamsOverTLSAndUnixSockets(t *testing.T) {
	hello := func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Host) }
	socket := t.TempDir() + "/web.sock"
	listener, err := net.Listen("unix", socket)
	require.NoError(t, err)
	server := &http.Server{Handler: http.HandlerFunc(hello), ReadHeaderTimeout: edgetest.Patience}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / %s\n zone /unix unix/%s\n zone /plain http://%s\n}",
		edgetest.TrustedTLSUpstream(t, hello), socket, edgetest.Upstream(t, hello)))
	client, _ := e.Client(t, edgetest.H1)
	for _, path := range []string{"/", "/unix", "/plain"} {
		res, err := client.Get(e.URL(path))
		require.NoError(t, err, path)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, res.StatusCode, path)
		assert.Equal(t, "localhost:"+e.Port, string(body), "the upstream sees the public host")
	}
}

func TestAFailedHandshakeLetsAnotherUpstreamAnswer(t *testing.T) {
	ok := func(http.ResponseWriter, *http.Request) {}
	e := edgetest.Serve(t, fmt.Sprintf("nextjs %s %s", edgetest.UntrustedTLSUpstream(t, ok), edgetest.Upstream(t, ok)))
	for range 4 {
		require.Equal(t, http.StatusOK, post(t, e, strings.NewReader("body")))
	}
}

// Next.js leaves the upgrade of an unknown path hanging; here the upstream never answers anything.
func TestAnUpgradeThatIsNotAnsweredEndsByTimeout(t *testing.T) {
	release := make(chan struct{})
	address := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-release:
			_, _ = io.WriteString(w, "slow answer")
		}
	})
	e := edgetest.Serve(t, fmt.Sprintf("nextjs %s {\n upgrade_timeout 200ms\n}", address))
	slow := make(chan *http.Response, 1)
	client, base := e.Client(t, edgetest.H1)
	go func() {
		if res, err := client.Get(base); err == nil {
			slow <- res
		}
	}()
	req, err := http.NewRequest(http.MethodGet, base+"/nowhere", nil)
	require.NoError(t, err)
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "websocket")
	res, err := client.Do(req)
	require.NoError(t, err)
	assert.Equal(t, http.StatusGatewayTimeout, res.StatusCode)
	close(release)
	assert.Equal(t, http.StatusOK, (<-slow).StatusCode, "other requests may take their time")
}

func TestAnUpgradeThatIsRefusedGetsTheRefusal(t *testing.T) {
	address := edgetest.Upstream(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUpgradeRequired) })
	e := edgetest.Serve(t, "nextjs "+address)
	client, base := e.Client(t, edgetest.H1)
	req, err := http.NewRequest(http.MethodGet, base, nil)
	require.NoError(t, err)
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "websocket")
	res, err := client.Do(req)
	require.NoError(t, err)
	assert.Equal(t, http.StatusUpgradeRequired, res.StatusCode)
}
