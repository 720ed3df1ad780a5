package pages

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// Cache answers with pages that have been kept: documents, payloads, data, and what route handlers answer, for as long
// as Next.js says itself.
//
// It comes into play for zones with a build, unless the site's `nextjs` says `cache off`, and for all others where it
// has `cache`. Where the build has middleware, redirects or rewrites for a path that cannot be evaluated, Next.js
// answers, unless `allow` names the path; without a build nothing is known of these, and what Next.js marks as shared
// is shared.
//
// Everything else is handed on. The `nextjs` handler in front has found zone and build, and the `nextjs` app has the
// bounds.
type Cache struct{}

// CaddyModule returns the Caddy module information.
func (Cache) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.nextjs_cache", New: func() caddy.Module { return new(Cache) }}
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (Cache) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	a := edge.Of(r)
	if a == nil || a.IsSource || a.Returned {
		return next.ServeHTTP(w, r)
	}
	pages := Slot.Of(a.Zone)
	if pages == nil {
		return next.ServeHTTP(watchingForLive(w, r, a), r)
	}
	a.Tags = pages.tagsHeader
	isPage := IsPage(a.Kind)
	if !isPage && !pagecache.IsUnsafe(r.Method) {
		return next.ServeHTTP(w, r)
	}
	facts := pages.factsOf(r, a)
	w = pages.watching(w, r, facts)
	if !isPage {
		return next.ServeHTTP(w, r)
	}
	result, err := pages.cache.Serve(w, r, facts,
		func(to http.ResponseWriter, r *http.Request) error {
			a.Fills = to != w                      // else the answer goes past the cache
			return a.Failed(next.ServeHTTP(to, r)) // those that follow are told it, too
		},
		func() pagecache.Refetch { return newRefetch(r, a, facts.Variant, next).again })
	pages.counters.count(result)
	return err
}

// IsPage reports whether requests of a kind may be answered with what was kept.
func IsPage(kind zones.Kind) bool {
	switch kind {
	case zones.KindDocument, zones.KindRSC, zones.KindPrefetch, zones.KindSegment, zones.KindData, zones.KindAPI:
		return true
	}
	return false
}

// Zone is how the pages of a zone are kept.
type Zone struct {
	cache       *pagecache.Cache
	space       string
	buildHash   string // of the build
	buildID     string
	build       *nextbuild.Build // nil: not known
	ignoreQuery []string
	allow       []pathPattern
	tagsHeader  string
	staleError  time.Duration
	recheck     time.Duration
	counters    *counters
}

// Slot is where the pages of a zone are.
var Slot = edge.NewSlot[*Zone]()

// Config is what the pages of a zone are prepared from.
type Config struct {
	State *State
	Site  *SiteSettings // nil: it says nothing
	Zone  string
	Space string
	Build *nextbuild.Build // nil: not known
}

// NewZone prepares the pages of a zone; nil for one whose pages are not kept.
func NewZone(c Config) *Zone {
	if c.Build == nil && c.Site == nil {
		return nil
	}
	z := &Zone{
		cache: c.State.Cache, space: "page\x00" + c.Space, tagsHeader: policy.TagsHeader, recheck: defaultRecheck,
		counters: countersOf(c.Zone),
	}
	if site := c.Site; site != nil {
		z.ignoreQuery, z.staleError, z.allow = site.IgnoreQuery, time.Duration(site.StaleIfError), patternsOf(site.Allow)
		if site.Recheck != 0 {
			z.recheck = max(0, time.Duration(site.Recheck))
		}
		z.tagsHeader = cmp.Or(http.CanonicalHeaderKey(site.TagsHeader), z.tagsHeader)
	}
	read := c.Build
	if read != nil {
		z.buildID = read.ID
		// Whoever names his builds himself may build one again, with other pages (generateBuildId, deploymentId).
		sum := sha256.Sum256([]byte(read.Hash))
		z.build, z.buildHash = read, hex.EncodeToString(sum[:4])
	}
	return z
}

// factsOf says what is known of a request.
func (z *Zone) factsOf(r *http.Request, a *edge.Request) policy.Facts {
	f := policy.Facts{
		Space: z.space, Deployment: a.Zone.Deployment, Build: z.buildHash, Path: a.Full, Host: edge.OriginOf(r),
		IgnoreQuery: z.ignoreQuery, Data: a.Kind == zones.KindData, StaleIfError: z.staleError, Recheck: z.recheck,
		Now: time.Now(), Unshared: a.Repaired.Made(), Class: z.classOf(r, a),
		Shared404: a.Zone.Shared404.Most, Shortened: a.Zone.Shared404.Count, Said: a.CollectSaid(), StandsIn: &a.StandsIn,
	}
	f.BuildID, f.Mixed = z.buildID, a.Zone.Builds.Mixed()
	if f.Data && a.Zone.RuleSet != nil {
		if page, ok := a.Zone.RuleSet.PageOfData(a.Full); ok {
			f.Path = page // they age together
		}
	}
	variant, ok := policy.VariantOf(r.Header, a.Path)
	if !ok || f.Data && a.Zone.RuleSet.LacksDataHeader(r.Header) {
		f.Class = policy.ClassBypass
	}
	f.Variant = variant
	if values := r.Header["Next-Url"]; len(values) == 1 && variant != policy.VariantHTML {
		f.NextURL = values[0]
	}
	if z.build != nil && f.Class == policy.ClassPage && a.Verdict.Edge() {
		f.Choice = a.Verdict.Choice()
		if f.Tags, f.KnownQuery = a.Zone.RuleSet.Prerendered(a.Verdict); f.KnownQuery {
			f.Host = "" // nor does it know its host, or its scheme
		}
	}
	return f
}

// classOf says what the build says of a path.
func (z *Zone) classOf(r *http.Request, a *edge.Request) policy.Class {
	switch {
	case !a.AsWritten:
		return policy.ClassBypass // Next.js redirects or resolves it
	case z.build == nil && (a.Path == "" || a.Path == "/") && r.URL.Path != "/":
		return policy.ClassBypass // with locales Next.js would choose by what the browser prefers
	case z.build == nil:
		return policy.ClassUnknown
	case allows(z.allow, a.Full):
		return policy.ClassPage
	case !a.Verdict.Edge():
		return policy.ClassBypass // Next.js decides
	}
	switch a.Verdict.Output {
	case rules.OutputPage, rules.OutputRoute, rules.OutputAPI, rules.OutputData:
		return policy.ClassPage
	}
	return policy.ClassBypass
}

// Interface guard
var _ caddyhttp.MiddlewareHandler = (*Cache)(nil)
