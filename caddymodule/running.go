package caddymodule

import (
	"slices"
	"sync"
)

// running are the apps of the configurations that serve. What asks for the state of the process, the admin API, lives apart from configurations and
// finds it here.
var running runningApps

// runningApps lists apps from their start to their stop. While one configuration follows another both are in it; one that fails to start
// takes itself off again, and the one before is the last as it was.
type runningApps struct {
	mu   sync.Mutex
	apps []*App
}

func (r *runningApps) add(app *App) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.apps = append(r.apps, app)
}

func (r *runningApps) remove(app *App) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.apps = slices.DeleteFunc(r.apps, func(other *App) bool { return other == app })
}

// handlers returns the handlers of the configuration that serves, in the order in which they were provisioned. Handlers are added before
// their app starts, so the list does not change any more.
func (r *runningApps) handlers() []*Handler {
	if app := r.app(); app != nil {
		return app.handlers
	}
	return nil
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
