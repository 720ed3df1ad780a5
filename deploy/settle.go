package deploy

import (
	"cmp"
	"slices"
	"time"
)

// change puts a changed copy of an upstream in its place, and returns it. nil: the zone has none of the address.
func (z *Zone) change(address string) *Member {
	for i, member := range z.Deployment.Members {
		if member.String() == address {
			changed := *member
			z.Deployment.Members[i] = &changed
			return &changed
		}
	}
	return nil
}

// settle decides anew what each upstream of a zone is fit for, and in which order they are tried. Who becomes fit
// begins slowly.
func (z *Zone) settle(drains map[string]Drained, now time.Time) {
	for i, member := range z.Deployment.Members {
		state, why := member.decide(drains)
		if state == member.State && why == member.Why {
			continue
		}
		changed := *member
		changed.State, changed.Why = state, why
		if state != member.State {
			changed.Since = now
			if state == Healthy {
				changed.Ramp = now
			}
		}
		z.Deployment.Members[i] = &changed
	}
	z.arrange()
}

// decide says what an upstream is fit for, and why.
func (m *Member) decide(drains map[string]Drained) (Health, string) {
	drain, drained := drains[m.String()]
	switch {
	case drained && drain.Holder != "":
		return Draining, "taken out of rotation by " + drain.Holder
	case drained:
		return Draining, "taken out of rotation"
	case m.Gone:
		return Draining, "DNS names it no more"
	case m.checked == down:
		return Unhealthy, m.checkWhy
	case m.checked == pending:
		return Unhealthy, "not asked yet"
	case m.ejected:
		return Ejected, m.ejectWhy
	}
	return Healthy, ""
}

// arrange sorts the upstreams into the groups in which they are tried.
func (z *Zone) arrange() {
	var fit, unfit []*Member
	for _, member := range z.Deployment.Members {
		switch member.State {
		case Healthy:
			fit = append(fit, member)
		case Unhealthy, Ejected:
			unfit = append(unfit, member)
		case Draining:
		}
	}
	slices.SortStableFunc(fit, func(a, b *Member) int { return cmp.Compare(a.Priority, b.Priority) })
	z.groups, z.fit = nil, 0
	for len(fit) > 0 {
		same := 1
		for same < len(fit) && fit[same].Priority == fit[0].Priority {
			same++
		}
		z.groups, fit = append(z.groups, fit[:same:same]), fit[same:]
		z.fit++
	}
	if len(unfit) > 0 {
		z.groups = append(z.groups, unfit)
	}
	z.isDown = z.fit == 0 && !slices.ContainsFunc(unfit, z.answers)
	z.isHeld = z.Paused != nil || z.isDown && !slices.ContainsFunc(unfit, func(m *Member) bool { return m.checked == down && m.fault == Refuses })
}

// answers reports whether an upstream that is not fit answers all the same. As long as none of the zone has answered,
// an error means that the application is still starting.
func (z *Zone) answers(m *Member) bool {
	switch m.checked {
	case pending:
		return false
	case down:
		return m.fault == Errs && z.Answered
	case unchecked, up:
	}
	return m.fault == Errs
}
