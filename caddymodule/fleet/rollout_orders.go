package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/control"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// rolloutOrder is an order about a deployment that is known. It reports whether what it has done is kept.
type rolloutOrder func(ctx context.Context, s *Deploys, order report.RolloutOrder) (durable bool, err error)

// rolloutRoute is where such an order is taken.
func rolloutRoute(name string, carryOut rolloutOrder) control.Route {
	return control.Order(name, control.ScopeDeploy, func(w http.ResponseWriter, r *http.Request, caller control.Caller, _ *zap.Logger) error {
		return serveRollout(w, r, caller, carryOut)
	})
}

// DeployRoutes take orders about deployments.
func DeployRoutes() []control.Route {
	return []control.Route{
		control.Put(report.DeploymentPattern, control.ScopeDeploy, func(w http.ResponseWriter, r *http.Request, caller control.Caller, _ *zap.Logger) error {
			return serveDeploy(w, r, caller)
		}),
		rolloutRoute(report.RollbackRoute, rollback), rolloutRoute(report.PromoteRoute, promote),
		rolloutRoute(report.RetireRoute, retire), rolloutRoute(report.ForgetRoute, forget),
	}
}

// serveRollout carries out such an order.
func serveRollout(w http.ResponseWriter, r *http.Request, caller control.Caller, carryOut rolloutOrder) error {
	var order report.RolloutOrder
	s, err := readDeployOrder(w, r, &order)
	if err != nil {
		return err
	}
	if order.Zone, err = zoneMeant(order.Zone, caller); err != nil {
		return err
	}
	durable, err := carryOut(r.Context(), s, order)
	if _, isAnswer := errors.AsType[caddy.APIError](err); isAnswer {
		return err
	}
	if err != nil {
		return control.Error(http.StatusConflict, fmt.Errorf("zone %s: %w", order.Zone, err))
	}
	rollout := s.State().Rollouts[order.Zone]
	answer := report.Rollout{Zone: order.Zone, Live: rollout.Live(), Deployments: []report.Deployment{}, Durable: durable}
	if rollout != nil {
		for _, one := range rollout.Deployments {
			answer.Deployments = append(answer.Deployments, deploymentOf(one))
		}
	}
	return control.AnswerJSON(w, http.StatusOK, answer)
}

// rollback makes live what was before, or another deployment that is named.
func rollback(_ context.Context, s *Deploys, order report.RolloutOrder) (bool, error) {
	id, ok := s.State().Rollouts[order.Zone].Before()
	if order.Deployment != "" {
		id, ok = order.Deployment, true
	}
	if !ok {
		return false, deploy.ErrNoneBefore
	}
	return s.switchTo(order.Zone, id)
}

// promote makes a deployment live.
func promote(_ context.Context, s *Deploys, order report.RolloutOrder) (bool, error) {
	return s.switchTo(order.Zone, order.Deployment)
}

// defaultRetireWait is how long it is waited until nothing is in flight to a deployment that is retired.
const defaultRetireWait = 30 * time.Second

// retire ends a deployment, and waits until nothing is in flight to it, unless that is not wanted.
func retire(ctx context.Context, s *Deploys, order report.RolloutOrder) (bool, error) {
	wait, err := durationOf("wait", order.Wait)
	if err != nil {
		return false, err
	}
	before := s.State().Rollouts[order.Zone]
	upstreams := s.upstreamsOf(order.Zone, order.Deployment)
	durable, err := s.Do(deploy.Retire{Zone: order.Zone, ID: order.Deployment})
	if err != nil {
		return false, err //nolint:wrapcheck // it says all there is to say
	}
	s.leaveRetired(order.Zone, before)
	if !order.Now {
		s.waitUntilLeft(ctx, upstreams, cmp.Or(wait, defaultRetireWait))
	}
	return durable, nil
}

// forget removes a deployment.
func forget(_ context.Context, s *Deploys, order report.RolloutOrder) (bool, error) {
	durable, err := s.Do(deploy.Forget{Zone: order.Zone, ID: order.Deployment})
	if err != nil {
		return false, err //nolint:wrapcheck // it says all there is to say
	}
	err = follow(order.Zone)
	edge.ForgetDeployment(order.Zone, order.Deployment)
	return durable, err
}

// waitUntilLeft returns when nothing is in flight to upstreams that no zone has any more, or when the time is over.
func (s *Deploys) waitUntilLeft(ctx context.Context, upstreams []*deploy.Upstream, wait time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	ticker := time.NewTicker(orderStep)
	defer ticker.Stop()
	for {
		var inFlight int64
		for _, upstream := range upstreams {
			if !s.IsKnown(upstream) { // others may have it, too
				inFlight += upstream.InFlight()
			}
		}
		if inFlight == 0 {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
