package proxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// replay sends a server action that a deployment does not know to one that does. Next.js says of such a request that it
// has run nothing but its middleware, so the action is executed once at most.
type replay struct {
	t       *Transport
	req     *http.Request // without the body
	body    *keptBody     // nil: it has none
	actions []string      // what it calls

	// The first answer, and to whom the request belonged then.
	answer *http.Response
	zone   *edge.Zone
	try    deploy.Try
}

// replayOf prepares for that a request is sent again. nil: it never is.
func (t *Transport) replayOf(req *http.Request, a *edge.Request) *replay {
	if a.Action == "" || req.Method != http.MethodPost || a.Zone.ActionBody == 0 || !a.Zone.Deployments.HasOthers() {
		return nil
	}
	p := &replay{t: t, req: new(http.Request), body: keepBody(req, a.Zone.ActionBody, processKept)}
	*p.req = *req
	if p.body != nil {
		req.Body, _ = p.body.fromStart() // nobody has read it
	}
	return p
}

// isUnknownAction reports whether a deployment has not executed an action because it does not know it
// (handleUnrecognizedAction in next/dist/server/app-render/action-handler.js: 404 in 15, 409 in 16, where 400 means
// that nobody could know it; 14 does not say so).
func isUnknownAction(res *http.Response) bool {
	said := res.Header["X-Nextjs-Action-Not-Found"]
	return len(said) == 1 && said[0] == "1" && (res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusConflict)
}

// after returns what the client is told where a deployment has given an answer.
func (p *replay) after(res *http.Response, a *edge.Request) (*http.Response, error) {
	if p == nil {
		return res, nil
	}
	defer p.body.end()
	if !isUnknownAction(res) {
		return res, nil
	}
	p.actions = p.actionsOf(a)
	to := a.Zone.Deployments.ToReplay(a.Zone, p.actions, !slices.ContainsFunc(p.actions, isOld))
	if len(to) == 0 {
		p.count(a, replayUnknown)
		return res, nil
	}
	if why := p.body.whyLost(); why != "" {
		p.count(a, why)
		return res, nil
	}
	if !setAside(res, &a.Try) {
		return res, nil // Next.js does not answer so
	}
	p.answer, p.zone, p.try = res, a.Zone, a.Try
	return p.ask(to, a)
}

// actionsOf returns all actions that the request names. Those of a form are of one build; the one that was looked for
// first may be in others, too.
func (p *replay) actionsOf(a *edge.Request) []string {
	if !zones.CallsByScript(p.req.Header) && p.body.whyLost() == "" {
		return zones.FormActions(p.body.begin(), p.req.Header.Get("Content-Type"), maxFormActions)
	}
	return []string{a.Action}
}

// giveUp says that the request has got no answer.
func (p *replay) giveUp() {
	if p != nil {
		p.body.end()
	}
}

// maxFormActions is more actions than a form may name: its own, and that of the button that was pressed.
const maxFormActions = 8

// isOld reports whether an id is of Next.js 14, which never says that it does not know one.
func isOld(id string) bool { return !zones.IsCurrentActionID(id) }

// ask sends the request to each of the deployments until one knows the action. If none does, or none can be reached,
// the first answer is the client's.
func (p *replay) ask(to []*edge.Zone, a *edge.Request) (*http.Response, error) {
	result := replayUnknown
	for _, zone := range to {
		res, err := p.sendTo(zone, a)
		switch {
		case isUnsent(err):
			result = replayFailed
		case err != nil:
			p.count(a, replayFailed) // it may have been executed
			return nil, err
		case !isUnknownAction(res) || !setAside(res, &a.Try):
			p.count(a, replayDone)
			p.tellUpstream(a.Try.Upstream)
			return res, nil
		}
	}
	a.MoveTo(p.zone, p.req, p.try)
	p.count(a, result)
	return p.answer, nil
}

// sendTo sends the request to a deployment. The error is isUnsent where it has not got there.
func (p *replay) sendTo(zone *edge.Zone, a *edge.Request) (res *http.Response, err error) {
	var tried []*deploy.Upstream
	for range maxReplayTries {
		try, err := zone.Upstreams.Pick(time.Now(), tried, zone.Sticky.Of(p.req, zone.Upstreams))
		if err != nil {
			return nil, errUnsent
		}
		a.MoveTo(zone, p.req, try)
		req, ok := p.requestTo(try.Upstream)
		if !ok {
			a.Try.Abandon()
			return nil, errUnsent
		}
		res, err = p.t.try(req, a)
		if err == nil || !isUnsent(err) {
			return res, err
		}
		tried = append(tried, try.Upstream)
	}
	return nil, errUnsent
}

// maxReplayTries is how many upstreams of a deployment are tried where no connection can be made.
const maxReplayTries = 2

// errUnsent says that a request could not be sent.
var errUnsent = errors.New("no upstream of the deployment takes the action")

// isUnsent reports whether nothing of a request was sent.
func isUnsent(err error) bool {
	_, isDial := errors.AsType[reverseproxy.DialError](err)
	return isDial || errors.Is(err, errUnsent)
}

// requestTo returns the request to an upstream, from the beginning of its body. false: it cannot be sent there, or a
// part of the body is lost, which may come while its client still sends it.
func (p *replay) requestTo(upstream *deploy.Upstream) (req *http.Request, ok bool) {
	info, err := dialInfoOf(upstream)
	if err != nil {
		return nil, false
	}
	ctx := context.WithValue(p.req.Context(), dialInfoKey, info)
	if said, _ := reverseproxy.GetDialInfo(ctx); said != info {
		return nil, false // it would be sent to the upstream that has answered
	}
	req = p.req.WithContext(ctx)
	req.URL = new(url.URL)
	*req.URL = *p.req.URL
	req.URL.Scheme, req.URL.Host = p.t.schemeOf(upstream), hostOf(p.req.URL.Host, info.Address)
	if p.body != nil {
		req.Body, ok = p.body.fromStart()
		return req, ok
	}
	return req, true
}

// tellUpstream has the placeholders of reverse_proxy name the upstream that has answered.
func (p *replay) tellUpstream(upstream *deploy.Upstream) {
	repl, ok := p.req.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	info, err := dialInfoOf(upstream)
	if !ok || err != nil {
		return
	}
	const placeholder = "http.reverse_proxy.upstream."
	repl.Set(placeholder+"address", info.String())
	repl.Set(placeholder+"hostport", info.Address)
	repl.Set(placeholder+"host", info.Host)
	repl.Set(placeholder+"port", info.Port)
}

// dialInfoOf says how an upstream is connected to, as reverse_proxy does (Upstream.fillDialInfo).
func dialInfoOf(upstream *deploy.Upstream) (reverseproxy.DialInfo, error) {
	address, err := caddy.ParseNetworkAddress(upstream.Dial)
	if err != nil {
		return reverseproxy.DialInfo{}, fmt.Errorf("reading the address %s: %w", upstream.Dial, err)
	}
	return reverseproxy.DialInfo{
		Network: address.Network, Address: address.JoinHostPort(0), Host: address.Host,
		Port: strconv.FormatUint(uint64(address.StartPort), 10),
	}, nil
}

// dialInfoKey is where reverse_proxy tells its transport which address to connect to (dialInfoCtxKey in Caddy's
// modules/caddyhttp/reverseproxy/hosts.go).
const dialInfoKey caddy.CtxKey = "reverse_proxy.dial_info"

// hostOf returns the host of the URL by which an upstream is asked. With the PROXY protocol that of reverse_proxy names
// the client, too, as each has connections of its own (directRequest in Caddy's reverseproxy.go).
func hostOf(before, address string) string {
	const then = "-%3E"
	if client, _, ok := strings.Cut(before, then); ok {
		return client + then + url.QueryEscape(address)
	}
	return address
}

// maxAside bounds an answer that says that an action is not known (bytes). It is one line.
const maxAside = 4 << 10

// setAside ends the try of an answer whose body is read to its end, so that it can still be given. It reports whether
// the answer was as short as it is to be; otherwise it stays as it is.
func setAside(res *http.Response, try *deploy.Try) bool {
	begin, err := io.ReadAll(io.LimitReader(res.Body, maxAside+1))
	if err != nil || len(begin) > maxAside {
		res.Body = &joinedBody{io.MultiReader(bytes.NewReader(begin), res.Body), res.Body}
		return false
	}
	_ = res.Body.Close()
	res.Body = io.NopCloser(bytes.NewReader(begin))
	try.End()
	return true
}

// joinedBody is a body of which the beginning was read.
type joinedBody struct {
	io.Reader
	io.Closer
}

// What has become of actions that were not known.
const (
	replayDone     = "done"
	replayUnknown  = "unknown_everywhere"
	replayTooLarge = "too_large"
	replayNoRoom   = "no_room"
	replayFailed   = "failed"
)

// count counts, and says, what has become of an action that a deployment did not know.
func (p *replay) count(a *edge.Request, result string) {
	replaysTotal.WithLabelValues(a.Zone.Name, result).Inc()
	if c := p.t.logger.Check(zap.DebugLevel, "a deployment did not know a server action"); c != nil {
		c.Write(zap.String("zone", a.Zone.Name), zap.Strings("actions", p.actions), zap.String("result", result),
			zap.String("answered_by", a.Zone.DeployedAs))
	}
}

var replaysTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
	Namespace: "caddy", Subsystem: "nextjs", Name: "replayed_actions_total",
	Help: "Server actions that their deployment did not know, by zone and what has become of them: done (another one has " +
		"answered), unknown_everywhere, too_large (the body was larger than action_body), no_room (action_memory was in " +
		"use), or failed (the other one could not be reached, or has not answered).",
}, []string{"zone", "result"})
