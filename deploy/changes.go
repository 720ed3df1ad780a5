package deploy

// Change is what a command has changed about one upstream of a zone.
type Change struct {
	Zone *Zone
	// Before and After are nil where the zone has not had the upstream before, or has it no more.
	Before, After *Member
}

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
// told which of its upstreams nobody has any more, and which nobody has in rotation any more.
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
