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
// When the http app has no `grace_period`, the app sets it to 30 seconds. Caddy's own default is to wait without end, and one
// open stream would keep the process from ever exiting.
type App struct {
	ctx      caddy.Context
	logger   *zap.Logger
	handOver handOver
	// readiness is asked by nextjs_health.
	readiness readiness
}

// CaddyModule returns the Caddy module information.
func (*App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "nextjs", New: func() caddy.Module { return new(App) }}
}

// Provision implements caddy.Provisioner.
func (a *App) Provision(ctx caddy.Context) error {
	a.ctx = ctx
	a.logger = ctx.Logger()
	a.readiness.logger = a.logger
	if err := a.handOver.subscribe(ctx); err != nil {
		return err
	}
	return registerMetrics(ctx.GetMetricsRegistry())
}

// Start implements caddy.App.
func (a *App) Start() error {
	mod, err := a.ctx.AppIfConfigured("http")
	if errors.Is(err, caddy.ErrNotConfigured) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("getting the http app: %w", err)
	}
	if httpApp := mod.(*caddyhttp.App); httpApp.GracePeriod == 0 {
		httpApp.GracePeriod = caddy.Duration(defaultGracePeriod)
		a.logger.Debug("grace_period is not set: requests in flight get the default when the servers stop",
			zap.Duration("grace_period", defaultGracePeriod))
	}
	return nil
}

// Stop implements caddy.App.
func (a *App) Stop() error { return nil }

// Interface guards
var (
	_ caddy.App         = (*App)(nil)
	_ caddy.Provisioner = (*App)(nil)
)
