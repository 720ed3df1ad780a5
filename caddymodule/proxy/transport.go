package proxy

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
)

const (
	// defaultIdleTimeout is below the 5 s after which Node.js closes an idle connection.
	defaultIdleTimeout = 4 * time.Second
	// defaultIdlePerHost is larger than Caddy's 32: there are few upstreams, and new connections cost Node.js more than
	// idle ones.
	defaultIdlePerHost = 256
	// defaultReadBuffer takes a page of usual size from the upstream in one read; net/http's 4 KiB needs several reads
	// and as many writes.
	defaultReadBuffer = 16 << 10
	// defaultUpgradeTimeout bounds the wait for an answer to an upgrade: Next.js leaves upgrades of unknown paths
	// hanging.
	defaultUpgradeTimeout = 10 * time.Second
	// farewellTime bounds the wait for WebSocket clients to be told that the process stops.
	farewellTime = time.Second
)

// Transport is Caddy's HTTP transport with what an edge before Node.js needs:
//
//   - A connection that was idle for longer than the upstream keeps it is never used again, so a POST cannot meet a
//     closing connection: `keep_alive.idle_timeout` holds until the upstream says how long it keeps them (`Keep-Alive:
//     timeout=`).
//   - An upgrade that the upstream does not answer is ended.
//   - A request whose headers are larger than Node.js takes is answered with 431. Node.js would answer so too, but
//     close the connection, and the client would get 502.
//   - A request to the image optimizer goes on when its client leaves: Next.js would never answer that image again.
//   - Server-sent events and WebSockets are ended in good order when the process stops.
//   - The request's path is passed on byte by byte.
//   - Headers that Next.js means for itself (x-next-cache-tags, x-middleware-rewrite, …) are removed from its answers.
//   - Their Cache-Control says who may keep them (docs/caching.md).
//   - A cookie that Next.js has stored with a prerendered route handler reaches one visitor only (docs/caching.md).
//   - Redirects that name the upstream are made relative, and prefetches of segments get none.
//   - The draft mode and language cookies that it sets are named for its zone, if there are others.
//
// With `tls` it speaks TLS to all upstreams, whatever their addresses say, and questions about their health go so, too;
// its other settings are not for them.
//
// It takes the settings of Caddy's `http` transport, with other defaults: no `compression` (the edge compresses),
// `keep_alive.idle_timeout` 4s, `keep_alive.max_idle_conns_per_host` 256, `read_buffer_size` 16384.
type Transport struct {
	reverseproxy.HTTPTransport

	// How long an upgrade request (WebSocket) may wait for the upstream's answer; then it gets 504. Default: `10s`.
	UpgradeTimeout caddy.Duration `json:"upgrade_timeout,omitempty"`

	// How large the head of a request may be: the bytes of its target, and of the names and values of its headers, as
	// they go to the upstream. What Node.js was started with (`--max-http-header-size`). A larger one gets 431, and so
	// does a request of more than 1000 headers, of which Node.js would drop some. Default: `max_header_size` of the
	// `nextjs` handler. It is the default of that one, too, for handlers of the same server.
	MaxHeaderSize int `json:"max_header_size,omitempty"`

	pools        idlePools
	questionsTLS *tls.Config
	logger       *zap.Logger
}

// CaddyModule returns the Caddy module information.
func (*Transport) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.reverse_proxy.transport.nextjs",
		New: func() caddy.Module { return new(Transport) },
	}
}

// Provision implements caddy.Provisioner.
func (t *Transport) Provision(ctx caddy.Context) error {
	if t.KeepAlive == nil {
		t.KeepAlive = new(reverseproxy.KeepAlive)
	}
	if t.KeepAlive.IdleConnTimeout == 0 {
		t.KeepAlive.IdleConnTimeout = caddy.Duration(defaultIdleTimeout)
	}
	if t.KeepAlive.MaxIdleConnsPerHost == 0 {
		t.KeepAlive.MaxIdleConnsPerHost = defaultIdlePerHost
	}
	if t.Compression == nil {
		t.Compression = new(bool)
	}
	if t.ReadBufferSize == 0 {
		t.ReadBufferSize = defaultReadBuffer
	}
	if t.UpgradeTimeout == 0 {
		t.UpgradeTimeout = caddy.Duration(defaultUpgradeTimeout)
	}
	if t.UpgradeTimeout < 0 {
		return fmt.Errorf("upgrade_timeout %s is negative", time.Duration(t.UpgradeTimeout))
	}
	if err := edge.CheckHeaderSize(t.MaxHeaderSize); err != nil {
		return err
	}
	if len(t.Versions) > 1 || len(t.Versions) == 1 && t.Versions[0] != "1.1" {
		return fmt.Errorf("versions %v: Next.js speaks HTTP/1.1 only", t.Versions)
	}
	t.Versions = []string{"1.1"}
	if server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server); ok {
		server.RegisterOnShutdown(endStreamsOnExit)
		server.RegisterOnStop(waitForStreamsOnExit)
		if err := t.raiseHeaderLimits(ctx, server); err != nil {
			return err
		}
	}
	if err := t.HTTPTransport.Provision(ctx); err != nil {
		return fmt.Errorf("provisioning the http transport: %w", err)
	}
	t.pools.base, t.logger = t.Transport, ctx.Logger()
	t.questionsTLS = t.tlsOfQuestions()
	processPools.add(&t.pools)
	return nil
}

// raiseHeaderLimits lets the handlers and the server before the transport know how large heads its upstreams take.
func (t *Transport) raiseHeaderLimits(ctx caddy.Context, server *caddyhttp.Server) error {
	if t.MaxHeaderSize == 0 {
		return nil // handlers know it
	}
	heads, err := edge.HeadLimitsOf(ctx)
	if err != nil {
		return err
	}
	limit := heads.Of(server)
	limit.Transport = max(limit.Transport, t.MaxHeaderSize)
	heads.Raise(server, t.MaxHeaderSize, ctx.Logger())
	return nil
}

// endStreamsOnExit ends the streams when the servers stop because the process does. At a reload streams go on.
func endStreamsOnExit() {
	if caddy.Exiting() {
		processStreams.EndAll()
	}
}

// waitForStreamsOnExit lets upgraded connections say goodbye, which http.Server.Shutdown does not wait for.
func waitForStreamsOnExit(shutdown context.Context) error {
	if caddy.Exiting() {
		// The context of the shutdown may have spent its grace period already.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(shutdown), farewellTime)
		defer cancel()
		processStreams.Wait(ctx)
	}
	return nil
}

// Cleanup implements caddy.CleanerUpper. Requests that still run may go on to use the transport.
func (t *Transport) Cleanup() error {
	processPools.remove(&t.pools)
	t.pools.closeIdle()
	return t.HTTPTransport.Cleanup()
}
