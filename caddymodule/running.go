package caddymodule

import (
	"errors"
	"slices"
	"sync"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/files"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/fleet"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/images"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/pages"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/proxy"
)

// running are the apps of the configurations that serve. What asks for the state of the process, the admin API and
// metrics, lives apart from configurations and finds it here.
var running runningApps

// runningApps lists apps from the moment when the whole of their configuration runs until it ends. Caddy starts the
// apps of a configuration in no order, so an app that has started may belong to a configuration that fails: what is
// singular in the process follows this list. While one configuration follows another both are in it. The last one
// serves: its bounds hold for what the configurations share.
type runningApps struct {
	changing sync.Mutex // held while the list and the bounds change
	mu       sync.Mutex // of apps, for those who only look
	apps     []*App
}

// add notes that the configuration of an app runs, and applies its bounds.
func (r *runningApps) add(app *App) {
	r.changing.Lock()
	defer r.changing.Unlock()
	r.change(append(r.list(), app))
	app.applyBounds()
}

// remove notes that an app ends, if it is in the list. If it was the last one, the bounds of the one before apply
// again: its configuration has failed after it had started, and the one before serves on.
func (r *runningApps) remove(app *App) {
	r.changing.Lock()
	defer r.changing.Unlock()
	apps := r.list()
	at := slices.Index(apps, app)
	if at < 0 {
		return
	}
	wasLast := at == len(apps)-1
	r.change(slices.Delete(apps, at, at+1))
	if before := r.app(); wasLast && before != nil {
		before.logger.Info("the configuration that was to follow has failed: the bounds of this one hold again")
		before.applyBounds()
	}
}

func (r *runningApps) list() []*App {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.apps)
}

func (r *runningApps) change(apps []*App) {
	r.mu.Lock()
	r.apps = apps
	r.mu.Unlock()
	switch app := r.app(); app {
	case nil:
		edge.Current.Store(nil)
		(&App{}).applyBounds()
	default:
		edge.Current.Store(&edge.Serving{Sites: app.sites, HTTP: app.http, Builds: app.Builds, Emit: app.emit})
	}
}

// app returns the app of the configuration that serves, nil without one.
func (r *runningApps) app() *App {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.apps) == 0 {
		return nil
	}
	return r.apps[len(r.apps)-1]
}

// applyBounds applies the bounds of the configuration to what it shares with others. They were checked when the
// configuration was loaded.
func (a *App) applyBounds() {
	proxy.SetActionMemory(a.ActionMemory)
	a.serveUpstreams()
	fleet.ServeSites(a.deploymentSites())
	if err := errors.Join(files.Serve(a.files), images.Serve(a.images), pages.Serve(a.pages, a.logger)); err != nil {
		a.logger.Error("a bound does not hold", zap.Error(err))
	}
}

// serveUpstreams has upstreams looked after as this configuration says.
func (a *App) serveUpstreams() {
	if fleet.Serve(a.fleet); a.fleet == nil {
		return
	}
	a.fleet.SetLog(a.logger)
	for id, wishes := range a.wishes() {
		a.fleet.Serve(id, wishes[0].watch)
	}
}

// wishes are those of the sites, by the zone's id in the control plane. The first of a zone counts.
func (a *App) wishes() map[string][]wish {
	wishes := map[string][]wish{}
	for _, h := range a.handlers {
		host, scheme := addressOf(a.http, h)
		transportTLS := questionsTLS(a.http, h)
		for i, config := range h.Zones {
			watch := config.Watch(firstName(slices.Concat(config.Host, []string{host})), scheme)
			watch.UntilAnswered, watch.TLS = a.isProbed, transportTLS
			for _, one := range h.builds.all()[i].all() {
				if one.upstreams == nil {
					continue
				}
				id := one.upstreams.ID()
				watch.Mixed = mixedCheckOf(h.site.View.Load().List[i], one)
				wishes[id] = append(wishes[id], wish{
					zone: config.label(), scheme: scheme, host: host, listen: h.site.Listen, watch: watch, written: config.Watch("", ""),
				})
			}
		}
	}
	for _, list := range wishes {
		sortWishes(list)
	}
	return wishes
}

// emit tells who subscribes to Caddy's events.
func (a *App) emit(event string, data map[string]any) { a.events.Emit(a.ctx, event, data) }
