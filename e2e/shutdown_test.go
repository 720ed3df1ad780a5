//go:build e2e

package e2e_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The grace period is far longer than the test waits: what ends in time ended by itself, not by force.
func TestSIGTERMEndsEverythingInGoodOrder(t *testing.T) {
	f := nextApps(t)
	gate := newGate()
	probe, err := freePort()
	require.NoError(t, err)
	e := startEdge(t, f, setup{
		global: "\tgrace_period 5m\n\tshutdown_delay 1s\n",
		zones:  "\t\tzone /ws " + echoServer(t) + "\n\t\tzone /gate " + upstreamOf(t, gate) + " {\n\t\t\toptional\n\t\t}\n",
		sites:  fmt.Sprintf("http://localhost:%d {\n\tnextjs_health\n}\n", probe),
	})
	ctx := within(t, 2*patience)
	readyz := fmt.Sprintf("http://localhost:%d/readyz", probe)
	fresh := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	require.Equal(t, http.StatusOK, get(t, fresh, readyz).StatusCode)
	text, err := os.ReadFile(e.caddyfilePath())
	require.NoError(t, err)
	require.Empty(t, e.load(t, string(text)+"\n"), "a reload")
	require.Equal(t, http.StatusOK, get(t, fresh, readyz).StatusCode, "a reload does not make it unready")

	h1, h2 := e.client(t, "HTTP/1.1"), e.client(t, "HTTP/2.0")
	socket := dialSocket(t, ctx, e, "/ws")
	sayAndHear(t, ctx, socket, "before")
	events := listen(t, ctx, h1, e.tlsURL(""), "HTTP/1.1", "identity")
	packed := listen(t, ctx, h2, e.tlsURL(""), "HTTP/2.0", "zstd")
	hold := "stop-" + nextMark()
	page := open(t, h1, request(t, ctx, http.MethodGet, e.tlsURL("/live?hold="+hold), nil), "HTTP/1.1", "gzip")
	page.readUntil(t, shellMark)
	slow := inBackground(ctx, h1, e.tlsURL("/api/slow?ms=3000"))
	gated := inBackground(ctx, h1, e.tlsURL("/gate"))
	receive(t, gate.arrived, "the request is with the upstream")
	goodbye := make(chan error, 1)
	go func() {
		_, _, err := socket.Read(ctx)
		goodbye <- err
	}()

	e.terminate(t)

	// First it says that it is going, and works on.
	eventually(t, patience, func() bool { return statusOf(fresh, readyz) == http.StatusServiceUnavailable }, "readyz turns unready")

	// Then streams end, in good order.
	events.readToEnd(t)
	packed.readToEnd(t)
	assert.Equal(t, websocket.StatusGoingAway, websocket.CloseStatus(receive(t, goodbye, "the socket is told")))

	// New connections are refused.
	eventually(t, patience, func() bool { return refuses(e.httpPort) && refuses(e.tlsPort) }, "new connections are refused")
	require.True(t, e.running(), "requests are still in flight")

	// What was in flight is finished, also what the edge could not know the end of.
	gate.open()
	assert.Equal(t, outcome{status: http.StatusOK, body: "through the gate"}, receive(t, gated, "the request in flight is answered"))
	slept := receive(t, slow, "the slow request is answered")
	assert.Equal(t, outcome{status: http.StatusOK, body: `{"slept":3000}`}, slept)
	require.Equal(t, http.StatusOK, post(t, fresh, f.home.url("/api/release?id="+hold), "text/plain", "").StatusCode)
	assert.Contains(t, page.readToEnd(t), "You let go.")

	receive(t, e.done, "the process ends")
	assert.Zero(t, e.cmd.ProcessState.ExitCode())
}

// Left to itself Caddy would wait for an open stream without end.
func TestWithoutAGracePeriodOpenStreamsDoNotHoldTheProcess(t *testing.T) {
	f := nextApps(t)
	for _, protocol := range protocols {
		t.Run(inShort(protocol), func(t *testing.T) {
			e := startEdge(t, f, setup{zones: "\t\tzone /ws " + echoServer(t) + "\n"})
			ctx := within(t, 4*patience)
			socket := dialSocket(t, ctx, e, "/ws")
			sayAndHear(t, ctx, socket, "before")
			events := listen(t, ctx, e.client(t, protocol), e.tlsURL(""), protocol, "gzip")
			ended := make(chan error, 1)
			go func() {
				_, err := io.Copy(io.Discard, events.from)
				ended <- err
			}()
			goodbye := make(chan error, 1)
			go func() {
				_, _, err := socket.Read(ctx)
				goodbye <- err
			}()

			e.terminate(t)

			assert.NoError(t, receive(t, ended, "the stream ends"), "in good order")
			assert.Equal(t, websocket.StatusGoingAway, websocket.CloseStatus(receive(t, goodbye, "the socket is told")))
			receive(t, e.done, "the process ends")
			assert.Zero(t, e.cmd.ProcessState.ExitCode())
		})
	}
}

// gate is an upstream that holds requests until it is opened.
type gate struct {
	arrived chan struct{}
	opened  chan struct{}
}

func newGate() *gate { return &gate{arrived: make(chan struct{}, 16), opened: make(chan struct{})} }

func (g *gate) open() { close(g.opened) }

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.arrived <- struct{}{}
	select {
	case <-g.opened:
		_, _ = w.Write([]byte("through the gate"))
	case <-r.Context().Done():
	}
}

// outcome is how a request ended.
type outcome struct {
	status int
	body   string
	err    string
}

func inBackground(ctx context.Context, client *http.Client, url string) <-chan outcome {
	done := make(chan outcome, 1)
	go func() { done <- ask(ctx, client, url) }()
	return done
}

func statusOf(client *http.Client, url string) int {
	return ask(context.Background(), client, url).status
}

func refuses(port int) bool {
	conn, err := net.DialTimeout("tcp", fmt.Sprintf("localhost:%d", port), 5*time.Second)
	if err == nil {
		_ = conn.Close()
	}
	return err != nil
}
