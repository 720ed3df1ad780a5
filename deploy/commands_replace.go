package deploy

import (
	"cmp"
	"slices"
	"time"
)

// Replace notes that a deployment is another build from now on, at the same upstreams: its directory was built again,
// and its upstreams run that. What it was before is retired then, as a deployment that is named by its build. Builds
// that call themselves the same are not told apart.
type Replace struct {
	Zone, ID string
	// Before is what the build before calls itself, as far as that is not known of the deployment. "": nobody knows.
	// After is what the new one does.
	Before, After Identity
}

func (c Replace) zone() string { return c.Zone }

// Name is the id that a deployment has by itself: the deployment id of its build, else the build id. "": it has none.
func (i Identity) Name() string { return cmp.Or(i.DeploymentID, i.BuildID) }

func (c Replace) apply(s *State, now time.Time) (*State, error) {
	known, is := s.Rollouts[c.Zone].Find(c.ID)
	if !is && c.ID != ConfigDeployment {
		return s, ErrUnknownDeployment
	}
	before := known.Identity()
	if before == (Identity{}) {
		before = c.Before
	}
	if before == c.After || before == (Identity{}) {
		return s, nil
	}
	return s.change(c.Zone, func(r *Rollout) (*Rollout, error) {
		r.begin(now)
		r.replace(c.ID, before, c.After, now)
		return r.orNone(), nil
	})
}

// replace has a deployment be another build, and what it was before be retired.
func (r *Rollout) replace(id string, before, after Identity, now time.Time) {
	r.Deployments = slices.DeleteFunc(r.Deployments, func(d Ordered) bool { // it is back
		return d.State == StageRetired && d.ID == after.Name() && d.ID != id && d.ID != ConfigDeployment
	})
	one := &r.Deployments[r.index(id)]
	one.DeploymentID, one.BuildID = after.DeploymentID, after.BuildID
	if one.State == StageLive {
		one.Since = now
	}
	was := Ordered{
		ID: before.Name(), Upstreams: one.Upstreams, DeploymentID: before.DeploymentID, BuildID: before.BuildID,
		State: StageRetired, Since: now,
	}
	switch at := r.index(was.ID); {
	case at < 0:
	case r.Deployments[at].State != StageRetired || was.ID == ConfigDeployment:
		return // the name is another deployment's
	default:
		r.Deployments = slices.Delete(r.Deployments, at, at+1)
	}
	r.Deployments = slices.Insert(r.Deployments, r.index(id)+1, was)
}
