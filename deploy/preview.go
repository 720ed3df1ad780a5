package deploy

import "time"

// Preview returns the upstream that a request would get now, nil for none, and why. Nothing is counted.
func (r *Rotation) Preview(now time.Time, belongs Affinity) (member *Member, why string) {
	zone := r.Zone()
	if zone.isHeld && r.HasQueue() {
		return nil, "it would wait: " + r.lack().Error()
	}
	for i, group := range zone.groups {
		member, _ = choose(group, r.balance, r.traffic.turn.Load()+1, now.UnixNano(), nil, true, belongs)
		if member != nil {
			return member, reasonFor(zone, i, member, belongs)
		}
	}
	if len(zone.groups) > 0 {
		return nil, ErrBusy.Error()
	}
	return nil, ErrNoUpstream.Error()
}

// reasonFor says why an upstream of a group would be chosen.
func reasonFor(zone *Zone, group int, member *Member, belongs Affinity) string {
	switch {
	case group >= zone.fit:
		return "none is fit, so all that are not drained are tried; this one is " + member.State.String() + ": " + member.Why
	case belongs.Upstream == member.Upstream:
		return "the request's cookie names it"
	case belongs.Key != 0:
		return "the request's header belongs to it"
	case len(zone.groups[group]) == 1 && len(zone.Deployment.Members) == 1:
		return "it is the only one"
	case len(zone.groups[group]) == 1:
		return "it is the only one that is fit"
	}
	return "of those that are fit it has the least to do, or its turn has come"
}
