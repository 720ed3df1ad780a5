package caddymodule

import (
	"cmp"
	"errors"
	"slices"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/builds"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// served is what a zone of a site is served from: its deployments, one of which is live. It is never changed.
type served struct {
	config  *deployment   // what the configuration names
	ordered []*deployment // what operators have ordered
	// rollout says what of them is for what; nil: nothing was ordered.
	rollout *deploy.Rollout
}

// deployment is one deployment of a zone of a site. It is never changed.
type deployment struct {
	id        string
	upstreams *deploy.Rotation     // nil: it is an export
	builds    *builds.Subscription // nil: its build is not known
	build     *build               // nil likewise, or it is missing
	order     deploy.Ordered       // the zero value for that of the configuration
}

// with returns the deployment with another build.
func (d *deployment) with(read *build) *deployment {
	changed := *d
	changed.build = read
	return &changed
}

// close gives back what a deployment that was ordered has.
func (d *deployment) close() error {
	err := d.builds.Close()
	d.upstreams.Leave()
	return err
}

// all returns the deployments, that of the configuration first.
func (s served) all() []*deployment { return append([]*deployment{s.config}, s.ordered...) }

// find returns the deployment of an id; nil: there is none.
func (s served) find(id string) *deployment {
	for _, one := range s.all() {
		if one.id == id {
			return one
		}
	}
	return nil
}

// live returns the deployment that documents go to. One that could not be set up has that of the configuration stand
// in.
func (s served) live() *deployment {
	if one := s.find(s.rollout.Live()); one != nil {
		return one
	}
	return s.config
}

// inUse returns the deployments that requests may go to, the newest first.
func (s served) inUse() (list []*deployment) {
	if s.rollout == nil {
		return []*deployment{s.config}
	}
	for _, ordered := range s.rollout.InUse() {
		if one := s.find(ordered.ID); one != nil && ordered.State != deploy.StageStarting {
			list = append(list, one)
		}
	}
	if live := s.live(); !slices.Contains(list, live) {
		list = append(list, live)
	}
	return list
}

// saysOf returns what the application of a deployment says of itself: what Next.js says in x-nextjs-deployment-id, else
// the id of its build. "": that is not known.
func (s served) saysOf(one *deployment) string {
	if one.build != nil && one.build.Build != nil {
		return cmp.Or(one.build.DeploymentID, one.build.ID)
	}
	ordered, _ := s.rollout.Find(one.id)
	return cmp.Or(ordered.DeploymentID, ordered.BuildID)
}

// withBuild returns the same with another build of one deployment.
func (s served) withBuild(id string, read *build) served {
	if id == s.config.id {
		s.config = s.config.with(read)
		return s
	}
	s.ordered = slices.Clone(s.ordered)
	for i, one := range s.ordered {
		if one.id == id {
			s.ordered[i] = one.with(read)
		}
	}
	return s
}

// closeDeployments gives back what deployments have.
func closeDeployments(list []*deployment) error {
	var errs []error
	for _, one := range list {
		errs = append(errs, one.close())
	}
	return errors.Join(errs...)
}
