package deploy

import (
	"errors"
	"time"
)

// Check says whether an upstream answers. It is certain, so any number of them may be down at once.
type Check struct {
	ID, Address string
	Up          bool
	// Why and Fault are of one that is not.
	Why   string
	Fault Fault
}

func (c Check) apply(s *State, now time.Time) (*State, error) {
	next, zone := s.zoneOf(c.ID)
	if zone == nil {
		return s, nil
	}
	before := zone.Find(c.Address)
	want, why, fault := up, "", before.faultIfEjected()
	if !c.Up {
		want, why, fault = down, c.Why, c.Fault
	}
	answered := c.Up && !zone.Answered
	if before == nil || before.checked == want && before.checkWhy == why && before.fault == fault && !answered {
		return s, nil
	}
	member := zone.change(c.Address)
	member.checked, member.checkWhy, member.fault = want, why, fault
	if c.Up {
		zone.Answered = true
	}
	zone.settle(next.Drains, now)
	return next, nil
}

// Unwatch says that nobody asks whether the upstreams of a zone are fit any more.
type Unwatch struct{ ID string }

func (c Unwatch) apply(s *State, now time.Time) (*State, error) {
	next, zone := s.zoneOf(c.ID)
	if zone == nil {
		return s, nil
	}
	changed := false
	for i, member := range zone.Deployment.Members {
		if member.checked == pending {
			known := *member
			known.checked, zone.Deployment.Members[i], changed = unchecked, &known, true
		}
	}
	if !changed {
		return s, nil
	}
	zone.settle(next.Drains, now)
	return next, nil
}

// Answered says that an upstream of a zone has answered, which is noted once.
type Answered struct{ ID string }

func (c Answered) apply(s *State, _ time.Time) (*State, error) {
	if zone := s.Zones[c.ID]; zone == nil || zone.Answered {
		return s, nil
	}
	next, zone := s.zoneOf(c.ID)
	zone.Answered = true
	zone.arrange()
	return next, nil
}

// Eject takes an upstream out of rotation whose answers are bad. Each time in a row lasts twice as long as the one
// before.
type Eject struct {
	ID, Address, Why string
	Fault            Fault
	// For is how long the first one lasts, and Max the longest.
	For, Max time.Duration
}

// ErrTooManyEjected says that half of the upstreams are ejected already, or that the last one would be.
var ErrTooManyEjected = errors.New("half of the upstreams are ejected already, or it is the last one")

func (c Eject) apply(s *State, now time.Time) (*State, error) {
	next, zone := s.zoneOf(c.ID)
	if zone == nil {
		return s, nil
	}
	before := zone.Find(c.Address)
	if before == nil || before.State != Healthy {
		return s, nil
	}
	if !zone.mayEject() {
		return s, ErrTooManyEjected
	}
	member := zone.change(c.Address)
	if since := now.Sub(member.Until); since > c.Max {
		member.ejections = 0 // it was well for long
	}
	lasts := c.For
	for range member.ejections {
		lasts = min(lasts*2, c.Max)
	}
	member.ejected, member.ejectWhy, member.fault, member.Until = true, c.Why, c.Fault, now.Add(lasts)
	member.ejections++
	zone.settle(next.Drains, now)
	return next, nil
}

// faultIfEjected is what is wrong with an upstream even if it is up.
func (m *Member) faultIfEjected() Fault {
	if m == nil || !m.ejected {
		return Errs
	}
	return m.fault
}

// mayEject reports whether one more may be ejected: half of those that would get requests at most, so never the last.
func (z *Zone) mayEject() bool {
	fit, ejected := 0, 0
	for _, member := range z.Deployment.Members {
		switch member.State {
		case Healthy:
			fit++
		case Ejected:
			ejected++
		case Unhealthy, Draining:
		}
	}
	return 2*(ejected+1) <= fit+ejected
}

// Readmit ends an ejection.
type Readmit struct{ ID, Address string }

func (c Readmit) apply(s *State, now time.Time) (*State, error) {
	next, zone := s.zoneOf(c.ID)
	if zone == nil {
		return s, nil
	}
	if before := zone.Find(c.Address); before == nil || !before.ejected {
		return s, nil
	}
	member := zone.change(c.Address)
	member.ejected, member.ejectWhy = false, ""
	zone.settle(next.Drains, now)
	return next, nil
}
