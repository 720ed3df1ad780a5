package fleet

import (
	"context"
	"fmt"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// describe notes what the applications of a deployment and of the one that is live say of themselves, so that it is
// known which requests belong to them. The error says that the deployment runs another build than the one that was
// named.
func (s *Deploys) describe(ctx context.Context, zone, id string) error {
	for _, of := range []string{s.State().Rollouts[zone].Live(), id} {
		said, err := s.identify(ctx, zone, of)
		if err != nil && of == id {
			return err
		}
		if said == (deploy.Identity{}) {
			continue
		}
		_, _ = s.Do(deploy.Describe{Zone: zone, ID: of, DeploymentID: said.DeploymentID, BuildID: said.BuildID}) // it is there
	}
	return nil
}

// identify returns what an upstream of a deployment says of itself, or its build. The error says that these differ.
func (s *Deploys) identify(ctx context.Context, zone, id string) (deploy.Identity, error) {
	on := sites.Load()
	if on == nil {
		return deploy.Identity{}, errNobodyHas
	}
	found, ok := on.Find(zone, id)
	if !ok {
		return deploy.Identity{}, errNobodyHas
	}
	for _, upstream := range found.Upstreams.Upstreams() {
		limited, cancel := context.WithTimeout(ctx, identifyTimeout)
		said, err := found.Upstreams.Identify(limited, upstream, found.BasePath)
		cancel()
		if err != nil {
			continue // others may answer
		}
		if found.Build == nil {
			return said, nil
		}
		return deploy.Identity{DeploymentID: found.Build.DeploymentID, BuildID: found.Build.ID}, differs(found, said, upstream)
	}
	return deploy.Identity{}, nil
}

// differs says that an upstream runs another build than the one that is named for it: pages would be loaded again and
// again, as each payload names another one than its document (vercel/next.js#98078).
func differs(found Found, said deploy.Identity, upstream *deploy.Upstream) error {
	build := found.Build
	switch {
	case said.DeploymentID != "" && said.DeploymentID != build.DeploymentID:
		return fmt.Errorf("the build in %s has the deployment id %q, and what runs at %s says %q: build and start with one "+
			"NEXT_DEPLOYMENT_ID, and name the build that runs", build.Dir, build.DeploymentID, upstream, said.DeploymentID)
	case said.DeploymentID == "" && said.BuildID != "" && build.DeploymentID == "" && said.BuildID != build.ID:
		return fmt.Errorf("the build in %s is %s, and what runs at %s is %s: name the build that runs", build.Dir, build.ID, upstream, said.BuildID)
	}
	return nil
}

// upstreamsOf are those of a deployment.
func (s *Deploys) upstreamsOf(zone, id string) (list []*deploy.Upstream) {
	if on := sites.Load(); on != nil {
		if found, ok := on.Find(zone, id); ok {
			for _, member := range found.Upstreams.Zone().Deployment.Members {
				list = append(list, member.Upstream)
			}
		}
	}
	return list
}
