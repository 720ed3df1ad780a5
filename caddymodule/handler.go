package caddymodule

import (
	"cmp"
	"fmt"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/files"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/health"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/images"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/pages"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/proxy"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/speculation"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// Handler finds the zone a request belongs to and what it asks for, and hands both to the handlers behind it. A request
// that no zone claims is answered with 404, and so are, or with 400, those that no client of Next.js sends. What only
// Next.js may say to itself is removed from the request. Of several zones each sees its own draft mode and language
// cookies only, and a soft navigation from one to another is told at once to load the document.
//
// It sets these placeholders, and adds them to the access log:
//
// Placeholder | Description
// ------------|-------------
// `{http.nextjs.zone}` | Name of the zone.
// `{http.nextjs.kind}` | What is asked for: document, rsc, prefetch, segment, data, action, api, static, image, upgrade, dev or refused.
// `{http.nextjs.verdict}` | What the zone's build says of the path. What the edge may answer with: redirect, static, public, image, page, route, api or data. Or why Next.js must see the request: no-build, method, spelling, middleware, rule, locale or unknown. Of a zone with `export`: redirect, static, public, page or data; method (405) or unknown (404).
// `{http.nextjs.deployment}` | The id of the deployment that answers, of a zone that has more than one.
//
// The `nextjs` directive puts it before `nextjs_encode` and a `reverse_proxy` whose upstreams and transport are of this
// project.
type Handler struct {
	// The applications of the site.
	Zones []ZoneConfig `json:"zones,omitempty"`

	// How often the zones' build directories are looked at for a new build. Of several sites with one directory the
	// shortest time counts. Default: `2s`.
	Watch caddy.Duration `json:"watch,omitempty"`

	// What browsers may load of the pages of other zones ahead of a click. Default: nothing.
	Speculation *speculation.Settings `json:"speculation,omitempty"`

	// Whether the site is one of files for pages of other sites: what the builds' assetPrefix names. Everything else is
	// answered with 404.
	AssetHost bool `json:"asset_host,omitempty"`

	// Whether and how pages are kept. Default: those of zones with a build are.
	Cache *pages.SiteSettings `json:"cache,omitempty"`

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
	Repair *edge.Repairs `json:"repair,omitempty"`

	// Whether Next.js answers requests for files too. Nothing is kept of them then.
	StaticOff bool `json:"static_off,omitempty"`
	edge.SharedCaches

	app       *App
	files     *files.State       // nil: StaticOff
	images    *images.State      // nil: an asset host
	pages     *pages.State       // nil: none are kept
	upstreams []*deploy.Rotation // by zone; nil: an export
	sticky    []*edge.Sticky     // by zone; nil: it is not
	site      edge.Site
	builds    *siteBuilds
	following sync.Mutex // held while deployments are set up
	headLimit edge.SiteLimit
	places    []string // where it is served (placesOf)
	logs      bool
	logger    *zap.Logger
}

// CaddyModule returns the Caddy module information.
func (*Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.nextjs", New: func() caddy.Module { return new(Handler) }}
}

// Provision implements caddy.Provisioner.
func (h *Handler) Provision(ctx caddy.Context) error {
	if err := h.provision(ctx); err != nil {
		return fmt.Errorf("nextjs: %w", err)
	}
	return nil
}

func (h *Handler) provision(ctx caddy.Context) error {
	app, err := ctx.App("nextjs")
	if err != nil {
		return fmt.Errorf("loading the nextjs app: %w", err)
	}
	h.app, h.logger = app.(*App), ctx.Logger()
	repl := caddy.NewReplacer()
	if err := h.checkSettings(); err != nil {
		return err
	}
	if err := h.joinZones(repl); err != nil {
		return err
	}
	if err := h.useStores(); err != nil {
		return err
	}
	h.readServer(ctx)
	h.builds, err = subscribeBuilds(h.Zones, h.upstreams, h.files.Settings(h.CDN), repl, h.logger)
	if err != nil {
		return err
	}
	h.builds.swap, h.builds.replaced = h.swapView, h.noteReplaced
	v, err := h.newView(h.builds.now, nil, nil)
	if err != nil {
		return err
	}
	h.site.View.Store(v)
	if err := h.followRollouts(""); err != nil {
		h.logger.Error("a deployment that was ordered is not served", zap.Error(err))
	}
	h.registerZones()
	h.builds.watch(time.Duration(h.Watch))
	h.app.sites, h.app.handlers = append(h.app.sites, &h.site), append(h.app.handlers, h)
	return nil
}

// checkSettings finds what is wrong with the configuration before anything is opened.
func (h *Handler) checkSettings() error {
	if len(h.Zones) == 0 {
		return errNoZones
	}
	if err := h.Cache.Check(); err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	if err := edge.CheckHeaderSize(h.MaxHeaderSize); err != nil {
		return err
	}
	if err := h.Speculation.Check(); err != nil {
		return fmt.Errorf("speculation: %w", err)
	}
	if h.Watch < 0 {
		return fmt.Errorf("watch %s is negative", time.Duration(h.Watch))
	}
	for _, zone := range h.Zones {
		if err := proxy.CheckActionBody(zone.ActionBody, h.app.ActionMemory); err != nil {
			return fmt.Errorf("zone %s: %w", zone.label(), err)
		}
	}
	return nil
}

// useStores leases what files, pictures and pages are kept with.
func (h *Handler) useStores() (err error) {
	if !h.StaticOff {
		if h.files, err = h.app.useFiles(); err != nil {
			return err
		}
	}
	if !h.AssetHost && makesPictures(h.Zones) {
		if h.images, err = h.app.useImages(); err != nil {
			return err
		}
	}
	if !h.AssetHost && keepsPages(h.Zones, h.Cache) {
		h.pages, err = h.app.usePages()
	}
	return err
}

// readServer learns from the server of the site where it listens and for which hosts, whether it logs, and how large
// heads it takes.
func (h *Handler) readServer(ctx caddy.Context) {
	server, _ := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	h.app.occupied.check(ctx, server)
	h.app.heads.Raise(server, cmp.Or(h.MaxHeaderSize, edge.DefaultMaxHeaderSize), h.logger)
	h.headLimit = edge.SiteLimit{Own: h.MaxHeaderSize, Server: h.app.heads.Of(server)}
	h.site.StaticOff = h.StaticOff
	h.places = placesOf(server, ctx.Modules())
	if server != nil {
		h.logs, h.site.Listen = server.Logs != nil, server.Listen
	}
}

// registerZones makes the zones known to nextjs_health, and logs what their builds show to be wrong.
func (h *Handler) registerZones() {
	for i, config := range h.Zones {
		h.app.readiness.Add(health.Zone{
			Name: config.label(), Optional: config.Optional, Upstreams: h.upstreams[i], Live: h.liveUpstreams(i),
			Note: h.builds.now[i].config.builds.Missing,
		})
		h.builds.now[i].live().build.logWarnings(config.label(), h.logger)
	}
}

// Validate implements caddy.Validator.
func (h *Handler) Validate() error {
	if err := h.CheckSharedCaches(); err != nil {
		return fmt.Errorf("nextjs: %w", err)
	}
	return nil
}

// Cleanup implements caddy.CleanerUpper. The zones stay usable for requests that still run.
func (h *Handler) Cleanup() error {
	err := h.builds.close()
	for _, rotation := range h.upstreams {
		if rotation != nil {
			rotation.Leave()
		}
	}
	if v := h.site.View.Load(); v != nil {
		closeView(v, nil)
	}
	return err
}

// Interface guards
var (
	_ caddy.Provisioner  = (*Handler)(nil)
	_ caddy.Validator    = (*Handler)(nil)
	_ caddy.CleanerUpper = (*Handler)(nil)
)
