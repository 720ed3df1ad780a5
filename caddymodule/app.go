package caddymodule

import (
	"errors"
	"fmt"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
)

// defaultGracePeriod is given to requests in flight when the servers stop and the configuration names no grace_period.
const defaultGracePeriod = 30 * time.Second

// App is what the handlers of one configuration have in common. It needs no configuration: any handler of the project brings
// it along.
//
// In `state` it keeps what is costly to make or to fetch again: compressed copies of files, files that have passed through, and pictures. All of it is
// bounded, and none of it is needed: where the directory cannot be written, or belongs to another process, things are kept in memory.
//
// When the http app has no `grace_period`, the app sets it to 30 seconds. Caddy's own default is to wait without end, and one
// open stream would keep the process from ever exiting.
type App struct {
	// Directory of what is kept over restarts. One process at a time has it. Default: `nextjs` in Caddy's data directory.
	State string `json:"state,omitempty"`

	// Bounds of what is kept of files.
	Static StaticSettings `json:"static,omitzero"`

	// Bounds of the image optimizer, and of what is kept of pictures.
	Image ImageSettings `json:"image,omitzero"`

	// Bounds of what is kept of pages.
	Cache CacheSettings `json:"cache,omitzero"`

	files    *fileState
	images   *imageState
	pages    *pageState
	ctx      caddy.Context
	http     *caddyhttp.App // nil: the configuration has none
	logger   *zap.Logger
	handOver handOver
	// readiness is asked by nextjs_health.
	readiness readiness
	// heads are set up by handlers and transports.
	heads headLimits
	// occupied is looked at by handlers.
	occupied occupiedPorts
	// handlers are those of the configuration, for the admin API.
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
	a.heads = headLimits{}
	a.readiness.logger = a.logger
	if err := a.Static.check(); err != nil {
		return fmt.Errorf("nextjs: static: %w", err)
	}
	if err := a.Image.check(); err != nil {
		return fmt.Errorf("nextjs: image: %w", err)
	}
	if err := a.Cache.check(); err != nil {
		return fmt.Errorf("nextjs: cache: %w", err)
	}
	if err := a.subscribe(ctx); err != nil {
		return err
	}
	return registerMetrics(ctx.GetMetricsRegistry())
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
	return nil
}

// started is called when all apps of the configuration have started.
func (a *App) started() {
	running.add(a)
	a.sayZones()
	a.occupied.say(a.logger)
	if a.files != nil {
		a.files.makeCopies(a.ctx)
	}
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
	if a.pages != nil {
		errs = append(errs, a.pages.release())
	}
	if a.images != nil {
		errs = append(errs, a.images.release())
	}
	if a.files != nil {
		errs = append(errs, a.files.release())
	}
	return errors.Join(errs...)
}

// usePages returns what pages are kept with, for the first handler that needs it and for all others.
func (a *App) usePages() (*pageState, error) {
	if a.pages == nil {
		pages, err := leasePages(a.State, a.Cache, a.logger)
		if err != nil {
			return nil, err
		}
		a.pages = pages
	}
	return a.pages, nil
}

// useImages returns what pictures are made and kept with, likewise.
func (a *App) useImages() (*imageState, error) {
	if a.images == nil {
		images, err := leaseImages(a.State, a.Image, a.logger)
		if err != nil {
			return nil, err
		}
		a.images = images
	}
	return a.images, nil
}

// useFiles returns what is kept of files, for the first handler that needs it and for all others.
func (a *App) useFiles() (*fileState, error) {
	if a.files == nil {
		files, err := leaseFiles(a.State, a.Static, a.logger)
		if err != nil {
			return nil, err
		}
		a.files = files
	}
	return a.files, nil
}

// Interface guards
var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)

// HeadLimits are how large heads of requests the sites of the configuration take.
func (a *App) HeadLimits() headLimits { return a.heads }
