package caddymodule

import (
	"errors"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/fleet"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/proxy"
)

// deploymentSites is what orders about deployments need of the sites of the configuration. nil: it has none.
func (a *App) deploymentSites() *fleet.Sites {
	if a.fleet == nil {
		return nil
	}
	return &fleet.Sites{
		Follow: a.followRollout, CheckLive: a.checkLive, Find: a.findDeployment, Kept: a.keptDeployments,
		DrainStreams: proxy.Drain, UndrainStreams: proxy.Undrain,
	}
}

// followRollouts goes on with what was ordered while the configuration was loaded, or under the one before.
func (a *App) followRollouts() {
	if err := a.followRollout(""); err != nil {
		a.logger.Error("a deployment that was ordered is not served", zap.Error(err))
	}
	for _, h := range a.handlers {
		h.noteBuilds()
	}
	a.fleet.GoOn()
}

// followRollout has the sites be served as the control plane knows it now: one zone, or all ("").
func (a *App) followRollout(zone string) error {
	var errs []error
	for _, h := range a.handlers {
		errs = append(errs, h.followRollouts(zone))
	}
	a.serveUpstreams() // those that are new are looked after as the sites wish
	return errors.Join(errs...)
}

// checkLive says why a site has no place for a deployment of a zone as the live one.
func (a *App) checkLive(zone, id string) error {
	var errs []error
	for _, h := range a.handlers {
		errs = append(errs, h.checkLive(zone, id))
	}
	return errors.Join(errs...)
}

// findDeployment returns a deployment of a zone as some site has it, starting ones too: what its upstreams are, and
// what its build says. false: no site has it.
func (a *App) findDeployment(zone, id string) (found fleet.Found, ok bool) {
	for _, h := range a.handlers {
		for i, facts := range h.site.View.Load().List {
			if facts.Name != zone {
				continue
			}
			if one := h.builds.all()[i].find(id); one != nil {
				found = fleet.Found{Upstreams: one.upstreams, BasePath: basePathOf(facts), Dev: facts.Dev}
				if one.build != nil {
					found.Build = one.build.Build
					found.BasePath = one.build.BasePath
				}
				return found, true
			}
		}
	}
	return found, false
}

// keptDeployments is how many deployments of each zone are kept that are not live, and for how long.
func (a *App) keptDeployments() map[string]fleet.Kept {
	kept := map[string]fleet.Kept{}
	for _, h := range a.handlers {
		for i, facts := range h.site.View.Load().List {
			if _, known := kept[facts.Name]; !known {
				kept[facts.Name] = fleet.Kept{Deployments: h.Zones[i].KeptDeployments(), MaxAge: h.Zones[i].DeploymentMaxAge()}
			}
		}
	}
	return kept
}
