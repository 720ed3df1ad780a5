package deploy

import (
	"slices"
	"time"
)

// Deploy orders a deployment of a zone: it is starting then, until Promote makes it live, or Retire ends it. An order
// for one that is there already changes nothing.
type Deploy struct {
	Zone string
	Ordered
}

// Describe notes what the application of a deployment says of itself.
type Describe struct{ Zone, ID, DeploymentID, BuildID string }

// Promote makes a deployment live, in the place of the one that is. Another one that is starting is given up.
type Promote struct{ Zone, ID string }

// Retire ends a deployment that is not live: nothing goes to it any more. One that is starting is forgotten.
type Retire struct{ Zone, ID string }

// Forget removes a deployment. Where it is live that of the configuration is live again.
type Forget struct{ Zone, ID string }

// RetireOld retires what was live before: all but the newest few, and those whose time is over.
type RetireOld struct {
	Zone string
	// Keep is how many are kept, MaxAge for how long after they were live; 0 of either: no limit.
	Keep   int
	MaxAge time.Duration
}

// rolloutCommand is a command about the deployments of a zone.
type rolloutCommand interface{ zone() string }

func (c Deploy) zone() string    { return c.Zone }
func (c Describe) zone() string  { return c.Zone }
func (c Promote) zone() string   { return c.Zone }
func (c Retire) zone() string    { return c.Zone }
func (c Forget) zone() string    { return c.Zone }
func (c RetireOld) zone() string { return c.Zone }

// maxRetired bounds how many deployments that are retired are remembered.
const maxRetired = 20

// change returns the state with another rollout of a zone: a copy that a function has changed. nil of it: there is no
// rollout any more.
func (s *State) change(zone string, with func(r *Rollout) (*Rollout, error)) (*State, error) {
	before := s.Rollouts[zone]
	changed := new(Rollout)
	if before != nil {
		changed.Deployments = slices.Clone(before.Deployments)
	}
	after, err := with(changed)
	if err != nil {
		return s, err
	}
	next := s.copy()
	if after == nil {
		delete(next.Rollouts, zone)
	} else {
		next.Rollouts[zone] = after
	}
	return next, nil
}

func (c Deploy) apply(s *State, now time.Time) (*State, error) {
	if c.ID == ConfigDeployment {
		return s, ErrConfigDeployment
	}
	if known, is := s.Rollouts[c.Zone].Find(c.ID); is && known.IsSame(c.Ordered) && known.State != StageRetired {
		return s, nil
	}
	return s.change(c.Zone, func(r *Rollout) (*Rollout, error) {
		r.begin(now)
		at := r.index(c.ID)
		starting := r.latest(StageStarting)
		switch {
		case len(starting) > 0:
			return nil, Deploying(starting[0].ID)
		case at >= 0 && r.Deployments[at].State != StageRetired && !r.Deployments[at].IsSame(c.Ordered):
			return nil, ErrOtherUpstreams
		case at >= 0:
			r.Deployments = slices.Delete(r.Deployments, at, at+1)
		}
		ordered := c.Ordered
		ordered.State, ordered.Since = StageStarting, now
		r.Deployments = slices.Insert(r.Deployments, 0, ordered)
		return r, nil
	})
}

func (c Describe) apply(s *State, _ time.Time) (*State, error) {
	known, is := s.Rollouts[c.Zone].Find(c.ID)
	switch {
	case !is:
		return s, ErrUnknownDeployment
	case known.DeploymentID == c.DeploymentID && known.BuildID == c.BuildID:
		return s, nil
	}
	return s.change(c.Zone, func(r *Rollout) (*Rollout, error) {
		described := &r.Deployments[r.index(c.ID)]
		described.DeploymentID, described.BuildID = c.DeploymentID, c.BuildID
		return r, nil
	})
}

func (c Promote) apply(s *State, now time.Time) (*State, error) {
	before := s.Rollouts[c.Zone]
	if err := before.CheckPromotable(c.ID); err != nil {
		return s, err
	}
	if before.Live() == c.ID && len(before.latest(StageStarting)) == 0 {
		return s, nil
	}
	return s.change(c.Zone, func(r *Rollout) (*Rollout, error) {
		r.promote(c.ID, now)
		r.Deployments = slices.DeleteFunc(r.Deployments, func(d Ordered) bool { return d.State == StageStarting })
		return r.orNone(), nil
	})
}

// promote makes a deployment live, in the place of the one that is.
func (r *Rollout) promote(id string, now time.Time) {
	for i := range r.Deployments {
		switch ordered := &r.Deployments[i]; {
		case ordered.ID != id && ordered.State == StageLive:
			ordered.become(StageDraining, now)
		case ordered.ID == id && ordered.State != StageLive:
			ordered.become(StageLive, now)
		}
	}
}

func (c Retire) apply(s *State, now time.Time) (*State, error) {
	known, is := s.Rollouts[c.Zone].Find(c.ID)
	switch {
	case !is:
		return s, ErrUnknownDeployment
	case known.State == StageLive:
		return s, ErrLive
	case known.State == StageRetired:
		return s, nil
	}
	return s.change(c.Zone, func(r *Rollout) (*Rollout, error) {
		at := r.index(c.ID)
		if r.Deployments[at].State == StageStarting {
			r.Deployments = slices.Delete(r.Deployments, at, at+1)
			return r.orNone(), nil
		}
		r.Deployments[at].become(StageRetired, now)
		return r, nil
	})
}

func (c Forget) apply(s *State, now time.Time) (*State, error) {
	known, is := s.Rollouts[c.Zone].Find(c.ID)
	switch {
	case c.ID == ConfigDeployment:
		return s, ErrConfigDeployment
	case !is:
		return s, ErrUnknownDeployment
	case known.State == StageStarting:
		return s, ErrStarting
	}
	return s.change(c.Zone, func(r *Rollout) (*Rollout, error) {
		if known.State == StageLive {
			r.promote(ConfigDeployment, now)
		}
		r.Deployments = slices.DeleteFunc(r.Deployments, func(d Ordered) bool { return d.ID == c.ID })
		return r.orNone(), nil
	})
}

func (c RetireOld) apply(s *State, now time.Time) (*State, error) {
	old := s.Rollouts[c.Zone].old(c.Keep, c.MaxAge, now)
	if len(old) == 0 && len(s.Rollouts[c.Zone].latest(StageRetired)) <= maxRetired {
		return s, nil
	}
	return s.change(c.Zone, func(r *Rollout) (*Rollout, error) {
		for _, id := range old {
			r.Deployments[r.index(id)].become(StageRetired, now)
		}
		for i, retired := range r.latest(StageRetired) {
			if i >= maxRetired && retired.ID != ConfigDeployment {
				at := r.index(retired.ID)
				r.Deployments = slices.Delete(r.Deployments, at, at+1)
			}
		}
		return r, nil
	})
}

// old returns the ids of what is no longer kept of what was live.
func (r *Rollout) old(keep int, maxAge time.Duration, now time.Time) (ids []string) {
	for i, ordered := range r.latest(StageDraining) {
		if keep > 0 && i >= keep || maxAge > 0 && now.Sub(ordered.Since) >= maxAge {
			ids = append(ids, ordered.ID)
		}
	}
	return ids
}

// begin has the deployment of the configuration be there.
func (r *Rollout) begin(now time.Time) {
	if len(r.Deployments) == 0 {
		r.Deployments = []Ordered{{ID: ConfigDeployment, State: StageLive, Since: now}}
	}
}

// orNone returns nil for a rollout that has nothing but the deployment of the configuration.
func (r *Rollout) orNone() *Rollout {
	if len(r.Deployments) == 1 && r.Deployments[0].ID == ConfigDeployment {
		return nil
	}
	return r
}
