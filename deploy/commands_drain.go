package deploy

import (
	"errors"
	"slices"
	"time"
)

// Drain takes an upstream out of rotation, in all zones that have it: until Undrain, or as a lease.
type Drain struct {
	Address string `json:"address"`
	// Holder is who has the lease, and Until when it ends unless the holder drains it once more. They are not kept: who
	// held a lease of an edge that has ended is not known to be there still. "": it is no lease.
	Holder string    `json:"-"`
	Until  time.Time `json:"-"`
}

// Undrain puts an upstream back into rotation.
type Undrain struct {
	Address string `json:"address"`
	// Holder says that only the lease of this holder is ended. "": whatever there is.
	Holder string `json:"-"`
}

var (
	// ErrUnknownUpstream says that no zone has an upstream of an address.
	ErrUnknownUpstream = errors.New("no zone has this upstream")
	// ErrOperatorDrained says that an upstream cannot be leased, or a lease be ended, for an operator has drained it.
	ErrOperatorDrained = errors.New("an operator has drained this upstream")
	// ErrLeased says that another holder has the lease of an upstream.
	ErrLeased = errors.New("another one has the lease of this upstream")
)

func (c Drain) apply(s *State, now time.Time) (*State, error) {
	before, already := s.Drains[c.Address]
	if err := before.refuses(c.Holder); already && err != nil {
		return s, err
	}
	if !already && !s.isHad(c.Address) {
		return s, ErrUnknownUpstream
	}
	drained := Drained{Since: now, Durable: c.Holder == "" && s.isFixed(c.Address), Holder: c.Holder, Until: c.Until}
	if already && before.Holder == c.Holder {
		drained.Since, drained.Durable = before.Since, before.Durable
	}
	if already && drained == before {
		return s, nil
	}
	next := s.copy()
	next.Drains[c.Address] = drained
	next.settleAll(c.Address, now)
	return next, nil
}

func (c Undrain) apply(s *State, now time.Time) (*State, error) {
	before, there := s.Drains[c.Address]
	if !there {
		if !s.isHad(c.Address) {
			return s, ErrUnknownUpstream
		}
		return s, nil
	}
	if err := before.refuses(c.Holder); err != nil {
		return s, err
	}
	next := s.copy()
	delete(next.Drains, c.Address)
	next.settleAll(c.Address, now)
	return next, nil
}

// refuses says why a holder may not change a drain. An operator, who is none, may change any.
func (d Drained) refuses(holder string) error {
	switch {
	case holder == "" || d.Holder == holder:
		return nil
	case d.Holder == "":
		return ErrOperatorDrained
	}
	return ErrLeased
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
		changed := zone.copy()
		changed.settle(s.Drains, now)
		s.Zones[id] = changed
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
