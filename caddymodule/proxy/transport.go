package proxy

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/hygiene"
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

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	a := edge.Of(req)
	if a == nil || a.Try.Upstream == nil {
		return nil, errNoZone
	}
	t.prepareURL(req, a)
	// The handler has measured what the client has sent; reverse_proxy adds to it.
	limit := cmp.Or(t.MaxHeaderSize, a.View.HeadLimit.Bytes())
	if size, lines := hygiene.HeaderSize(req); edge.IsTooLarge(size, lines, limit) {
		return edge.RefuseTooLarge(req, a.Zone.Name), nil
	}

	a.SetSaid(policy.Said{}) // not what the try before has said
	a.Zone.Notices.MarkVia(req.Header)
	a.Body.AllowFullDuplex()
	again := t.replayOf(req, a)
	res, err := t.try(req, a)
	if err != nil {
		again.giveUp()
		return nil, err
	}
	if res, err = again.after(res, a); err != nil {
		return nil, err
	}
	t.cleanAnswer(req, res, a)
	res.Body = watchBody(res, a)
	return res, nil
}

// try sends a request to the upstream of its try. If that fails the try is ended.
func (t *Transport) try(req *http.Request, a *edge.Request) (*http.Response, error) {
	body := watchClient(req, a)
	a.Try.Sent(time.Now())
	res, err := t.send(req, a)
	body.leaveCount()
	if err != nil {
		a.Try.End()
		if !body.hasFailed() {
			err = noteFailure(err, req, a)
		}
		return nil, err
	}
	a.Answered(req, res.StatusCode, time.Now())
	if keepAlive := res.Header["Keep-Alive"]; len(keepAlive) > 0 {
		a.Try.Upstream.Announced(keepAlive[0])
	}
	return res, nil
}

// prepareURL writes the URL that the upstream is asked by.
func (t *Transport) prepareURL(req *http.Request, a *edge.Request) {
	// The tries of a request share its URL, so the scheme is set for each anew.
	req.URL.Scheme = t.schemeOf(a.Try.Upstream)
	if req.URL.RawQuery == a.ClientQuery { // else the proxy has rewritten it
		req.URL.RawQuery = a.UpstreamQuery
	}
	keepPath(req)
}

// schemeOf is the scheme by which an upstream is asked.
func (t *Transport) schemeOf(upstream *deploy.Upstream) string {
	if upstream.TLS || t.TLSEnabled() {
		return "https"
	}
	return "http"
}

// cleanAnswer makes of what Next.js answers what clients and caches are told.
func (t *Transport) cleanAnswer(req *http.Request, res *http.Response, a *edge.Request) {
	a.Zone.Notices.OfResponse(res, a, req.URL.Path, t.logger)
	a.Zone.RuleSet.NotePostponed(a.Verdict, res.Header)
	tags := takeTags(res.Header, a.Tags)
	hygiene.CleanResponse(res.Header)
	t.cleanStoredCookies(req, res.Header, a)
	a.Cookies.CleanResponse(res.Header, a.PlainDraft)
	t.endPrefetchLoop(req, res, a)
	if a.IsAsset {
		edge.AllowOtherSites(res.Header)
	}
	if a.SpeculationRules != "" {
		addSpeculation(res, a.SpeculationRules)
	}
	a.SetSaid(policy.Said{Tags: tags, CacheControl: res.Header["Cache-Control"]})
	if !a.IsSource { // a picture is as fresh as Next.js says of its source
		answer := hygiene.Answer{
			Method: req.Method, Kind: a.Kind, Verdict: a.Verdict, Repaired: a.Repaired.Made(), Dev: a.Zone.Dev,
			Shared404: a.Shared404(), Status: res.StatusCode, Header: res.Header,
		}
		if hygiene.ApplyCachePolicy(answer) {
			a.Zone.Shared404.Count()
		}
	}
	a.Zone.Sticky.SetCookie(res.Header, req, a)
	undoRepair(req, res, a.Repaired)
	relativeLocations(req, res, a, t.logger)
}

// send makes the try. Upgrades have a time limit.
func (t *Transport) send(req *http.Request, a *edge.Request) (*http.Response, error) {
	pool, req := t.pools.of(a.Try.Upstream), sentOnce(req)
	switch a.Kind {
	case zones.KindUpgrade:
	case zones.KindImage:
		return sendDetached(pool, req)
	default:
		return pool.RoundTrip(req)
	}
	res, err := upgradeWithin(time.Duration(t.UpgradeTimeout), pool, req)
	if errors.Is(err, errUpgradeTimeout) {
		upgradeTimeoutsTotal.WithLabelValues(a.Zone.Name).Inc()
	}
	return res, err
}

// sentOnce keeps net/http from sending a request again by itself, which it does for as long as connections that it has
// used before end without an answer. A request that ends processes would end all that answer at one address. It tells
// requests that it may repeat by their having no body, so this one has: an empty one, of no length, of which nothing is
// sent (Request.isReplayable in net/http/request.go, transferWriter in net/http/transfer.go).
func sentOnce(req *http.Request) *http.Request {
	if req.Body == nil || req.Body == http.NoBody {
		req.Body, req.ContentLength, req.TransferEncoding = emptyBody{}, 0, identity
	}
	return req
}

var identity = []string{"identity"}

// emptyBody is a body without content.
type emptyBody struct{}

func (emptyBody) Read([]byte) (int, error) { return 0, io.EOF }
func (emptyBody) Close() error             { return nil }

// WriteTo implements io.WriterTo: without it a buffer would be made to copy nothing.
func (emptyBody) WriteTo(io.Writer) (int64, error) { return 0, nil }

// keepPath passes the path on as the client wrote it. Without it net/url would encode bytes that a client should have
// encoded but did not, and Next.js would see another path than the one the zone was found by.
func keepPath(req *http.Request) {
	if raw := req.URL.RawPath; raw != "" && !strings.HasPrefix(raw, "//") && raw != req.URL.EscapedPath() {
		req.URL.Opaque = raw
	}
}
