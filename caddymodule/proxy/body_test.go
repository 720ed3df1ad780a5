package proxy

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// A client that sends a body without its end, and reads an answer slowly, must not make its upstream look idle: it
// would get all requests, and more than max_concurrent allows.
func TestAClientThatHoldsBackItsBodyIsNotCountedTwice(t *testing.T) {
	rotation := limitedRotation(t, answerEarly(t))
	body, client := io.Pipe()
	a := requestTo(t, rotation)
	req, err := http.NewRequest(http.MethodPost, "http://site/", body)
	require.NoError(t, err)
	req = withRequest(req, a)

	transport, upstream := newTransport(t), a.Try.Upstream
	require.EqualValues(t, 1, upstream.Occupied())
	res, err := transport.RoundTrip(req)
	require.NoError(t, err)
	assert.EqualValues(t, 1, upstream.Occupied(), "its answer has begun")
	_, err = io.ReadFull(res.Body, make([]byte, 1))
	require.NoError(t, err)
	assert.Zero(t, upstream.Occupied(), "it waits for its client")
	require.NoError(t, client.Close())
	require.NoError(t, res.Body.Close())
	assert.Zero(t, upstream.InFlight())
	edgetest.Eventually(t, edgetest.Patience, func() bool { return upstream.Occupied() == 0 }, "all is given back")
}

// answerEarly is a server that answers a request when it has its head.
func answerEarly(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		in := bufio.NewReader(conn)
		if _, err := http.ReadRequest(in); err != nil {
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhere")
		_, _ = io.Copy(io.Discard, in)
	}()
	return listener.Addr().String()
}

// limitedRotation is that of a zone with max_concurrent.
func limitedRotation(t *testing.T, address string) *deploy.Rotation {
	t.Helper()
	fleet := deploy.Open(deploy.Settings{Addresses: new(deploy.Addresses), Log: zap.NewNop()})
	t.Cleanup(func() { _ = fleet.Close() })
	rotation := fleet.Join(deploy.ZoneSettings{
		ID: "web", Sources: []deploy.Source{{Address: deploy.Address{Dial: address}}}, Balance: deploy.Balance{MaxConcurrent: 4},
	})
	t.Cleanup(rotation.Leave)
	return rotation
}

// requestTo is a request that has its upstream.
func requestTo(t *testing.T, rotation *deploy.Rotation) *edge.Request {
	t.Helper()
	zone := &edge.Zone{Zone: new(zones.Zone), Upstreams: rotation, Shared404: new(edge.Shared404)}
	view := &edge.View{HeadLimit: edge.SiteLimit{Server: edge.HeadLimits{}.Of(nil)}}
	a := edge.NewRequest(zone, view, zones.KindAPI)
	try, err := rotation.Pick(time.Now(), nil, deploy.Affinity{})
	require.NoError(t, err)
	a.Try = try
	return a
}

// withRequest has a request be known.
func withRequest(req *http.Request, a *edge.Request) *http.Request {
	req = req.WithContext(context.WithValue(req.Context(), caddyhttp.VarsCtxKey, map[string]any{}))
	req.URL.Host = a.Try.Upstream.Dial
	edge.Set(req, a)
	return req
}
