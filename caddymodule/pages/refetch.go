package pages

import (
	"context"
	"maps"
	"net/http"
	"net/url"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/hygiene"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// refetch asks the application once more for a page that a client has asked for, as by nobody. Of the client's request
// it has no more than what chooses the page: that request goes on meanwhile.
type refetch struct {
	*edge.Loopback
	target url.URL
	// chosen are the headers that conditions of rules look at, headers those that choose the variant besides.
	chosen, headers        http.Header
	variant                policy.Variant
	kind                   zones.Kind
	verdict                *rules.Verdict
	path, full             string
	repaired               hygiene.RSCRepair
	speculationRules, tags string
}

// newRefetch returns what refetches the page that r asks for, of which it wants a variant.
func newRefetch(
	r *http.Request, a *edge.Request, variant policy.Variant, next caddyhttp.Handler,
) *refetch {
	f := &refetch{
		Loopback: edge.NewLoopback(r, a, next), target: *r.URL, chosen: http.Header{}, variant: variant,
		kind: a.Kind, verdict: a.Verdict, path: a.Path, full: a.Full, repaired: a.Repaired,
		speculationRules: a.SpeculationRules, tags: a.Tags,
	}
	if a.Verdict.Choice() != "" {
		f.chosen = a.Zone.RuleSet.ConditionHeaders(r.Header)
	}
	f.headers = maps.Clone(f.chosen)
	for _, name := range [...]string{
		"Rsc", "Next-Router-Prefetch", "Next-Router-Segment-Prefetch", "Next-Router-State-Tree", "Next-Url", "X-Nextjs-Data",
	} {
		if values := r.Header[name]; len(values) > 0 {
			f.headers[name] = values
		}
	}
	return f
}

// again implements pagecache.Again.
func (f *refetch) again(
	ctx context.Context, w http.ResponseWriter, as policy.Variant, etag string, said *policy.Said,
) error {
	if as != f.variant {
		return f.other(ctx, w, as, etag, said)
	}
	return f.send(ctx, w, &f.target, f.headers.Clone(), etag, said, f.kind, f.repaired)
}

// other asks for another variant of the page.
func (f *refetch) other(
	ctx context.Context, w http.ResponseWriter, as policy.Variant, etag string, said *policy.Said,
) error {
	u, headers, kind := f.target, maps.Clone(f.chosen), zones.KindDocument
	maps.Copy(headers, policy.HeadersOf(as))
	switch as {
	case policy.VariantRSC:
		kind = zones.KindRSC
	case policy.VariantPrefetch:
		kind = zones.KindPrefetch
	}
	u.RawQuery = hygiene.WithoutRSC(u.RawQuery)
	hygiene.RepairRSC(&http.Request{URL: &u, Header: headers}, kind)
	return f.send(ctx, w, &u, headers, etag, said, kind, hygiene.RSCRepair{})
}

// send asks for the page with the headers that choose the variant, and with If-None-Match unless etag is empty.
func (f *refetch) send(
	ctx context.Context, w http.ResponseWriter, target *url.URL, headers http.Header, etag string,
	said *policy.Said, kind zones.Kind, repaired hygiene.RSCRepair,
) error {
	if etag != "" {
		headers.Set("If-None-Match", etag)
	}
	r := f.Get(ctx, target, headers)
	a := f.RequestOf(f.Zone, kind, f.verdict)
	a.Path, a.Full, a.SpeculationRules, a.Tags = f.path, f.full, f.speculationRules, f.tags
	a.Repaired, a.Fills, a.Said, a.InBackground = repaired, true, said, true
	a.HideQuery(r)
	return f.Do(w, r, a) //nolint:contextcheck // the request has it
}
