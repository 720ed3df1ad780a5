package caddymodule

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// Handler finds the zone a request belongs to and what it asks for, and hands both to the handlers behind it. A request that no
// zone claims is answered with 404. What only Next.js may say to itself is removed from the request.
//
// It sets these placeholders, and adds both to the access log:
//
// Placeholder | Description
// ------------|-------------
// `{http.nextjs.zone}` | Name of the zone.
// `{http.nextjs.kind}` | What is asked for: document, rsc, prefetch, segment, data, action, api, static, image, upgrade or dev.
//
// The `nextjs` directive puts it before `nextjs_encode` and a `reverse_proxy` whose upstreams and transport are of this project.
type Handler struct {
	// The applications of the site.
	Zones []ZoneConfig `json:"zones,omitempty"`

	app    *App
	table  *zones.Table
	zones  map[*zones.Zone]*zoneFacts
	leases []upstreamAddress
	logs   bool
}

// zoneFacts are what each request of a zone needs, looked up and boxed once.
type zoneFacts struct {
	name     any
	counters *kindCounters
}

// kindNames are the names of the kinds as values of placeholders.
var kindNames = func() (names [zones.Kinds]any) {
	for kind := range zones.Kind(zones.Kinds) {
		names[kind] = kind.String()
	}
	return names
}()

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
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
	list := make([]*zones.Zone, 0, len(h.Zones))
	h.zones = make(map[*zones.Zone]*zoneFacts, len(h.Zones))
	for _, config := range h.Zones {
		zone, err := config.zone(repl)
		if err != nil {
			return fmt.Errorf("nextjs: %w", err)
		}
		addresses, err := config.upstreamAddresses(repl)
		if err != nil {
			return fmt.Errorf("nextjs: %w", err)
		}
		for _, address := range addresses {
			upstream, err := leaseUpstream(address)
			if err != nil {
				return fmt.Errorf("nextjs: zone %s: %w", zone.Name, err)
			}
			h.leases = append(h.leases, address)
			zone.Upstreams = append(zone.Upstreams, upstream)
		}
		list = append(list, zone)
		h.zones[zone] = &zoneFacts{name: zone.Name, counters: countersOf(zone.Name)}
	}
	if h.table, err = zones.NewTable(list); err != nil {
		return fmt.Errorf("nextjs: %w", err)
	}
	server, _ := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	h.logs = server != nil && server.Logs != nil
	for _, zone := range list {
		ctx.Logger().Debug("zone provisioned", zap.String("zone", zone.Name), zap.Strings("paths", zone.Paths),
			zap.Strings("host", zone.Hosts), zap.Int("upstreams", len(zone.Upstreams)))
	}
	return nil
}

// Cleanup implements caddy.CleanerUpper. The zones stay usable for requests that still run.
func (h *Handler) Cleanup() error {
	var errs []error
	for _, lease := range h.leases {
		errs = append(errs, releaseUpstream(lease))
	}
	h.leases = nil
	return errors.Join(errs...)
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	found, ok := h.table.Find(r.Host, zones.EscapedPath(r.URL))
	if !ok {
		unclaimedTotal.Inc()
		return caddyhttp.Error(http.StatusNotFound, fmt.Errorf("no zone claims %s", r.URL.Path))
	}
	kind := zones.KindOf(r, found)
	facts := h.zones[found.Zone]
	facts.counters[kind].Inc()
	trusted, _ := caddyhttp.GetVar(r.Context(), caddyhttp.TrustedProxyVarKey).(bool)
	zones.CleanRequest(r, kind, trusted)
	repaired := zones.RepairRSC(r, kind)
	caddyhttp.SetVar(r.Context(), attemptVar, &attempt{zone: found.Zone, kind: kind, repaired: repaired})
	repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	repl.Set("http.nextjs.zone", facts.name)
	repl.Set("http.nextjs.kind", kindNames[kind])
	if h.logs {
		if extra, ok := r.Context().Value(caddyhttp.ExtraLogFieldsCtxKey).(*caddyhttp.ExtraLogFields); ok {
			extra.Set(zap.String("zone", found.Zone.Name))
			extra.Set(zap.Stringer("kind", kind))
		}
	}
	allowFullDuplex(w, r)
	h.app.handOver.askToLeave(w, r, kind)
	return next.ServeHTTP(w, r)
}

// allowFullDuplex lets an upstream answer while the request's body is still on its way. Without it Go's HTTP/1 server takes
// up to 256 KiB of the body for itself as soon as the answer begins (net/http, ResponseController.EnableFullDuplex), and
// the upstream would wait for bytes that never come.
func allowFullDuplex(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor == 1 && r.Body != nil && r.Body != http.NoBody {
		// A writer that cannot do it serves as well as it did before.
		_ = http.NewResponseController(w).EnableFullDuplex()
	}
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.CleanerUpper          = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
