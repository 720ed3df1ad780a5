package fleet

import (
	"time"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// retireEvery is how often it is looked whether something is not to be kept any longer.
const retireEvery = time.Second

// retireOld retires what is not to be kept any longer, until the control plane ends.
func (s *Deploys) retireOld() {
	ticker := time.NewTicker(retireEvery)
	defer ticker.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-ticker.C:
		}
		on := sites.Load()
		if on == nil || len(s.State().Rollouts) == 0 {
			continue
		}
		for zone, kept := range on.Kept() {
			before := s.State().Rollouts[zone]
			_, _ = s.Do(deploy.RetireOld{Zone: zone, Keep: kept.Deployments, MaxAge: kept.MaxAge}) // it is never refused
			s.leaveRetired(zone, before)
		}
	}
}

// leaveRetired has nothing go any more to the deployments of a zone that are retired and were not before, and tells of
// them.
func (s *Deploys) leaveRetired(zone string, before *deploy.Rollout) {
	after := s.State().Rollouts[zone]
	if after == before {
		return
	}
	for _, was := range before.InUse() {
		if now, is := after.Find(was.ID); is && now.State == deploy.StageRetired {
			s.drainStreams(zone, was.ID)
		}
	}
	if err := follow(zone); err != nil {
		s.log.Load().Error("a deployment is retired, but not everywhere", zap.String("zone", zone), zap.Error(err))
	}
	for _, was := range before.InUse() {
		if now, is := after.Find(was.ID); is && now.State == deploy.StageRetired {
			s.tellRetired(zone, was.ID)
			edge.ForgetDeployment(zone, was.ID)
		}
	}
}

// tellRetired tells that a deployment is retired.
func (s *Deploys) tellRetired(zone, id string) {
	s.log.Load().Info("a deployment is retired", zap.String("event", string(EventRetired)),
		zap.String("zone", zone), zap.String("deployment", id))
	s.emitDeployment(EventRetired, zone, id)
}

// drainStreams has the streams of a deployment that is retired end, but for those of upstreams that something else has.
func (s *Deploys) drainStreams(zone, id string) {
	on := sites.Load()
	if on == nil {
		return
	}
	for _, upstream := range s.upstreamsOf(zone, id) {
		isUsed := false
		for _, other := range s.State().Zones {
			isIts := other.Name == zone && other.Deployment.ID == id
			isUsed = isUsed || !isIts && other.Find(upstream.String()) != nil
		}
		if !isUsed {
			on.DrainStreams(upstream)
		}
	}
}
