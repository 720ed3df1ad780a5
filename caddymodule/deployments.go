package caddymodule

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/builds"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/files"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// followRollouts has the site be served by the deployments that operators have ordered, as the control plane knows them
// now. Only the zone of a name is looked at; "": all are. The error says what could not be set up: what can be is
// served.
func (h *Handler) followRollouts(zone string) error {
	h.following.Lock()
	defer h.following.Unlock()
	var errs []error
	for i := range h.Zones {
		name := h.site.View.Load().List[i].Name
		if zone != "" && zone != name || h.upstreams[i] == nil {
			continue
		}
		if err := h.followRollout(i, h.app.fleet.State().Rollouts[name]); err != nil {
			errs = append(errs, fmt.Errorf("zone %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// followRollout does so with one zone. h.following is held.
func (h *Handler) followRollout(i int, rollout *deploy.Rollout) error {
	before := h.builds.all()[i]
	if before.rollout == rollout {
		return nil
	}
	var ordered, joined []*deployment
	var errs []error
	for _, wanted := range rollout.InUse() {
		one := before.find(wanted.ID)
		if wanted.ID == deploy.ConfigDeployment {
			continue
		}
		if one == nil || !one.order.IsSame(wanted) {
			var err error
			if one, err = h.join(i, wanted); err != nil {
				errs = append(errs, fmt.Errorf("deployment %s: %w", wanted.ID, err))
				continue
			}
			joined = append(joined, one)
		}
		ordered = append(ordered, one)
	}
	if err := h.builds.follow(i, ordered, rollout); err != nil {
		return errors.Join(err, closeDeployments(joined))
	}
	gone := slices.DeleteFunc(slices.Clone(before.ordered), func(one *deployment) bool {
		return slices.ContainsFunc(ordered, func(other *deployment) bool { return other.upstreams == one.upstreams })
	})
	return errors.Join(append(errs, closeDeployments(gone))...)
}

// join has a deployment that was ordered be looked after, and reads its build.
func (h *Handler) join(i int, order deploy.Ordered) (*deployment, error) {
	settings, err := h.Zones[i].deploymentSettings(h.upstreams[i].ID(), order)
	if err != nil {
		return nil, err
	}
	one := &deployment{id: order.ID, order: order, upstreams: h.app.fleet.Join([]deploy.ZoneSettings{settings})[0]}
	if order.Build == "" {
		return one, nil
	}
	mayLack := order.State != deploy.StageStarting // a deployment that is used serves on without
	label := h.Zones[i].label() + " " + order.ID
	if one.builds, err = h.builds.subscribe(i, one, builds.Source{Build: order.Build}, label, mayLack); err != nil {
		one.upstreams.Leave()
		return nil, err
	}
	one.builds.Watch(time.Duration(h.Watch))
	return one.with(h.Zones[i].serve(one.builds.Begin())), nil
}

// deploymentSettings say what the control plane is to know of a deployment of the zone: the same as of the zone, but
// for its upstreams.
func (c ZoneConfig) deploymentSettings(zoneID string, order deploy.Ordered) (settings deploy.ZoneSettings, err error) {
	c.Upstreams = order.Upstreams
	if settings, err = c.zoneSettings(caddy.NewReplacer()); err != nil {
		return settings, err
	}
	settings.ID, settings.Deployment = zoneID+"#"+order.ID, order.ID
	return settings, nil
}

// follow has a zone be served by deployments, as a rollout says.
func (s *siteBuilds) follow(i int, ordered []*deployment, rollout *deploy.Rollout) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now[i]
	for at, one := range ordered { // some may have taken another build since
		if current := now.find(one.id); current != nil && current.upstreams == one.upstreams {
			ordered[at] = current
		}
	}
	return s.replace(i, served{config: now.config, ordered: ordered, rollout: rollout})
}

// checkLive says why a site has no place for a deployment of a zone as the one that is live.
func (h *Handler) checkLive(zone, id string) error {
	h.following.Lock()
	defer h.following.Unlock()
	h.builds.mu.Lock()
	defer h.builds.mu.Unlock()
	before := h.site.View.Load()
	i := slices.IndexFunc(before.List, func(facts *edge.Zone) bool { return facts.Name == zone })
	if i < 0 || h.upstreams[i] == nil {
		return nil
	}
	now := slices.Clone(h.builds.now)
	now[i].rollout = now[i].rollout.WithLive(id)
	if one := now[i].live(); one.id != id {
		return fmt.Errorf("deployment %s could not be set up", id)
	}
	v, err := h.newView(now, before, h.builds.now)
	if err != nil {
		return err
	}
	defer closeView(v, before)
	if name := v.List[i].Name; name != zone {
		return fmt.Errorf("its build is that of a zone %s, by its basePath", name)
	}
	return nil
}

// newPins prepares which deployment of a zone a request belongs to. list has the zone as each of them serves it.
func (h *Handler) newPins(at int, now served, list []*edge.Zone) *edge.Deployments {
	targets := make([]deploy.PinTarget, len(list))
	for i, facts := range list {
		ordered, _ := now.rollout.Find(facts.DeployedAs)
		target := &targets[i]
		*target = deploy.PinTarget{
			ID: facts.DeployedAs, DeploymentID: ordered.DeploymentID, BuildID: ordered.BuildID, Live: facts.IsLive,
		}
		if build := facts.Build; build != nil {
			target.DeploymentID, target.BuildID, target.Actions = build.DeploymentID, build.ID, build.Actions
			if set := files.Slot.Of(facts).Set; set != nil {
				target.HasFile = set.Has
			}
		}
	}
	h.warnOfKeys(now.live(), list)
	all := &edge.Deployments{List: list, Pins: deploy.NewPins(targets), Pinned: edge.PinCountersOf(list[0].Name)}
	all.Cookie, all.CookieOnAll = h.Zones[at].PinCookieOf(list[0].Name)
	return all
}

// warnOfKeys says which deployments encrypt what is bound to server actions with another key than the live one, once
// for each: pages of one can call no action of the other.
func (h *Handler) warnOfKeys(live *deployment, list []*edge.Zone) {
	if live.build == nil {
		return
	}
	for _, facts := range list {
		if facts.Build == nil || live.build.SharesActionsKey(facts.Build) || !edge.LogLimitOf(facts.Name, "actions key "+facts.Build.Hash).Once() {
			continue
		}
		h.logger.Warn("two deployments of the zone encrypt server actions with different keys: "+
			"when the older one is gone, what its pages call is not found",
			zap.String("zone", facts.Name), zap.String("deployment", facts.DeployedAs), zap.String("live", live.id),
			zap.String("remedy", "set one NEXT_SERVER_ACTIONS_ENCRYPTION_KEY at each `next build`"))
	}
}

// noteBuilds has the control plane know of directories that were built again while no edge ran.
func (h *Handler) noteBuilds() {
	for i, zone := range h.builds.all() {
		for _, one := range zone.all() {
			h.noteReplaced(i, one.id, nil, one.build)
		}
	}
}

// noteReplaced has the control plane know that a deployment of a zone is another build now.
func (h *Handler) noteReplaced(i int, id string, before, after *build) {
	if after == nil || after.export != nil {
		return
	}
	var was *nextbuild.Build
	if before != nil {
		was = before.Build
	}
	h.app.fleet.Replaced(h.site.View.Load().List[i].Name, id, was, after.Build)
}

// liveUpstreams returns what tells the upstreams of the deployment of a zone that is live.
func (h *Handler) liveUpstreams(i int) func() *deploy.Rotation {
	return func() *deploy.Rotation { return h.builds.all()[i].live().upstreams }
}
