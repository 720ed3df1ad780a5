package deploy

import (
	"maps"
	"slices"
	"time"
)

// State is what the control plane knows at one moment: the zones, what answers for them, and what of that is fit to.
// It is never changed: a command makes another one.
type State struct {
	// Number is that of the last command.
	Number uint64
	// Zones by their ids.
	Zones map[string]*Zone
	// Drains are what an operator has taken out of rotation, by address (Address.String).
	Drains map[string]Drained
	// Rollouts are the deployments that operators have ordered, by the zone's name.
	Rollouts map[string]*Rollout
}

// Drained says since when an operator has an upstream out of rotation.
type Drained struct {
	Since time.Time `json:"since"`
	// Durable says that it holds after a restart, too. What DNS has told is not kept, for addresses are used again.
	Durable bool `json:"durable"`
	// Holder is who has it out as a lease, and Until when that ends. "": an operator has drained it, until Undrain.
	Holder string    `json:"-"`
	Until  time.Time `json:"-"`
}

// Zone is an application and what answers for one deployment of it.
type Zone struct {
	// ID is the zone's name and its configuration as written: zones of two sites that are alike in both are one. The id
	// of a deployment that was ordered follows.
	ID   string
	Name string
	// Sources are where its upstreams come from, as the configuration lists them.
	Sources []Source
	// Deployment is what serves.
	Deployment Deployment
	// Answered says that one of its upstreams has answered once.
	Answered bool
	// Paused says that its requests wait. nil: they do not.
	Paused *Paused

	users int // how many have joined and not left
	// found is what each source leads to, by its place in Sources; nil: it is not known yet.
	found [][]Target
	// groups are the upstreams in the order in which they are tried: those that are fit, of the lowest priority first,
	// then those that are not. None is in it that is drained.
	groups [][]*Member
	// fit is how many groups are of upstreams that are fit.
	fit int
	// isDown says that nothing of it answers, as far as is known. isHeld says that requests wait before they are sent:
	// it is paused, or down, and none refuses connections, which may be tried at little cost.
	isDown, isHeld bool
}

// Paused says since when the requests of a zone wait, and until when at most.
type Paused struct{ Since, Until time.Time }

// Deployment is one build of a zone, serving.
type Deployment struct {
	// ID is "config" for what the configuration names.
	ID      string
	Members []*Member
}

// Health is what an upstream is fit for.
type Health uint8

// The states of an upstream.
const (
	Healthy   Health = iota // it gets requests
	Unhealthy               // it does not answer; it gets requests only where no other one is fit
	Ejected                 // its answers are bad; likewise, for a while
	Draining                // it gets no new requests
)

// HealthStates is the number of states.
const HealthStates = 4

// String returns the name of the state.
func (h Health) String() string {
	return [HealthStates]string{"healthy", "unhealthy", "ejected", "draining"}[h]
}

// Member is an upstream of a zone, and what is decided about it there. It is never changed.
type Member struct {
	*Upstream
	// Source is the place of where it comes from in Zone.Sources.
	Source int
	// Priority is that of its SRV record, 0 without one. Lower ones come first.
	Priority uint16
	// State is what it is fit for, Why the reason ("" where it is healthy), and Since when that began.
	State Health
	Why   string
	Since time.Time
	// Until is when an ejection may end.
	Until time.Time
	// Ramp is when it has begun to get requests, at first or again.
	Ramp time.Time
	// Gone says that its name does not lead to it any more.
	Gone bool

	checked   checked
	checkWhy  string
	fault     Fault // of one that is down, or else ejected
	ejected   bool
	ejectWhy  string
	ejections int // in a row; each lasts twice as long
}

// checked is what is known of whether an upstream answers.
type checked uint8

const (
	unchecked checked = iota // nobody asks
	pending                  // it was not asked yet
	up
	down
)

// Fault is what is wrong with an upstream that is not fit.
type Fault uint8

// The faults.
const (
	Errs    Fault = iota // it answers, but badly
	Silent               // it takes connections, and does not answer
	Refuses              // it takes no connections
)

// Find returns the upstream of an address in the zone, nil if it has none.
func (z *Zone) Find(address string) *Member {
	at := slices.IndexFunc(z.Deployment.Members, func(m *Member) bool { return m.String() == address })
	if at < 0 {
		return nil
	}
	return z.Deployment.Members[at]
}

// memberOf returns an upstream as a member of the zone, nil if it is none.
func (z *Zone) memberOf(u *Upstream) *Member {
	at := slices.IndexFunc(z.Deployment.Members, func(m *Member) bool { return m.Upstream == u })
	if at < 0 {
		return nil
	}
	return z.Deployment.Members[at]
}

// without returns the upstreams of the zone, nil for none, that another one has not.
func (z *Zone) without(other *Zone) (upstreams []*Upstream) {
	if z == nil || z == other {
		return nil
	}
	for _, member := range z.Deployment.Members {
		if other == nil || other.memberOf(member.Upstream) == nil {
			upstreams = append(upstreams, member.Upstream)
		}
	}
	return upstreams
}

// IsDown reports whether no upstream of the zone answers, as far as is known.
func (z *Zone) IsDown() bool { return z.isDown }

// IsServed reports whether an upstream of the zone is fit to answer.
func (z *Zone) IsServed() bool { return z.fit > 0 }

// zoneOf returns a copy of a zone for a command to change, in a copy of the state. nil: there is no such zone.
func (s *State) zoneOf(id string) (*State, *Zone) {
	zone := s.Zones[id]
	if zone == nil {
		return s, nil
	}
	next, changed := s.copy(), zone.copy()
	next.Zones[id] = changed
	return next, changed
}

// copy returns a copy of a zone for a command to change.
func (z *Zone) copy() *Zone {
	changed := *z
	changed.Deployment.Members = slices.Clone(z.Deployment.Members)
	return &changed
}

func (s *State) copy() *State {
	next := *s
	next.Zones, next.Drains, next.Rollouts = maps.Clone(s.Zones), maps.Clone(s.Drains), maps.Clone(s.Rollouts)
	if next.Zones == nil {
		next.Zones = map[string]*Zone{}
	}
	if next.Drains == nil {
		next.Drains = map[string]Drained{}
	}
	if next.Rollouts == nil {
		next.Rollouts = map[string]*Rollout{}
	}
	return &next
}
