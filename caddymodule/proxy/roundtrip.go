package proxy

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/hygiene"
)

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
