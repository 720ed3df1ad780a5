package deploy

import (
	"maps"
	"slices"
)

// Change is what a command has changed about one upstream of a zone, or about the pause of a zone.
type Change struct {
	Zone *Zone
	// Before and After are nil where the zone has not had the upstream before, or has it no more; both where the zone
	// is paused or resumed.
	Before, After *Member
}

// IsOfPause reports whether no upstream has changed: requests of the zone wait now (Zone.Paused), or no more.
func (c Change) IsOfPause() bool { return c.Before == nil && c.After == nil }

// Upstream is the one that has changed.
func (c Change) Upstream() *Upstream {
	if c.After != nil {
		return c.After.Upstream
	}
	return c.Before.Upstream
}

// IsNewState reports whether the upstream is fit for something else than before.
func (c Change) IsNewState() bool {
	return c.Before == nil || c.After == nil || c.Before.State != c.After.State
}

// Changes returns what differs between two states, zone by zone. Zones that come are not told. Of one that ends it is
// told which of its upstreams nobody has any more, and which nobody has in rotation any more. A pause is told once for
// all zones of a name.
func Changes(before, after *State) (changes []Change) {
	for id, zone := range after.Zones {
		old := before.Zones[id]
		if old == nil || old == zone {
			continue
		}
		for _, member := range zone.Deployment.Members {
			if known := old.memberOf(member.Upstream); known != member {
				changes = append(changes, Change{Zone: zone, Before: known, After: member})
			}
		}
		for _, member := range old.Deployment.Members {
			if zone.memberOf(member.Upstream) == nil {
				changes = append(changes, Change{Zone: zone, Before: member})
			}
		}
	}
	for id, zone := range before.Zones {
		if after.Zones[id] == nil {
			changes = append(changes, after.withoutZone(zone)...)
		}
	}
	return append(changes, changesOfPauses(before, after)...)
}

// changesOfPauses returns a change for each name of zones that are paused or resumed.
func changesOfPauses(before, after *State) (changes []Change) {
	told := map[string]bool{}
	for _, id := range slices.Sorted(maps.Keys(after.Zones)) {
		zone, old := after.Zones[id], before.Zones[id]
		if old != nil && old.Paused != zone.Paused && !told[zone.Name] {
			told[zone.Name] = true
			changes = append(changes, Change{Zone: zone})
		}
	}
	return changes
}

// withoutZone returns what the end of a zone, which is in the state no more, has changed about its upstreams.
func (s *State) withoutZone(ended *Zone) (changes []Change) {
	for _, member := range ended.Deployment.Members {
		change, isUsed := Change{Zone: ended, Before: member}, false
		for _, zone := range s.Zones {
			if other := zone.memberOf(member.Upstream); other != nil {
				change = Change{Zone: zone, Before: other, After: other}
				isUsed = isUsed || other.State != Draining
			}
		}
		if !isUsed {
			changes = append(changes, change)
		}
	}
	return changes
}
