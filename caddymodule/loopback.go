package caddymodule

import (
	"cmp"
	"context"
	"crypto/tls"
	"net/http"
	"net/url"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// loopback makes requests within the process, on behalf of nobody: what they bring is for all clients. It is used
// after the request that it was made for, too.
type loopback struct {
	server *caddyhttp.Server
	tls    *tls.ConnectionState
	host   string
	said   forwarded
	view   *view
	facts  *zoneFacts
	next   caddyhttp.Handler
}

// newLoopback returns what makes requests as the visitor behind r would, to the handlers behind the one that calls.
func newLoopback(r *http.Request, a *attempt, next caddyhttp.Handler) *loopback {
	server, _ := r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	return &loopback{server: server, tls: r.TLS, host: r.Host, said: forwardedBy(r), view: a.view, facts: a.facts, next: next}
}

// get returns a GET for a URL of the site, with the headers and what the visitor's proxy said of his scheme and host.
func (l *loopback) get(ctx context.Context, target *url.URL, headers http.Header) *http.Request {
	u := *target
	r := (&http.Request{
		Method: http.MethodGet, URL: &u, RequestURI: u.RequestURI(), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: headers, Body: http.NoBody, Host: l.host,
	}).WithContext(ctx)
	l.said.tell(r)
	return r
}

// requestOf returns what is known of a request that the edge itself makes.
func (l *loopback) requestOf(facts *zoneFacts, kind zones.Kind, verdict *zones.Verdict) *attempt {
	a := newAttempt(facts, l.view, kind)
	a.verdict = verdict
	return a
}

// prepare gives a request what Caddy's handlers look for, and what is known of it.
func (l *loopback) prepare(r *http.Request, w http.ResponseWriter, a *attempt) *http.Request {
	r.RemoteAddr, r.TLS = cmp.Or(l.said.peer, "127.0.0.1:0"), l.tls
	r = caddyhttp.PrepareRequest(r, caddy.NewReplacer(), w, l.server)
	// Not what the server's trusted_proxies say of the loopback address.
	caddyhttp.SetVar(r.Context(), caddyhttp.TrustedProxyVarKey, l.said.trusted)
	caddyhttp.SetVar(r.Context(), attemptVar, a)
	return r
}

// do has the handlers behind answer a request.
func (l *loopback) do(w http.ResponseWriter, r *http.Request, a *attempt) error {
	return l.next.ServeHTTP(w, l.prepare(r, w, a)) //nolint:contextcheck // the request has it
}
