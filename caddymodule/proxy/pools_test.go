package proxy

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
	"github.com/caddy-nextjs/caddy-nextjs/streaming"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// A plain and an encrypted site have a transport each. `next start` closes its listener at SIGTERM and keeps the
// connections of both.
func TestARefusedConnectionClosesWhatIsIdleOfAllSites(t *testing.T) {
	for name, failure := range map[string]error{
		"refused": reverseproxy.NewDialError(syscall.ECONNREFUSED), "ended before the answer": io.EOF,
	} {
		t.Run(name, func(t *testing.T) {
			server, open := countConnections(t)
			rotation := limitedRotation(t, server)
			upstream := rotation.Upstreams()[0]
			sites := []*Transport{newTransport(t), newTransport(t)}
			for _, site := range sites {
				res, err := (&http.Client{Transport: site.pools.of(upstream)}).Get("http://" + server)
				require.NoError(t, err)
				_, _ = io.Copy(io.Discard, res.Body)
				require.NoError(t, res.Body.Close())
			}
			require.EqualValues(t, 2, open.Load())
			a := &edge.Request{Zone: &edge.Zone{Zone: new(zones.Zone), Upstreams: rotation}, Try: deploy.Try{Upstream: upstream}}
			req := httptest.NewRequest(http.MethodGet, "/", nil)
			require.Error(t, noteFailure(failure, req, a))
			edgetest.Eventually(t, edgetest.Patience, func() bool { return open.Load() == 0 }, "all are closed")
		})
	}
}

// An upstream that has gone meanwhile is not remembered for its last error.
func TestAFailureKeepsNothingOfAnUpstreamThatHasGone(t *testing.T) {
	rotation := limitedRotation(t, "127.0.0.1:1")
	gone, site := rotation.Upstreams()[0], newTransport(t)
	Forget(gone)
	a := &edge.Request{Zone: &edge.Zone{Zone: new(zones.Zone), Upstreams: rotation}, Try: deploy.Try{Upstream: gone}}
	require.Error(t, noteFailure(io.EOF, httptest.NewRequest(http.MethodGet, "/", nil), a))
	_, known := site.pools.byUp.Load(gone)
	assert.False(t, known)
}

// An upstream that is drained, and then left out of the configuration, loses its streams all the same.
func TestStreamsOfAForgottenUpstreamAreDrained(t *testing.T) {
	upstream := &deploy.Upstream{Address: deploy.Address{Dial: "127.0.0.1:1"}}
	body, server := io.Pipe()
	stream := processStreams.Watch(streaming.EventStream, &http.Response{Body: body}, upstream)
	t.Cleanup(func() { _ = errors.Join(stream.Close(), server.Close()) })
	Drain(upstream)
	Forget(upstream)
	said := make(chan []byte, 1)
	go func() {
		text, _ := io.ReadAll(stream)
		said <- text
	}()
	assert.Contains(t, string(edgetest.Receive(t, said, "the stream ends")), "retry: ")
}

// newTransport is that of a site.
func newTransport(t *testing.T) *Transport {
	t.Helper()
	transport := &Transport{logger: zap.NewNop()}
	transport.pools.base = new(http.Transport)
	processPools.add(&transport.pools)
	t.Cleanup(func() {
		processPools.remove(&transport.pools)
		transport.pools.closeIdle()
	})
	return transport
}

// countConnections starts a server, and counts its connections.
func countConnections(t *testing.T) (address string, open *atomic.Int64) {
	t.Helper()
	open = new(atomic.Int64)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		case http.StateActive, http.StateIdle, http.StateHijacked:
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), open
}
