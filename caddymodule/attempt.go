package caddymodule

import (
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// attemptVar is the request variable that holds the request's *attempt.
const attemptVar = "nextjs.attempt"

// attempt is what the upstream source and the transport know of a request: its zone and kind, and the upstream of each try. It
// belongs to the goroutine that serves the request.
type attempt struct {
	zone      *zones.Zone
	kind      zones.Kind
	waited    bool            // for a dev server that is being started again
	repaired  zones.RSCRepair // where made, the _rsc parameter is ours, and the URL does not tell what the answer is
	verdict   *zones.Verdict
	isAsset   bool            // the answer is a file for pages of other sites
	isSource  bool            // the edge itself asks, for a picture
	query     string          // of the request, where shown is another
	shown     string          // what Next.js is told of it
	path      string          // below the basePath
	full      string          // with what stands before it
	asWritten bool            // the client wrote it as Next.js routes it
	returned  bool            // the application has sent it: it is answered past everything that waits for others
	fills     bool            // the answer goes into the page cache
	said      *pagecache.Said // where the transport writes what the application says of an answer; nil: nobody asks
	heard     pagecache.Said
	tags      string       // the header in which the application says its cache tags, "" where pages are not kept
	body      *requestBody // nil: the request has none, or a stream of its own
	view      *view
	facts     *zoneFacts

	cookies    *zones.CookieScope
	plainDraft bool   // what CookieScope.CleanRequest said
	rules      string // the Speculation-Rules header of the zone's pages, if they have one

	upstream *zones.Upstream
	tried    []*zones.Upstream

	// What the upstream source hands to reverse_proxy, which writes to it: one for each request, used again for each try.
	offered reverseproxy.Upstream
	offer   [1]*reverseproxy.Upstream
}

// newAttempt returns what is known of a request to a zone.
func newAttempt(facts *zoneFacts, v *view, kind zones.Kind) *attempt {
	return &attempt{zone: facts.zone, kind: kind, facts: facts, view: v, cookies: facts.cookies}
}

// next chooses the upstream of the next try.
func (a *attempt) next(now time.Time) *zones.Upstream {
	if a.upstream != nil {
		a.tried = append(a.tried, a.upstream)
	}
	a.upstream = a.zone.Pick(now, a.tried...)
	return a.upstream
}

// listen has the transport write down what the application says of the answer, anew at each try.
func (a *attempt) listen() *pagecache.Said {
	a.said = &a.heard
	return a.said
}

// hear notes what the application says of the answer of a try.
func (a *attempt) hear(said pagecache.Said) {
	if a.said != nil {
		*a.said = said
	}
}

// hideQuery decides what Next.js is told of the query of a request. Its URL stays as it is: logs, keys and handlers see
// it whole.
func (a *attempt) hideQuery(r *http.Request) {
	if a.facts.hidesQuery {
		a.query, a.shown = r.URL.RawQuery, a.facts.book.ShownQuery(r, a.verdict, a.kind)
	}
}

// offering returns the upstream of this try as reverse_proxy wants it.
func (a *attempt) offering() []*reverseproxy.Upstream {
	a.offered = reverseproxy.Upstream{Dial: a.upstream.Address}
	a.offer[0] = &a.offered
	return a.offer[:]
}

func attemptOf(r *http.Request) *attempt {
	a, _ := caddyhttp.GetVar(r.Context(), attemptVar).(*attempt)
	return a
}
