package deploy

import (
	"slices"
	"time"
)

// Found says which upstreams a name leads to now. Those that it led to before are drained, unless another name of the
// zone leads to them, and leave by Emptied.
type Found struct {
	ID     string
	Source int // its place in Zone.Sources
	// Targets are distinct.
	Targets []Target
	// Checked says that upstreams are asked whether they are fit, before they are.
	Checked bool
}

// Target is what a name leads to.
type Target struct {
	*Upstream
	Priority uint16
	// Host is that of a service, as its record names it; "" without one.
	Host string
}

func (c Found) apply(s *State, now time.Time) (*State, error) {
	next, zone := s.zoneOf(c.ID)
	if zone == nil {
		return s, nil // it has ended meanwhile
	}
	if before := zone.found[c.Source]; before != nil && slices.Equal(before, c.Targets) {
		return s, nil
	}
	zone.found = slices.Clone(zone.found)
	zone.found[c.Source] = append([]Target{}, c.Targets...)
	zone.follow(s.siblings(zone), c.Checked, now)
	zone.settle(next.Drains, now)
	next.forgetDrains(now)
	return next, nil
}

// follow gives a zone the upstreams that its sources lead to. Those that none leads to any more stay, as gone.
func (z *Zone) follow(siblings []*Zone, isChecked bool, now time.Time) {
	type place struct {
		source   int
		priority uint16
	}
	places := map[*Upstream]place{}
	for i, targets := range z.found {
		for _, target := range targets {
			if _, already := places[target.Upstream]; already {
				continue // the first source that leads to it has it
			}
			places[target.Upstream] = place{i, target.Priority}
			if z.memberOf(target.Upstream) == nil {
				member := newMember(siblings, target.Upstream, isChecked, now)
				member.Source, member.Priority = i, target.Priority
				z.Deployment.Members = append(z.Deployment.Members, member)
			}
		}
	}
	for i, member := range z.Deployment.Members {
		at, there := places[member.Upstream]
		if !there {
			at = place{member.Source, member.Priority}
		}
		if member.Gone == !there && member.Source == at.source && member.Priority == at.priority {
			continue
		}
		changed := *member
		changed.Gone, changed.Source, changed.Priority = !there, at.source, at.priority
		z.Deployment.Members[i] = &changed
	}
}

// newMember returns an upstream that a zone has not had. What its siblings know of it holds.
func newMember(siblings []*Zone, upstream *Upstream, isChecked bool, now time.Time) *Member {
	for _, zone := range siblings {
		if known := zone.memberOf(upstream); known != nil && !known.Gone {
			inherited := *known
			return &inherited
		}
	}
	member := &Member{Upstream: upstream, Since: now, Ramp: now}
	if isChecked {
		member.checked = pending
		member.State, member.Why = Unhealthy, "not asked yet"
	}
	return member
}

// Emptied says that an upstream that its name leads to no more has nothing in flight. It leaves the zone.
type Emptied struct{ ID, Address string }

func (c Emptied) apply(s *State, _ time.Time) (*State, error) {
	next, zone := s.zoneOf(c.ID)
	if zone == nil {
		return s, nil
	}
	member := zone.Find(c.Address)
	if member == nil || !member.Gone {
		return s, nil
	}
	zone.Deployment.Members = slices.DeleteFunc(zone.Deployment.Members, func(m *Member) bool { return m == member })
	return next, nil
}
