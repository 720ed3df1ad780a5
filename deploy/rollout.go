package deploy

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// ConfigDeployment is the id of the deployment that the configuration names.
const ConfigDeployment = "config"

// Rollout says which deployments a zone has, and which of them is live: exactly one is. A zone without one is served by
// what its configuration names. It is never changed: a command makes another one.
type Rollout struct {
	// Deployments are in the order in which they were ordered, the newest first. That of the configuration is one of
	// them.
	Deployments []Ordered `json:"deployments"`
}

// Ordered is a deployment as it was ordered: one build of a zone, and what serves it.
type Ordered struct {
	ID string `json:"id"`
	// Upstreams are its addresses as they were written. None: those of the configuration.
	Upstreams []string `json:"upstreams,omitempty"`
	// Build is the directory of its build; "": it is not known, or the configuration names it.
	Build string `json:"build,omitempty"`
	// DeploymentID is what its Next.js says of itself (x-nextjs-deployment-id), and BuildID the id of its build; "": it
	// has none, or that is not known.
	DeploymentID string `json:"deployment_id,omitempty"`
	BuildID      string `json:"build_id,omitempty"`
	State        Stage  `json:"state"`
	// Since is when it came into this state.
	Since time.Time `json:"since"`
	// Until is how long one that is starting has for that.
	Until time.Time `json:"until,omitzero"`
}

// Stage is the state of a deployment.
type Stage uint8

// The states of a deployment, in their order.
const (
	StageStarting Stage = iota // it gets no requests until all of its upstreams are healthy
	StageLive                  // documents go to it
	StageDraining              // what belongs to a document of it goes to it
	StageRetired               // nothing does
	stages
)

var stageNames = [stages]string{"starting", "live", "draining", "retired"}

// String returns the name of the state.
func (s Stage) String() string { return stageNames[s] }

// MarshalText implements encoding.TextMarshaler.
func (s Stage) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Stage) UnmarshalText(text []byte) error {
	at := slices.Index(stageNames[:], string(text))
	if at < 0 {
		return fmt.Errorf("unknown state %q of a deployment", text)
	}
	*s = Stage(at) //nolint:gosec // it is below stages
	return nil
}

var (
	// ErrUnknownDeployment says that a zone has no deployment of an id.
	ErrUnknownDeployment = errors.New("the zone has no such deployment")
	// ErrDeploying says that a deploy of the zone has not ended.
	ErrDeploying = errors.New("another deploy of the zone has not ended")
	// ErrOtherUpstreams says that a deployment of the id has other upstreams, or another build.
	ErrOtherUpstreams = errors.New("a deployment of this id has other upstreams, or another build: take another id, or forget it first")
	// ErrLive says that what is live cannot be retired.
	ErrLive = errors.New("the deployment is live: make another one live first")
	// ErrRetired says that a deployment is retired, so nothing looks after its upstreams.
	ErrRetired = errors.New("the deployment is retired: deploy it again")
	// ErrStarting says that a deployment is not live yet, and may never be.
	ErrStarting = errors.New("the deployment is still starting")
	// ErrNoneBefore says that nothing can be gone back to.
	ErrNoneBefore = errors.New("no deployment that was live before is left")
	// ErrConfigDeployment says that the deployment of the configuration cannot be ordered or forgotten.
	ErrConfigDeployment = fmt.Errorf("%s is the deployment that the configuration names", ConfigDeployment)
)

// Deploying says that the deploy of a deployment has not ended (ErrDeploying).
func Deploying(id string) error { return fmt.Errorf("%w: that of %s", ErrDeploying, id) }

// Find returns the deployment of an id.
func (r *Rollout) Find(id string) (Ordered, bool) {
	if r == nil {
		return Ordered{}, false
	}
	if at := r.index(id); at >= 0 {
		return r.Deployments[at], true
	}
	return Ordered{}, false
}

// Live returns the id of the deployment that is live.
func (r *Rollout) Live() string {
	if r != nil {
		for _, ordered := range r.Deployments {
			if ordered.State == StageLive {
				return ordered.ID
			}
		}
	}
	return ConfigDeployment
}

// WithLive returns the rollout as it would be with another deployment live.
func (r *Rollout) WithLive(id string) *Rollout {
	if _, is := r.Find(id); !is {
		return r
	}
	changed := &Rollout{slices.Clone(r.Deployments)}
	changed.promote(id, time.Now())
	return changed
}

// CheckPromotable says why a deployment cannot be made live.
func (r *Rollout) CheckPromotable(id string) error {
	switch known, is := r.Find(id); {
	case !is:
		return ErrUnknownDeployment
	case known.State == StageRetired && id != ConfigDeployment:
		return ErrRetired
	}
	return nil
}

// Before returns the id of the deployment that a rollback makes live: while a deploy runs the one that is live, else
// the one that was live before it; false: none is left.
func (r *Rollout) Before() (id string, ok bool) {
	if len(r.latest(StageStarting)) > 0 {
		return r.Live(), true
	}
	if draining := r.latest(StageDraining); len(draining) > 0 {
		return draining[0].ID, true
	}
	return "", false
}

// latest returns the deployments in a state, those first that came into it last.
func (r *Rollout) latest(state Stage) (list []Ordered) {
	if r == nil {
		return nil
	}
	for _, ordered := range r.Deployments {
		if ordered.State == state {
			list = append(list, ordered)
		}
	}
	slices.SortStableFunc(list, func(a, b Ordered) int { return b.Since.Compare(a.Since) })
	return list
}

// WasOrdered reports whether operators have ordered deployments, and not all of them are forgotten. Otherwise there is
// nothing but what the configuration names, and the builds that it was before.
func (r *Rollout) WasOrdered() bool {
	return r != nil && slices.ContainsFunc(r.Deployments, func(d Ordered) bool { return len(d.Upstreams) > 0 })
}

// InUse returns the deployments that are not retired, the newest first.
func (r *Rollout) InUse() (list []Ordered) {
	if r == nil {
		return nil
	}
	for _, ordered := range r.Deployments {
		if ordered.State != StageRetired {
			list = append(list, ordered)
		}
	}
	return list
}

func (r *Rollout) index(id string) int {
	return slices.IndexFunc(r.Deployments, func(d Ordered) bool { return d.ID == id })
}

// Identity is what the deployment says of itself.
func (d Ordered) Identity() Identity { return Identity{d.DeploymentID, d.BuildID} }

// IsSame reports whether an order is for what a deployment is already.
func (d Ordered) IsSame(order Ordered) bool {
	return slices.Equal(d.Upstreams, order.Upstreams) && d.Build == order.Build
}

// become puts a deployment into a state.
func (d *Ordered) become(state Stage, now time.Time) {
	d.State, d.Since, d.Until = state, now, time.Time{}
}
