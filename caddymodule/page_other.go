package caddymodule

import (
	"context"
	"maps"
	"net/http"
	"net/url"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// again returns what asks the application once more for the page that a request asks for: with the headers that conditions of rules look at, so that they
// lead to the same page, and with those that choose the variant.
func (z *zonePages) again(r *http.Request, a *attempt, next caddyhttp.Handler) pagecache.Again {
	in, target, chosen := newInner(r, a, next), *r.URL, http.Header{}
	if a.verdict.Choice() != "" {
		chosen = a.facts.book.Asked(r.Header)
	}
	variant, _, _ := pagecache.VariantOf(r.Header, a.path)
	headers := maps.Clone(chosen)
	for _, name := range [...]string{
		"Rsc", "Next-Router-Prefetch", "Next-Router-Segment-Prefetch", "Next-Router-State-Tree", "Next-Url", "X-Nextjs-Data",
	} {
		if values := r.Header[name]; len(values) > 0 {
			headers[name] = values
		}
	}
	return func(ctx context.Context, w http.ResponseWriter, as pagecache.Variant, etag string) error {
		if as != variant {
			return in.repeatAs(ctx, w, &target, chosen, as, etag, a)
		}
		return in.repeat(ctx, w, &target, headers, etag, a)
	}
}

// repeatAs asks the application for another variant of the page.
func (in *inner) repeatAs(ctx context.Context, w http.ResponseWriter, target *url.URL, chosen http.Header, as pagecache.Variant, etag string, of *attempt) error {
	u, headers, kind := *target, maps.Clone(chosen), zones.KindDocument
	maps.Copy(headers, pagecache.HeadersOf(as))
	switch as {
	case pagecache.VariantRSC:
		kind = zones.KindRSC
	case pagecache.VariantPrefetch:
		kind = zones.KindPrefetch
	}
	u.RawQuery = zones.WithoutRSC(u.RawQuery)
	zones.RepairRSC(&http.Request{URL: &u, Header: headers}, kind)
	// Not all of the attempt: the request that it belongs to goes on with it.
	return in.repeat(ctx, w, &u, headers, etag, &attempt{kind: kind, verdict: of.verdict, path: of.path, full: of.full, rules: of.rules, tags: of.tags})
}
