package caddymodule

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// Cache answers with pages that have been kept: documents, payloads, data, and what route handlers answer, for as long as Next.js says itself.
//
// It comes into play where the site's `nextjs` has `cache`. Where the build has middleware, redirects or rewrites for a path that cannot be evaluated,
// Next.js answers; without a build nothing is known of these, and what Next.js marks as shared is shared.
//
// Everything else is handed on. The `nextjs` handler in front has found zone and build, and the `nextjs` app has the bounds.
type Cache struct{}

// CaddyModule returns the Caddy module information.
func (Cache) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.nextjs_cache", New: func() caddy.Module { return new(Cache) }}
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (Cache) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	a := attemptOf(r)
	if a == nil || a.facts.pages == nil || a.isSource || !isPageKind(a.kind) {
		return next.ServeHTTP(w, r)
	}
	pages := a.facts.pages
	in, target := newInner(r, a, next), *r.URL
	headers := variantHeaders(r.Header)
	result, err := pages.cache.Serve(w, r, pages.factsOf(r, a),
		func(to http.ResponseWriter, r *http.Request) error {
			a.fills = to != w // else the answer goes past the cache
			return next.ServeHTTP(to, r)
		},
		func(ctx context.Context, w http.ResponseWriter, etag string) error {
			return in.repeat(ctx, w, &target, headers, etag, a)
		})
	pages.counters.count(result)
	return err
}

// isPageKind reports whether requests of a kind may be answered with what was kept.
func isPageKind(kind zones.Kind) bool {
	switch kind {
	case zones.KindDocument, zones.KindRSC, zones.KindPrefetch, zones.KindSegment, zones.KindData, zones.KindAPI:
		return true
	}
	return false
}

// zonePages is how the pages of a zone are kept.
type zonePages struct {
	cache       *pagecache.Cache
	space       string
	deployment  string
	build       *nextbuild.Build // nil: not known
	ignoreQuery []string
	staleError  time.Duration
	counters    *pageCounters
}

// newZonePages prepares the pages of a zone; nil for one whose pages are not kept.
func (h *Handler) newZonePages(config ZoneConfig, zone *zones.Zone, read *build) *zonePages {
	if h.pages == nil || zone.Dev || read != nil && read.export != nil {
		return nil
	}
	z := &zonePages{
		cache: h.pages.cache, space: config.space("page", zone.Name), ignoreQuery: h.Cache.IgnoreQuery, staleError: time.Duration(h.Cache.StaleIfError),
		counters: pageCountersOf(zone.Name),
	}
	if read != nil {
		z.build, z.deployment = read.Build, read.ID
		if read.DeploymentID != "" {
			z.deployment = read.DeploymentID // what Next.js says in x-nextjs-deployment-id
		}
	}
	return z
}

// factsOf says what is known of a request.
func (z *zonePages) factsOf(r *http.Request, a *attempt) pagecache.Facts {
	f := pagecache.Facts{
		Space: z.space, Deployment: z.deployment, Path: a.full, Host: strings.ToLower(r.Host), IgnoreQuery: z.ignoreQuery,
		Data: a.kind == zones.KindData, StaleIfError: z.staleError, Now: time.Now(), Unshared: a.repaired, Class: z.classOf(r, a),
	}
	variant, segment, ok := pagecache.VariantOf(r.Header, a.path)
	if !ok {
		f.Class = pagecache.ClassBypass
	}
	f.Variant, f.Segment = variant, segment
	if values := r.Header["Next-Url"]; len(values) == 1 && variant != pagecache.VariantHTML {
		f.NextURL = values[0]
	}
	if z.build != nil {
		if page, ok := z.build.Prerenders[a.verdict.Path]; ok && !page.Partial {
			f.KnownQuery, f.Tags = true, page.Tags
		}
	}
	return f
}

// classOf says what the build says of a path.
func (z *zonePages) classOf(r *http.Request, a *attempt) pagecache.Class {
	switch {
	case !a.asWritten:
		return pagecache.ClassBypass // Next.js redirects or resolves it
	case z.build == nil && (a.path == "" || a.path == "/") && r.URL.Path != "/":
		return pagecache.ClassBypass // with locales Next.js would choose by what the browser prefers
	case z.build == nil:
		return pagecache.ClassUnknown
	case !a.verdict.Edge(), a.facts.book.Depends(a.full):
		return pagecache.ClassBypass // Next.js decides, or a cookie does on which page is at the path
	}
	switch a.verdict.Output {
	case zones.OutputPage, zones.OutputRoute, zones.OutputAPI, zones.OutputData:
		return pagecache.ClassPage
	}
	return pagecache.ClassBypass
}

// pagePolicy is what the cache asks of each request and answer.
var pagePolicy = pagecache.Policy{
	KeyOf: pagecache.KeyOf, ForRequest: pagecache.ForRequest, ForResponse: pagecache.ForResponse,
	ForClient: func(h http.Header, f pagecache.Facts, s pagecache.Served) {
		pagecache.Tell(h, pagecache.Told{Result: s.Result, Age: s.Age, TTL: s.Left, Stored: s.Kept && s.Kind == pagecache.ResultMiss, Unshared: f.Unshared})
	},
}

// variantHeaders are those by which Next.js chooses a variant.
func variantHeaders(h http.Header) http.Header {
	chosen := http.Header{}
	for _, name := range [...]string{"Rsc", "Next-Router-Prefetch", "Next-Router-Segment-Prefetch", "Next-Router-State-Tree", "Next-Url"} {
		if values := h[name]; len(values) > 0 {
			chosen[name] = values
		}
	}
	return chosen
}

// Interface guard
var _ caddyhttp.MiddlewareHandler = (*Cache)(nil)
