package edge

import (
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/hygiene"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// requestVar is the variable that holds the *Request of a request.
const requestVar = "nextjs.request"

// Request is what is known of a request to a zone.
type Request struct {
	Zone    *Zone
	View    *View
	Kind    zones.Kind
	Verdict *rules.Verdict

	Path      string // below the basePath
	Full      string // with the basePath
	AsWritten bool   // the client wrote the path as Next.js routes it
	// ClientQuery is that of the client's request where Next.js is told another: UpstreamQuery.
	ClientQuery, UpstreamQuery string
	// Repaired says that the _rsc parameter is the edge's own, so the URL does not tell what the answer is.
	Repaired hygiene.RSCRepair

	IsAsset  bool // the answer is a file for pages of other sites
	IsSource bool // the edge itself asks, for a picture
	Returned bool // the application has sent it to the edge: it must not wait for what others ask
	Fills    bool // the answer goes into the page cache
	// InBackground says that nobody waits for the answer, StandsIn that there is a kept one to give in its place: then
	// it does not wait for an upstream.
	InBackground, StandsIn bool

	Cookies          *hygiene.CookieScope
	PlainDraft       bool   // what CookieScope.CleanRequest said
	SpeculationRules string // the Speculation-Rules header of the zone's pages, if they have one
	Body             *Body  // nil: the request has none, or a stream of its own
	// Action is the id of the server action that it calls, as Zone.ActionOf says.
	Action string

	// Tags is the header in which the application says its cache tags, "" where pages are not kept.
	Tags string
	// Said is where the transport writes what the application says of an answer. nil: nobody asks.
	Said      *policy.Said
	saidValue policy.Said

	Try deploy.Try // the present one
	// tried are those that had it since it last waited, for which naps counts and deadline is the end.
	tried    []*deploy.Upstream
	naps     int
	deadline time.Time
	refusal  error // why there is no further try
	// isRepeated says that it was sent once more, isSpread that any upstream could have got it.
	isRepeated, isSpread bool

	// What the upstream source hands to reverse_proxy, which writes to it: one for each request, used again for each
	// try.
	proxyUpstream  reverseproxy.Upstream
	proxyUpstreams [1]*reverseproxy.Upstream
}

// NewRequest returns what is known of a request to a zone.
func NewRequest(facts *Zone, v *View, kind zones.Kind) *Request {
	return &Request{Kind: kind, Zone: facts, View: v, Cookies: facts.Cookies}
}

// MoveTo has a request that was answered by one deployment of its zone belong to another one, by a try there.
func (a *Request) MoveTo(z *Zone, r *http.Request, try deploy.Try) {
	a.Zone, a.Cookies, a.Try = z, z.Cookies, try
	a.Verdict = z.RuleSet.Verdict(r, rules.Target{Full: a.Full, AsWritten: a.AsWritten})
}

// Answered notes that the upstream of this try has answered.
func (a *Request) Answered(r *http.Request, status int, now time.Time) {
	a.Try.Answered(status, now)
	a.Zone.Upstreams.Answered(a.Try.Upstream, a.comparable(r), status, now)
}

// maxComparable bounds what is remembered of a URL (bytes).
const maxComparable = 256

// comparable is what all upstreams answer alike if they are fit: the URL of what is only read. "": the answer may
// depend on something else, or one visitor of something broken always asks the same upstream.
func (a *Request) comparable(r *http.Request) string {
	isRead := r.Method == http.MethodGet || r.Method == http.MethodHead
	isForOne := len(r.Header["Cookie"])+len(r.Header["Authorization"]) > 0
	if !isRead || isForOne || !a.isSpread || len(a.Path)+len(r.URL.RawQuery) > maxComparable {
		return ""
	}
	return a.Path + "?" + r.URL.RawQuery
}

// Done ends a try that was not sent. It is called when the handlers behind have answered.
func (a *Request) Done() { a.Try.Abandon() }

// CollectSaid has the transport write down what the application says of the answer, anew at each try.
func (a *Request) CollectSaid() *policy.Said {
	a.Said = &a.saidValue
	return a.Said
}

// SetSaid notes what the application says of the answer of a try.
func (a *Request) SetSaid(said policy.Said) {
	if a.Said != nil {
		*a.Said = said
	}
}

// HideQuery decides what Next.js is told of the query of a request. Its URL stays as it is: logs, keys and handlers see
// it whole.
func (a *Request) HideQuery(r *http.Request) {
	if a.Zone.HidesQuery {
		a.ClientQuery, a.UpstreamQuery = r.URL.RawQuery, hygiene.ShownQuery(r, a.Zone.RuleSet, a.Verdict, a.Kind)
	}
}

// ProxyUpstreams returns the upstream of this try as reverse_proxy wants it.
func (a *Request) ProxyUpstreams() []*reverseproxy.Upstream {
	a.proxyUpstream = reverseproxy.Upstream{Dial: a.Try.Upstream.Dial}
	a.proxyUpstreams[0] = &a.proxyUpstream
	return a.proxyUpstreams[:]
}

// Of returns what is known of a request, nil for one that the nextjs handler has not seen.
func Of(r *http.Request) *Request {
	a, _ := caddyhttp.GetVar(r.Context(), requestVar).(*Request)
	return a
}

// Set has handlers behind know a request.
func Set(r *http.Request, a *Request) { caddyhttp.SetVar(r.Context(), requestVar, a) }
