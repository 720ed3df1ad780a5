//go:build e2e

package ops_test

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

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// The grace period is far longer than the test waits: what ends in time ended by itself, not by force.
func TestSIGTERMEndsEverythingInGoodOrder(t *testing.T) {
	f := harness.NextApps(t)
	gate := newGate()
	probe, err := edgetest.FindPort()
	require.NoError(t, err)
	e := harness.StartEdge(t, f, harness.Setup{
		Global: "\tgrace_period 5m\n\tshutdown_delay 1s\n",
		Zones: "\t\tzone /ws " + harness.EchoServer(t) + "\n\t\tzone /gate " + edgetest.Upstream(t,
			gate.ServeHTTP) + " {\n\t\t\toptional\n\t\t}\n",
		Sites: fmt.Sprintf("http://localhost:%d {\n\tnextjs_health\n}\n", probe),
	})
	ctx := edgetest.Within(t, 2*edgetest.Patience)
	readyz := fmt.Sprintf("http://localhost:%d/readyz", probe)
	fresh := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: edgetest.Patience}
	require.Equal(t, http.StatusOK, edgetest.Get(t, fresh, readyz).StatusCode)
	text, err := os.ReadFile(e.CaddyfilePath())
	require.NoError(t, err)
	require.Empty(t, e.Load(t, string(text)+"\n"), "a reload")
	require.Equal(t, http.StatusOK, edgetest.Get(t, fresh, readyz).StatusCode, "a reload does not make it unready")

	h1, h2 := e.Client(t, edgetest.H1), e.Client(t, edgetest.H2)
	socket := harness.DialSocket(t, ctx, e, "/ws")
	harness.SayAndHear(t, ctx, socket, "before")
	events := harness.Listen(t, ctx, h1, e.TLSURL(""), edgetest.H1, "identity")
	packed := harness.Listen(t, ctx, h2, e.TLSURL(""), edgetest.H2, "zstd")
	hold := "stop-" + harness.NextMark()
	page := harness.Open(t, h1, edgetest.Request(t, ctx, http.MethodGet, e.TLSURL("/live?hold="+hold), nil), edgetest.H1,
		"gzip")
	page.ReadUntil(t, harness.ShellMark)
	slow := inBackground(ctx, h1, e.TLSURL("/api/slow?ms=3000"))
	gated := inBackground(ctx, h1, e.TLSURL("/gate"))
	edgetest.Receive(t, gate.arrived, "the request is with the upstream")
	goodbye := make(chan error, 1)
	go func() {
		_, _, err := socket.Read(ctx)
		goodbye <- err
	}()

	e.Terminate(t)

	// First it says that it is going, and works on.
	edgetest.Eventually(t, edgetest.Patience, func() bool { return statusOf(fresh, readyz) == http.StatusServiceUnavailable }, "readyz turns unready")

	// Then streams end, in good order.
	events.ReadToEnd(t)
	packed.ReadToEnd(t)
	assert.Equal(t, websocket.StatusGoingAway, websocket.CloseStatus(edgetest.Receive(t, goodbye, "the socket is told")))

	// New connections are refused.
	edgetest.Eventually(t, edgetest.Patience, func() bool { return refuses(e.HTTPPort) && refuses(e.TLSPort) },
		"new connections are refused")
	require.True(t, e.Running(), "requests are still in flight")

	// What was in flight is finished, also what the edge could not know the end of.
	gate.open()
	assert.Equal(t, outcome{status: http.StatusOK, body: "through the gate"}, edgetest.Receive(t, gated, "the request in flight is answered"))
	slept := edgetest.Receive(t, slow, "the slow request is answered")
	assert.Equal(t, outcome{status: http.StatusOK, body: `{"slept":3000}`}, slept)
	require.Equal(t, http.StatusOK, edgetest.Post(t, fresh, f.Home.URL("/api/release?id="+hold), "text/plain",
		"").StatusCode)
	assert.Contains(t, page.ReadToEnd(t), "You let go.")

	edgetest.Receive(t, e.Done, "the process ends")
	assert.Zero(t, e.Cmd.ProcessState.ExitCode())
}

// Left to itself Caddy would wait for an open stream without end.
func TestWithoutAGracePeriodOpenStreamsDoNotHoldTheProcess(t *testing.T) {
	f := harness.NextApps(t)
	for _, protocol := range edgetest.Protocols {
		t.Run(edgetest.InShort(protocol), func(t *testing.T) {
			e := harness.StartEdge(t, f, harness.Setup{Zones: "\t\tzone /ws " + harness.EchoServer(t) + "\n"})
			ctx := edgetest.Within(t, 4*edgetest.Patience)
			socket := harness.DialSocket(t, ctx, e, "/ws")
			harness.SayAndHear(t, ctx, socket, "before")
			events := harness.Listen(t, ctx, e.Client(t, protocol), e.TLSURL(""), protocol, "gzip")
			ended := make(chan error, 1)
			go func() {
				_, err := io.Copy(io.Discard, events.From)
				ended <- err
			}()
			goodbye := make(chan error, 1)
			go func() {
				_, _, err := socket.Read(ctx)
				goodbye <- err
			}()

			e.Terminate(t)

			assert.NoError(t, edgetest.Receive(t, ended, "the stream ends"), "in good order")
			assert.Equal(t, websocket.StatusGoingAway, websocket.CloseStatus(edgetest.Receive(t, goodbye, "the socket is told")))
			edgetest.Receive(t, e.Done, "the process ends")
			assert.Zero(t, e.Cmd.ProcessState.ExitCode())
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
