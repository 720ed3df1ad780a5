package deploy

import (
	"errors"
	"slices"
	"time"
)

// Drain takes an upstream out of rotation, in all zones that have it, until Undrain.
type Drain struct {
	Address string `json:"address"`
}

// Undrain puts an upstream back into rotation.
type Undrain struct {
	Address string `json:"address"`
}

// ErrUnknownUpstream says that no zone has an upstream of an address.
var ErrUnknownUpstream = errors.New("no zone has this upstream")

func (c Drain) apply(s *State, now time.Time) (*State, error) {
	if _, already := s.Drains[c.Address]; already {
		return s, nil
	}
	if !s.isHad(c.Address) {
		return s, ErrUnknownUpstream
	}
	next := s.copy()
	next.Drains[c.Address] = Drained{Since: now, Durable: s.isFixed(c.Address)}
	next.settleAll(c.Address, now)
	return next, nil
}

func (c Undrain) apply(s *State, now time.Time) (*State, error) {
	if _, there := s.Drains[c.Address]; !there {
		if !s.isHad(c.Address) {
			return s, ErrUnknownUpstream
		}
		return s, nil
	}
	next := s.copy()
	delete(next.Drains, c.Address)
	next.settleAll(c.Address, now)
	return next, nil
}

// isFixed reports whether a configuration names an address.
func (s *State) isFixed(address string) bool {
	for _, zone := range s.Zones {
		if slices.ContainsFunc(zone.Sources, func(source Source) bool {
			return source.Kind == FixedSource && source.Address.String() == address
		}) {
			return true
		}
	}
	return false
}

// settleAll decides anew in all zones that have an address. The state is a copy.
func (s *State) settleAll(address string, now time.Time) {
	for id, zone := range s.Zones {
		if zone.Find(address) == nil {
			continue
		}
		changed := *zone
		changed.Deployment.Members = slices.Clone(zone.Deployment.Members)
		changed.settle(s.Drains, now)
		s.Zones[id] = &changed
	}
}

// forgetDrains ends the drains of addresses that DNS has told and nobody has any more. The state is a copy.
func (s *State) forgetDrains(now time.Time) {
	for address, drain := range s.Drains {
		if !drain.Durable && !s.isHad(address) {
			delete(s.Drains, address)
			s.settleAll(address, now)
		}
	}
}

// UnusedDrains are the addresses that are drained and that no zone has, sorted. They wait for a zone that names them
// again, or for Undrain.
func (s *State) UnusedDrains() (addresses []string) {
	for address := range s.Drains {
		if !s.isHad(address) {
			addresses = append(addresses, address)
		}
	}
	slices.Sort(addresses)
	return addresses
}

// isHad reports whether a zone has an upstream of an address. Where its name leads to it no more does not count.
func (s *State) isHad(address string) bool {
	for _, zone := range s.Zones {
		if member := zone.Find(address); member != nil && !member.Gone {
			return true
		}
	}
	return false
}
