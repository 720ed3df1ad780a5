package deploy

import (
	"errors"
	"time"
)

// Pause has the requests of all zones of a name wait, until Resume or the time. It is not kept over a restart.
type Pause struct {
	Name  string
	Until time.Time
}

// Resume ends a pause.
type Resume struct{ Name string }

// ErrUnknownZone says that no zone of a name has upstreams.
var ErrUnknownZone = errors.New("no zone of this name has upstreams")

func (c Pause) apply(s *State, now time.Time) (*State, error) {
	return s.setPaused(c.Name, now, func(before *Paused) *Paused {
		switch {
		case before == nil:
			return &Paused{Since: now, Until: c.Until}
		case before.Until.Equal(c.Until):
			return before
		}
		return &Paused{Since: before.Since, Until: c.Until}
	})
}

func (c Resume) apply(s *State, now time.Time) (*State, error) {
	return s.setPaused(c.Name, now, func(*Paused) *Paused { return nil })
}

// setPaused changes since and until when the zones of a name are paused, which is the same for all of them.
func (s *State) setPaused(name string, now time.Time, change func(before *Paused) *Paused) (*State, error) {
	var paused *Paused
	next, known := s, false
	for id, zone := range s.Zones {
		if zone.Name != name {
			continue
		}
		if !known {
			paused, known = change(zone.Paused), true
		}
		if paused == zone.Paused {
			continue
		}
		if next == s {
			next = s.copy()
		}
		next.Zones[id] = zone.with(paused, next.Drains, now)
	}
	if !known {
		return s, ErrUnknownZone
	}
	return next, nil
}

// with returns a copy of a zone with another pause.
func (z *Zone) with(paused *Paused, drains map[string]Drained, now time.Time) *Zone {
	changed := z.copy()
	changed.Paused = paused
	changed.settle(drains, now)
	return changed
}
