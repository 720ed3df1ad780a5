package caddymodule

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/files"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/fleet"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/health"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/images"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/pages"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/proxy"
)

const (
	// defaultGracePeriod is given to requests in flight when the servers stop and the configuration names no
	// grace_period.
	defaultGracePeriod = 30 * time.Second
	// defaultShutdownDelay is how long an edge serves on after it was told to stop, if somebody asks whether it is
	// ready and the configuration names no shutdown_delay: two questions of an orchestrator, and time to tell
	// everybody.
	defaultShutdownDelay = 5 * time.Second
)

// App is what the handlers of one configuration have in common. It needs no configuration: any handler of the project
// brings it along.
//
// In `state` it keeps what is costly to make or to fetch again: compressed copies of files, files that have passed
// through, and pictures. All of it is bounded, and none of it is needed: where the directory cannot be written, or
// belongs to another process, things are kept in memory.
//
// When the http app has no `grace_period`, the app sets it to 30 seconds. Caddy's own default is to wait without end,
// and one open stream would keep the process from ever exiting. When it has no `shutdown_delay` and the configuration
// has `nextjs_health`, the app sets that to 5 seconds: who asks whether the edge is ready must have time to learn that
// it goes.
type App struct {
	// Directory of what is kept over restarts. One process at a time has it. Default: `nextjs` in Caddy's data
	// directory.
	State string `json:"state,omitempty"`

	// Directories below which builds may lie that are deployed over nextjs_control: whoever has a token of the scope
	// `deploy` may have the files of any build there served. Absolute; placeholders are read when the configuration is
	// loaded. Over the admin endpoint builds may lie anywhere. Default: none, so such a deploy names no build.
	Builds []string `json:"builds,omitempty"`

	// How many bytes of the bodies of server actions are kept at one time, over all sites, until their deployments have
	// answered. -1: none, so no action is sent once more. Default: 64 MiB.
	ActionMemory int64 `json:"action_memory,omitempty"`

	// Bounds of what is kept of files.
	Static files.Settings `json:"static,omitzero"`

	// Bounds of the image optimizer, and of what is kept of pictures.
	Image images.Settings `json:"image,omitzero"`

	// Bounds of what is kept of pages.
	Cache pages.Settings `json:"cache,omitzero"`

	fleet  *fleet.Deploys
	files  *files.State
	images *images.State
	pages  *pages.State
	ctx    caddy.Context
	events *caddyevents.App
	http   *caddyhttp.App // nil: the configuration has none
	logger *zap.Logger
	drain  connDrain
	// readiness is asked by nextjs_health, if isProbed.
	readiness health.Readiness
	isProbed  bool
	// heads are set up by handlers and transports.
	heads edge.HeadLimits
	// occupied is looked at by handlers.
	occupied occupiedPorts
	// sites are those of the configuration, for the admin API.
	sites []*edge.Site
	// handlers are those of the sites.
	handlers []*Handler
}

// CaddyModule returns the Caddy module information.
func (*App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "nextjs", New: func() caddy.Module { return new(App) }}
}

// Provision implements caddy.Provisioner.
func (a *App) Provision(ctx caddy.Context) error {
	a.ctx = ctx
	a.logger = ctx.Logger()
	a.heads = edge.HeadLimits{}
	a.readiness.Logger = a.logger
	if err := a.findBuilds(); err != nil {
		return fmt.Errorf("nextjs: %w", err)
	}
	if before := running.app(); before != nil {
		a.readiness.GoOn(&before.readiness)
		sendNewConnections(before.http, servingSocket, before.logger)
	}
	if err := proxy.CheckActionMemory(a.ActionMemory); err != nil {
		return fmt.Errorf("nextjs: %w", err)
	}
	if err := a.Static.Check(); err != nil {
		return fmt.Errorf("nextjs: static: %w", err)
	}
	if err := a.Image.Check(); err != nil {
		return fmt.Errorf("nextjs: image: %w", err)
	}
	if err := a.Cache.Check(); err != nil {
		return fmt.Errorf("nextjs: cache: %w", err)
	}
	var err error
	if a.events, err = subscribe(ctx, a.started, a.stopping); err != nil {
		return err
	}
	return registerMetrics(ctx.GetMetricsRegistry())
}

// findBuilds fills in the placeholders of the directories. The error is about one that is not absolute.
func (a *App) findBuilds() error {
	for i, dir := range a.Builds {
		a.Builds[i] = caddy.NewReplacer().ReplaceKnown(dir, "")
		if !filepath.IsAbs(a.Builds[i]) {
			return fmt.Errorf("builds takes absolute directories, found %q", dir)
		}
	}
	return nil
}

// Start implements caddy.App. Caddy starts apps in no order, and another one may fail still: nothing that outlives the
// configuration is changed here, but in started.
func (a *App) Start() error {
	mod, err := a.ctx.AppIfConfigured("http")
	if err != nil && !errors.Is(err, caddy.ErrNotConfigured) {
		return fmt.Errorf("getting the http app: %w", err)
	}
	if err != nil {
		return nil
	}
	a.http = mod.(*caddyhttp.App)
	if a.http.GracePeriod == 0 {
		a.http.GracePeriod = caddy.Duration(defaultGracePeriod)
		a.logger.Debug("grace_period is not set: requests in flight get the default when the servers stop",
			zap.Duration("grace_period", defaultGracePeriod))
	}
	if a.isProbed && a.http.ShutdownDelay == 0 {
		a.http.ShutdownDelay = caddy.Duration(defaultShutdownDelay)
		a.logger.Debug("shutdown_delay is not set: the edge serves on when it is told to stop, while /readyz says so",
			zap.Duration("shutdown_delay", defaultShutdownDelay))
	}
	return nil
}

// started is called when all apps of the configuration have started.
func (a *App) started() {
	running.add(a)
	logZones(a.sites, a.logger)
	warnOfWishes(a.wishes(), a.logger)
	if a.fleet != nil {
		a.followRollouts()
		a.fleet.LogDrains()
	}
	a.occupied.warn(a.logger)
	if a.files != nil {
		a.files.MakeCopies(a.ctx)
	}
}

// stopping is called before the servers of the configuration stop.
func (a *App) stopping() {
	sendNewConnections(a.http, nextSocket, a.logger)
	a.drain.begin()
}

// Stop implements caddy.App.
func (a *App) Stop() error {
	running.remove(a)
	return nil
}

// Cleanup implements caddy.CleanerUpper. A configuration that fails when its apps have started is not stopped, only
// cleaned up.
func (a *App) Cleanup() error {
	running.remove(a)
	var errs []error
	if a.fleet != nil {
		errs = append(errs, a.fleet.Release())
	}
	if a.pages != nil {
		errs = append(errs, a.pages.Release())
	}
	if a.images != nil {
		errs = append(errs, a.images.Release())
	}
	if a.files != nil {
		errs = append(errs, a.files.Release())
	}
	return errors.Join(errs...)
}

// usePages returns what pages are kept with, for the first handler that needs it and for all others.
func (a *App) usePages() (*pages.State, error) { return use(&a.pages, a, a.Cache, pages.Lease) }

// useImages returns what pictures are made and kept with, likewise.
func (a *App) useImages() (*images.State, error) { return use(&a.images, a, a.Image, images.Lease) }

// useFiles returns what is kept of files, likewise.
func (a *App) useFiles() (*files.State, error) { return use(&a.files, a, a.Static, files.Lease) }

// useFleet returns the control plane, likewise.
func (a *App) useFleet() (_ *fleet.Deploys, err error) {
	if a.fleet == nil {
		a.fleet, err = fleet.Lease(a.State, tellChange, a.logger)
	}
	return a.fleet, err
}

// use leases what is not leased yet.
func use[S, C any](leased **S, a *App, settings C, lease func(string, C, *zap.Logger) (*S, error)) (_ *S, err error) {
	if *leased == nil {
		*leased, err = lease(a.State, settings, a.logger)
	}
	return *leased, err
}

// Interface guards
var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)

// HeadLimits are how large heads of requests the sites of the configuration take.
func (a *App) HeadLimits() edge.HeadLimits { return a.heads }

// Readiness says whether the zones of the configuration can be served, for nextjs_health.
func (a *App) Readiness() *health.Readiness {
	a.isProbed = true
	return &a.readiness
}
