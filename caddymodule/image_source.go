package caddymodule

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/imageopt"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// innerHost is what the site is called in requests that the edge makes itself. Next.js makes them without a Host; HTTP needs one.
const innerHost = "localhost"

// inner makes requests within the process, on behalf of nobody: what they bring is for all clients. It is used after the request that it was made
// for, too.
type inner struct {
	server *caddyhttp.Server
	tls    *tls.ConnectionState
	host   string
	said   forwarded
	zone   *zones.Zone
	view   *view
	facts  *zoneFacts
	next   caddyhttp.Handler
}

func newInner(r *http.Request, a *attempt, next caddyhttp.Handler) *inner {
	server, _ := r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	return &inner{server: server, tls: r.TLS, host: r.Host, said: forwardedBy(r), zone: a.zone, view: a.view, facts: a.facts, next: next}
}

// local returns what finds sources of the site.
func (in *inner) local(fetcher *imageopt.Fetcher) imageopt.Local {
	return imageopt.Local{Fetch: in.fetch(fetcher), Owner: in.owner}
}

// owner names the application that has a source, if that is another zone's: on another site the same path may belong
// to another application.
func (in *inner) owner(href string) string {
	if len(in.view.facts) < 2 {
		return ""
	}
	target, _, err := imageopt.LocalURL(href)
	if err != nil {
		return ""
	}
	found, facts := in.find(&http.Request{Method: http.MethodGet, URL: target, Host: in.host, Header: http.Header{}})
	if found.Zone == in.zone {
		return ""
	}
	deployment := ""
	if facts.build != nil {
		deployment = facts.build.ID + " " + facts.build.DeploymentID
	}
	return facts.space + "\x00" + deployment
}

// fetch returns what gets a source: a file of a build, or what an upstream answers.
func (in *inner) fetch(fetcher *imageopt.Fetcher) func(context.Context, string, http.Header) (imageopt.Source, error) {
	return func(ctx context.Context, href string, forward http.Header) (imageopt.Source, error) {
		var failed error
		source, err := fetcher.Local(ctx, href, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if forward != nil {
				r.Header = forward.Clone()
			}
			failed = in.serve(w, r) //nolint:contextcheck // the request has it
			if failed != nil {
				writeStatusOf(w, failed)
			}
		}))
		if source.CacheControl == assets.SharedCacheControl {
			source.CacheControl = "" // is for caches that are purged at a deploy
		}
		if fetched := (*imageopt.FetchError)(nil); failed != nil && errors.As(err, &fetched) {
			fetched.Reason = errors.Join(fetched.Reason, failed)
		}
		return source, err
	}
}

// again asks the application for what a request has asked for.
func (in *inner) again(ctx context.Context, target *url.URL, accept string, w http.ResponseWriter) error {
	u := *target
	r := (&http.Request{
		Method: http.MethodGet, URL: &u, RequestURI: u.RequestURI(), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody, Host: in.host,
	}).WithContext(ctx)
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	in.said.tell(r)
	r = in.prepare(r, w) //nolint:contextcheck // the request has it
	found, _ := in.view.table.FindRequest(r)
	caddyhttp.SetVar(r.Context(), attemptVar, &attempt{ //nolint:contextcheck // the request has it
		zone: in.zone, kind: zones.KindImage, facts: in.facts, verdict: in.facts.book.Verdict(r, found), cookies: in.facts.cookies, view: in.view, isSource: true,
	})
	return in.next.ServeHTTP(w, r)
}

// repeat asks the application for a page once more, as by nobody: with the headers that choose the variant, and with If-None-Match unless etag is empty.
func (in *inner) repeat(ctx context.Context, w http.ResponseWriter, target *url.URL, headers http.Header, etag string, of *attempt) error {
	u := *target
	r := (&http.Request{
		Method: http.MethodGet, URL: &u, RequestURI: u.RequestURI(), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: headers.Clone(), Body: http.NoBody, Host: in.host,
	}).WithContext(ctx)
	if etag != "" {
		r.Header.Set("If-None-Match", etag)
	}
	in.said.tell(r)
	r = in.prepare(r, w) //nolint:contextcheck // the request has it
	a := &attempt{
		zone: in.zone, kind: of.kind, facts: in.facts, verdict: of.verdict, cookies: in.facts.cookies, view: in.view, path: of.path, full: of.full, repaired: of.repaired,
		rules: of.rules, fills: true, tags: of.tags,
	}
	a.hideQuery(r)
	caddyhttp.SetVar(r.Context(), attemptVar, a) //nolint:contextcheck // the request has it
	return in.next.ServeHTTP(w, r)
}

// prepare gives a request what Caddy's handlers look for.
func (in *inner) prepare(r *http.Request, w http.ResponseWriter) *http.Request {
	r.RemoteAddr, r.TLS = cmp.Or(in.said.peer, "127.0.0.1:0"), in.tls
	r = caddyhttp.PrepareRequest(r, caddy.NewReplacer(), w, in.server)
	// Not what the server's trusted_proxies say of the loopback address.
	caddyhttp.SetVar(r.Context(), caddyhttp.TrustedProxyVarKey, in.said.trusted)
	return r
}

// serve answers a request as the site would, from the files of builds and the upstreams. Redirects and rules of the build apply.
func (in *inner) serve(w http.ResponseWriter, r *http.Request) error {
	r.Host = in.host
	found, facts := in.find(r)
	if facts.export != nil {
		release, ok := facts.export.acquire()
		if !ok {
			return caddyhttp.Error(http.StatusServiceUnavailable, errChangedExport)
		}
		defer release()
	}
	r.Host = innerHost
	found = zones.RespellRequest(r.URL, found, facts.book)
	kind := zones.KindOf(r, found)
	if kind == zones.KindRefused || facts.book.Evades(found, r.URL.RawQuery) {
		return caddyhttp.Error(http.StatusNotFound, errors.New("refused as from a client"))
	}
	in.said.tellScheme(r)
	r = in.prepare(r, w)
	a := &attempt{zone: found.Zone, kind: kind, facts: facts, cookies: facts.cookies, view: in.view, isSource: true}
	caddyhttp.SetVar(r.Context(), attemptVar, a)
	if facts.export != nil {
		a.verdict = facts.export.book.Verdict(r, found)
		return facts.export.serve(w, r, a)
	}
	a.verdict = facts.book.Verdict(r, found)
	if facts.assets != nil && isFile(a.verdict) {
		if source, err := facts.assets.Serve(w, r, a.verdict.Path, a.verdict.Headers, noCodings); source != assets.NotServed {
			return err
		}
	}
	return in.next.ServeHTTP(w, r)
}

func noCodings() []string { return nil }

// find returns the zone of a source: that of its path, where another zone of the site claims it.
func (in *inner) find(r *http.Request) (zones.Match, *zoneFacts) {
	found, ok := in.view.table.FindRequest(r)
	if ok && found.Zone != in.zone {
		if facts := in.view.facts[found.Zone]; facts != nil {
			return found, facts
		}
	}
	if !ok {
		path := zones.EscapedPath(r.URL)
		found = zones.Match{Path: path, Full: path}
	}
	found.Zone = in.zone
	return found, in.facts
}

// writeStatusOf answers with the status of an error that a handler has returned. What has been written already stays.
func writeStatusOf(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	var known caddyhttp.HandlerError
	if errors.As(err, &known) && known.StatusCode != 0 {
		status = known.StatusCode
	}
	w.WriteHeader(status)
}
