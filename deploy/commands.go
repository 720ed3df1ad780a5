package deploy

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Command is a change of the state. It is a value: what it does depends on nothing but it, the state, and the time.
type Command interface {
	// apply returns the state after the command; the same one where nothing changes. The error says why it is refused.
	apply(s *State, now time.Time) (*State, error)
}

// Join says that a configuration has a zone. The first one brings it into being. Each must be matched by one Leave.
type Join struct {
	ID, Name string
	// Deployment is that of the zone which the upstreams serve.
	Deployment string
	Sources    []Source
	// Upstreams are those of the sources that are fixed, by their places in Sources; nil for the others.
	Upstreams []*Upstream
	// Checked says that upstreams are asked whether they are fit, before they are.
	Checked bool
}

func (c Join) apply(s *State, now time.Time) (*State, error) {
	next, zone := s.zoneOf(c.ID)
	if zone != nil {
		zone.users++
		return next, nil
	}
	next = s.copy()
	zone = &Zone{ID: c.ID, Name: c.Name, Sources: c.Sources, Deployment: Deployment{ID: c.Deployment}, users: 1}
	siblings := s.siblings(zone)
	if len(siblings) > 0 {
		zone.Paused = siblings[0].Paused
	}
	zone.found = make([][]Target, len(c.Sources))
	for i, upstream := range c.Upstreams {
		if upstream != nil {
			zone.found[i] = []Target{{Upstream: upstream}}
		} else {
			zone.found[i] = lastAnswer(siblings, c.Sources[i])
		}
	}
	zone.follow(siblings, c.Checked, now)
	zone.settle(next.Drains, now)
	next.Zones[c.ID] = zone
	return next, nil
}

// siblings returns the other zones of the same name: they are the same application under another configuration, the one
// before or the one after. What is known there of an upstream or a name holds.
func (s *State) siblings(zone *Zone) (siblings []*Zone) {
	for _, id := range slices.Sorted(maps.Keys(s.Zones)) {
		if other := s.Zones[id]; id != zone.ID && other.Name == zone.Name {
			siblings = append(siblings, other)
		}
	}
	return siblings
}

// lastAnswer returns what a name has led to for the siblings of a zone, so that the zone need not wait for DNS; nil: it
// was not answered yet.
func lastAnswer(siblings []*Zone, source Source) []Target {
	for _, zone := range siblings {
		if i := slices.Index(zone.Sources, source); i >= 0 && zone.found[i] != nil {
			return zone.found[i]
		}
	}
	return nil
}

// Leave undoes a Join. The last one ends the zone.
type Leave struct{ ID string }

func (c Leave) apply(s *State, now time.Time) (*State, error) {
	next, zone := s.zoneOf(c.ID)
	if zone == nil {
		return s, fmt.Errorf("leaving a zone that nobody has joined: %s", c.ID)
	}
	if zone.users--; zone.users == 0 {
		delete(next.Zones, c.ID)
		next.forgetDrains(now)
	}
	return next, nil
}
