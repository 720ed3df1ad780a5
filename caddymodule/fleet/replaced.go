package fleet

import (
	"cmp"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/control"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// Replaced notes, and tells, that a deployment of a zone is another build from now on, at the same upstreams. before is
// nil where that is not known. A name that two applications have means neither. Sites need not follow: they serve the build already.
func (s *Deploys) Replaced(zone, id string, before, after *nextbuild.Build) {
	if !control.IsOneApplication(zone) {
		return // the builds of one are none of the other's
	}
	was := s.State().Rollouts[zone]
	old, _ := was.Find(id)
	name := cmp.Or(old.Identity().Name(), identityOf(before).Name())
	durable, err := s.Do(deploy.Replace{Zone: zone, ID: id, Before: identityOf(before), After: identityOf(after)})
	now := s.State().Rollouts[zone]
	if err != nil || now == was {
		return // it was forgotten meanwhile, or it is what it was
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return
	}
	s.done.Go(func() { // who hears of it may take long
		if now.Live() == id {
			s.tellLive(zone, id, name, durable)
		}
		if one, _ := now.Find(name); one.State == deploy.StageRetired {
			s.tellRetired(zone, name)
		}
	})
}

// identityOf is what a build calls itself; nil: nothing.
func identityOf(build *nextbuild.Build) deploy.Identity {
	if build == nil {
		return deploy.Identity{}
	}
	return deploy.Identity{DeploymentID: build.DeploymentID, BuildID: build.ID}
}
