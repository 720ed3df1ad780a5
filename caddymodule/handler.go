package caddymodule

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// Handler finds the zone a request belongs to and what it asks for, and hands both to the handlers behind it. A request that no
// zone claims is answered with 404, and so are, or with 400, those that no client of Next.js sends. What only Next.js may say to itself
// is removed from the request. Of several zones each sees its own draft mode and language cookies only, and a soft navigation
// from one to another is told at once to load the document.
//
// It sets these placeholders, and adds them to the access log:
//
// Placeholder | Description
// ------------|-------------
// `{http.nextjs.zone}` | Name of the zone.
// `{http.nextjs.kind}` | What is asked for: document, rsc, prefetch, segment, data, action, api, static, image, upgrade, dev or refused.
// `{http.nextjs.verdict}` | What the zone's build says of the path. What the edge may answer with: redirect, static, public, image, page, route, api or data. Or why Next.js must see the request: no-build, method, spelling, middleware, rule, locale or unknown. Of a zone with `export`: redirect, static, public, page or data; method (405) or unknown (404).
//
// The `nextjs` directive puts it before `nextjs_encode` and a `reverse_proxy` whose upstreams and transport are of this project.
type Handler struct {
	// The applications of the site.
	Zones []ZoneConfig `json:"zones,omitempty"`

	// How often the zones' build directories are looked at for a new build. Default: `2s`.
	Watch caddy.Duration `json:"watch,omitempty"`

	// What browsers may load of the pages of other zones ahead of a click. Default: nothing.
	Speculation *Speculation `json:"speculation,omitempty"`

	// Whether the site is one of files for pages of other sites: what the builds' assetPrefix names. Everything else is answered with 404.
	AssetHost bool `json:"asset_host,omitempty"`

	// Whether and how pages are kept. Default: those of zones with a build are.
	Cache *SiteCache `json:"cache,omitempty"`

	// How large the head of a request may be: the bytes of its target, and of the names and values of its headers. What
	// Node.js was started with (`--max-http-header-size`). A larger one gets 431, whoever would answer it, and so does
	// a request of more than 1000 headers. The server is made to take larger ones than that, unless it has a
	// `max_header_bytes` other than 16384, Caddy's default. Default: the largest `max_header_size` of the server's
	// `nextjs` transports, or `16384`.
	MaxHeaderSize int `json:"max_header_size,omitempty"`

	// Whether Next.js sees the query of pages of a build that ignore it, too. It prints the query of whoever has a page
	// made into the page, for everybody. Default: it sees only what conditions of the build's rules look at.
	ShowQuery bool `json:"show_query,omitempty"`

	// What of Next.js the edge does not put right. Default: everything is.
	Repair *Repairs `json:"repair,omitempty"`

	// Whether Next.js answers requests for files too. Nothing is kept of them then.
	StaticOff bool `json:"static_off,omitempty"`
	SharedCaches

	app       *App
	files     *fileState          // nil: StaticOff
	images    *imageState         // nil: an asset host
	pages     *pageState          // nil: none are kept
	upstreams [][]*zones.Upstream // of each zone
	view      atomic.Pointer[view]
	watch     *buildWatch
	leases    []upstreamAddress
	headLimit siteLimit
	logs      bool
	logger    *zap.Logger
	listen    []string // the addresses of the server
}

// CaddyModule returns the Caddy module information.
func (*Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.nextjs", New: func() caddy.Module { return new(Handler) }}
}

// Provision implements caddy.Provisioner.
func (h *Handler) Provision(ctx caddy.Context) error {
	app, err := ctx.App("nextjs")
	if err != nil {
		return fmt.Errorf("loading the nextjs app: %w", err)
	}
	h.app = app.(*App)
	if len(h.Zones) == 0 {
		return fmt.Errorf("nextjs: %w", errNoZones)
	}
	repl := caddy.NewReplacer()
	if err := h.leaseUpstreams(repl); err != nil {
		return fmt.Errorf("nextjs: %w", err)
	}
	if !h.StaticOff {
		if h.files, err = h.app.useFiles(); err != nil {
			return fmt.Errorf("nextjs: %w", err)
		}
	}
	if h.makesPictures() {
		if h.images, err = h.app.useImages(); err != nil {
			return fmt.Errorf("nextjs: %w", err)
		}
	}
	if err := h.Cache.check(); err != nil {
		return fmt.Errorf("nextjs: cache: %w", err)
	}
	if h.keepsPages() {
		if h.pages, err = h.app.usePages(); err != nil {
			return fmt.Errorf("nextjs: %w", err)
		}
	}
	h.logger = ctx.Logger()
	server, _ := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if err := checkHeaderSize(h.MaxHeaderSize); err != nil {
		return fmt.Errorf("nextjs: %w", err)
	}
	h.app.heads.raise(server, cmp.Or(h.MaxHeaderSize, defaultMaxHeaderSize), h.logger)
	h.headLimit = siteLimit{own: h.MaxHeaderSize, server: h.app.heads.of(server)}
	if h.watch, err = newBuildWatch(h, repl, ctx.Logger()); err != nil {
		return fmt.Errorf("nextjs: %w", err)
	}
	builds := h.watch.builds()
	v, err := newView(h, builds)
	if err != nil {
		return fmt.Errorf("nextjs: %w", err)
	}
	h.view.Store(v)
	for i, config := range h.Zones {
		h.app.readiness.add(probedZone{
			name: config.label(), optional: config.Optional, upstreams: h.upstreams[i], export: config.Export != "",
			note: h.watch.zones[i].others.note,
		})
		builds[i].advise(config.label(), ctx.Logger())
		if builds[i] != nil && builds[i].export != nil {
			builds[i].export.report(config.label(), ctx.Logger())
		}
	}
	h.logs = server != nil && server.Logs != nil
	if server != nil {
		h.listen = server.Listen
	}
	if h.Speculation != nil {
		if err := h.Speculation.rules().Validate(); err != nil {
			return fmt.Errorf("nextjs: speculation: %w", err)
		}
	}
	if h.Watch < 0 {
		return fmt.Errorf("nextjs: watch %s is negative", time.Duration(h.Watch))
	}
	h.watch.start(ctx, cmp.Or(time.Duration(h.Watch), defaultWatch))
	h.app.handlers = append(h.app.handlers, h)
	return nil
}

// Cleanup implements caddy.CleanerUpper. The zones stay usable for requests that still run.
func (h *Handler) Cleanup() error {
	var errs []error
	for _, lease := range h.leases {
		errs = append(errs, releaseUpstream(lease))
	}
	h.leases = nil
	errs = append(errs, h.watch.close())
	if v := h.view.Load(); v != nil {
		v.close()
	}
	return errors.Join(errs...)
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if body := guardBody(w, r); body != nil {
		return body.finish(h.serve(body, r, next))
	}
	ignoreUnannouncedBody(r)
	return h.serve(w, r, next)
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	v := h.view.Load()
	speculates := h.Speculation != nil && len(v.facts) > 1
	if speculates && strings.HasPrefix(r.URL.Path, speculationPath) {
		list := slices.SortedFunc(maps.Keys(v.facts), func(a, b *zones.Zone) int { return strings.Compare(a.Name, b.Name) })
		return h.Speculation.serveSpeculation(w, r, v.table, list)
	}
	found, ok := v.table.FindRequest(r)
	if !ok {
		unclaimedTotal.Inc()
		skipLog(r)
		return refuse(w, fmt.Errorf("no zone claims %s", r.URL.Path))
	}
	facts := v.facts[found.Zone]
	if h.AssetHost {
		if found, ok = facts.placeAsset(r, found); !ok {
			unclaimedTotal.Inc()
			return refuse(w, fmt.Errorf("%s is no file of a build", r.URL.Path))
		}
	}
	if facts.export != nil {
		release, ok := facts.export.acquire()
		if !ok && h.view.Load() != v {
			// A new one was taken since the view was looked at.
			return h.serve(w, r, next)
		}
		defer release()
	}
	found = zones.RespellRequest(r.URL, found, facts.book)
	zones.DropHops(r.Header)
	zones.DropUpgrade(r)
	kind, refusal := zones.KindOf(r, found), error(nil)
	if facts.book.Evades(found, r.URL.RawQuery) {
		kind, refusal = zones.KindRefused, zones.ErrEvasion
	}
	facts.counters[kind].Inc()
	repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	repl.Set("http.nextjs.zone", facts.name)
	repl.Set("http.nextjs.kind", kindNames[kind])
	extra := h.logFields(r)
	if extra != nil {
		extra.Set(zap.String("zone", found.Zone.Name))
		extra.Set(zap.Stringer("kind", kind))
	}
	h.app.handOver.askToLeave(w, r, kind)
	if size, lines := zones.ReceivedHeaderSize(r); isTooLarge(size, lines, v.headLimit.bytes()) {
		answerTooLarge(w, found.Zone.Name)
		return nil
	}
	if kind == zones.KindRefused {
		return refuse(w, cmp.Or(refusal, zones.Refusal(r, found)))
	}
	if v.crossings.Leaves(r, kind, found.Zone) && !isRewritten(r) {
		facts.leave(w, r, kind)
		return nil
	}
	returns := facts.notices.ofRequest(r, h.logger)
	if returns >= maxReturns {
		return refuse(w, errLoop)
	}
	if h.endPrefetchFlood(w, r, facts) {
		return nil
	}
	trusted, _ := caddyhttp.GetVar(r.Context(), caddyhttp.TrustedProxyVarKey).(bool)
	if found.Zone.Dev {
		zones.CleanDevRequest(r, found, kind, trusted)
	} else {
		zones.CleanRequest(r, kind, trusted)
	}
	a := &attempt{zone: found.Zone, kind: kind, path: found.Path, full: found.Full, asWritten: found.AsWritten, view: v, facts: facts, cookies: facts.cookies, isAsset: h.AssetHost}
	a.body, _ = w.(*requestBody)
	a.returned = returns > 0
	if facts.export != nil {
		facts.cookies.CleanRequest(r.Header)
		a.verdict = facts.export.book.Verdict(r, found)
	} else {
		a.verdict = facts.book.Verdict(r, found)
		a.repaired = zones.RepairRSC(r, kind)
		a.plainDraft = facts.cookies.CleanRequest(r.Header)
		a.hideQuery(r)
	}
	if facts.keep != nil && found.AsWritten && r.ContentLength == 0 && assets.Keepable(r, found.Path) {
		a.kept = keptName(found.Path, r.URL.RawQuery)
	}
	if speculates && kind == zones.KindDocument {
		a.rules = facts.rules
	}
	caddyhttp.SetVar(r.Context(), attemptVar, a)
	repl.Set("http.nextjs.verdict", verdictNames[a.verdict.String()])
	if extra != nil {
		extra.Set(zap.Stringer("verdict", a.verdict))
	}
	if report := explaining[requestReport](r); report != nil {
		report.explain(r, a, h)
		return nil
	}
	return h.serveUpload(w, r, a, found, next)
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.CleanerUpper          = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
