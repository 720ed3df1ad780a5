package edge

import (
	"cmp"
	"context"
	"crypto/tls"
	"net/http"
	"net/url"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// Loopback makes requests within the process, on behalf of nobody: what they bring is for all clients. It is used
// after the request that it was made for, too.
type Loopback struct {
	server    *caddyhttp.Server
	tls       *tls.ConnectionState
	Host      string
	Forwarded forwarded
	View      *View
	Zone      *Zone
	Next      caddyhttp.Handler
}

// NewLoopback returns what makes requests as the visitor behind r would, to the handlers behind the one that calls.
func NewLoopback(r *http.Request, a *Request, next caddyhttp.Handler) *Loopback {
	server, _ := r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	return &Loopback{
		server: server, tls: r.TLS, Host: r.Host, Forwarded: forwardedBy(r), View: a.View, Zone: a.Zone, Next: next,
	}
}

// Get returns a GET for a URL of the site, with the headers and what the visitor's proxy said of his scheme and host.
func (l *Loopback) Get(ctx context.Context, target *url.URL, headers http.Header) *http.Request {
	u := *target
	r := (&http.Request{
		Method: http.MethodGet, URL: &u, RequestURI: u.RequestURI(), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: headers, Body: http.NoBody, Host: l.Host,
	}).WithContext(ctx)
	l.Forwarded.apply(r)
	return r
}

// RequestOf returns what is known of a request that the edge itself makes.
func (l *Loopback) RequestOf(facts *Zone, kind zones.Kind, verdict *rules.Verdict) *Request {
	a := NewRequest(facts, l.View, kind)
	a.Verdict = verdict
	return a
}

// Prepare gives a request what Caddy's handlers look for, and what is known of it.
func (l *Loopback) Prepare(r *http.Request, w http.ResponseWriter, a *Request) *http.Request {
	r.RemoteAddr, r.TLS = cmp.Or(l.Forwarded.peer, "127.0.0.1:0"), l.tls
	r = caddyhttp.PrepareRequest(r, caddy.NewReplacer(), w, l.server)
	// Not what the server's trusted_proxies say of the loopback address.
	caddyhttp.SetVar(r.Context(), caddyhttp.TrustedProxyVarKey, l.Forwarded.trusted)
	Set(r, a)
	return r
}

// Do has the handlers behind answer a request.
func (l *Loopback) Do(w http.ResponseWriter, r *http.Request, a *Request) error {
	defer a.Done()
	return l.Next.ServeHTTP(w, l.Prepare(r, w, a))
}
