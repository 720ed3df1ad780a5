package deploy

import "time"

// Expire ends the leases and pauses whose time is over.
type Expire struct{}

func (Expire) apply(s *State, now time.Time) (*State, error) {
	if due := s.due(); due.IsZero() || due.After(now) {
		return s, nil
	}
	next := s.copy()
	for address, drained := range s.Drains {
		if drained.Holder != "" && !drained.Until.After(now) {
			delete(next.Drains, address)
			next.settleAll(address, now)
		}
	}
	for id, zone := range next.Zones {
		if zone.Paused != nil && !zone.Paused.Until.After(now) {
			next.Zones[id] = zone.with(nil, next.Drains, now)
		}
	}
	return next, nil
}

// due is when the first lease or pause ends. The zero value: there is none.
func (s *State) due() (first time.Time) {
	earlier := func(at time.Time) {
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	for _, drained := range s.Drains {
		if drained.Holder != "" {
			earlier(drained.Until)
		}
	}
	for _, zone := range s.Zones {
		if zone.Paused != nil {
			earlier(zone.Paused.Until)
		}
	}
	return first
}
