package deploy

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"
)

// copyOf copies a state with all that commands could change in place.
func copyOf(s *State) *State {
	made := *s
	made.Zones, made.Drains, made.Rollouts = map[string]*Zone{}, maps.Clone(s.Drains), map[string]*Rollout{}
	for zone, rollout := range s.Rollouts {
		copied := &Rollout{slices.Clone(rollout.Deployments)}
		for i, one := range copied.Deployments {
			copied.Deployments[i].Upstreams = slices.Clone(one.Upstreams)
		}
		made.Rollouts[zone] = copied
	}
	for id, zone := range s.Zones {
		copied := *zone
		copied.Deployment.Members = nil
		for _, member := range zone.Deployment.Members {
			one := *member
			copied.Deployment.Members = append(copied.Deployment.Members, &one)
		}
		copied.groups = nil
		for _, group := range zone.groups {
			var members []*Member
			for _, member := range group {
				one := *member
				members = append(members, &one)
			}
			copied.groups = append(copied.groups, members)
		}
		copied.found = nil
		for _, targets := range zone.found {
			copied.found = append(copied.found, slices.Clone(targets))
		}
		made.Zones[id] = &copied
	}
	return &made
}

// checkKept: a state is never changed.
func (w *world) checkKept() error {
	for _, kept := range w.kept {
		if !reflect.DeepEqual(copyOf(kept.state), kept.copy) {
			return fmt.Errorf("state %d has been changed", kept.state.Number)
		}
	}
	w.kept = w.kept[max(0, len(w.kept)-4):]
	return nil
}

// checkNumber: numbers grow by one, and only on a change.
func checkNumber(before, after *State) error {
	switch {
	case after == before:
		return nil
	case after.Number != before.Number+1:
		return fmt.Errorf("number %d follows on %d", after.Number, before.Number)
	}
	same := *after
	same.Number = before.Number
	if reflect.DeepEqual(&same, before) {
		return errors.New("there is a new state that is as the one before")
	}
	return nil
}

// checkErr: a command that is refused changes nothing, and only some are.
func checkErr(c Command, err error, before, after *State) error {
	switch {
	case err == nil:
		return nil
	case before != after:
		return errors.New("a command that is refused has changed something")
	}
	switch c := c.(type) {
	case Drain:
		if errors.Is(err, ErrUnknownUpstream) && !before.isHad(c.Address) {
			return nil
		}
	case Undrain:
		if errors.Is(err, ErrUnknownUpstream) && !before.isHad(c.Address) {
			return nil
		}
	case Pause:
		if errors.Is(err, ErrUnknownZone) && !isZone(before, c.Name) {
			return nil
		}
	case Resume:
		if errors.Is(err, ErrUnknownZone) && !isZone(before, c.Name) {
			return nil
		}
	case Eject:
		if errors.Is(err, ErrTooManyEjected) {
			return nil
		}
	case rolloutCommand:
		return checkRefusal(c, err, before)
	}
	if errors.Is(err, ErrLeased) || errors.Is(err, ErrOperatorDrained) {
		return nil // checkLeases looks
	}
	return fmt.Errorf("refused: %w", err)
}

func isZone(s *State, name string) bool {
	for _, zone := range s.Zones {
		if zone.Name == name {
			return true
		}
	}
	return false
}

// checkUsers: a zone is there for as long as somebody has joined it.
func (w *world) checkUsers(after *State) error {
	for id, users := range w.users {
		zone := after.Zones[id]
		if (zone != nil) != (users > 0) || zone != nil && zone.users != users {
			return fmt.Errorf("zone %q has other users than have joined it", id)
		}
	}
	return nil
}

// checkMembers: each is fit for what its facts say, and Since moves only with that.
func checkMembers(before, after *State, now time.Time) error {
	for id, zone := range after.Zones {
		for _, member := range zone.Deployment.Members {
			if state, why := member.decide(after.Drains); state != member.State || why != member.Why {
				return fmt.Errorf("%s is %s (%s), not %s (%s)", member.Address, member.State, member.Why, state, why)
			}
			if !isSinceRight(before, zone, member, now) {
				return fmt.Errorf("%s of zone %q: Since is neither now nor what it was", member.Address, id)
			}
		}
	}
	return nil
}

func isSinceRight(before *State, zone *Zone, member *Member, now time.Time) bool {
	if old := before.Zones[zone.ID]; old != nil {
		if had := old.memberOf(member.Upstream); had != nil {
			if had.State == member.State {
				return had.Since.Equal(member.Since)
			}
			return member.Since.Equal(now)
		}
	}
	// It is new there, or known from a sibling.
	for _, other := range before.Zones {
		known := other.memberOf(member.Upstream)
		if other.Name == zone.Name && known != nil && known.State == member.State && known.Since.Equal(member.Since) {
			return true
		}
	}
	return member.Since.Equal(now)
}

// checkGroups: who is not drained is in one group, those that are fit by priority, then the others.
func checkGroups(after *State) error {
	for id, zone := range after.Zones {
		times := map[*Member]int{}
		var priorities []uint16
		for i, group := range zone.groups {
			if len(group) == 0 {
				return fmt.Errorf("zone %q has an empty group", id)
			}
			for _, member := range group {
				times[member]++
				isFit := member.State == Healthy
				if isFit != (i < zone.fit) || isFit && member.Priority != group[0].Priority {
					return fmt.Errorf("zone %q: %s is in a wrong group", id, member.Address)
				}
			}
			if i < zone.fit {
				priorities = append(priorities, group[0].Priority)
			}
		}
		if len(zone.groups) > zone.fit+1 || !slices.IsSorted(priorities) || len(slices.Compact(priorities)) != zone.fit {
			return fmt.Errorf("zone %q has its groups in a wrong order", id)
		}
		for _, member := range zone.Deployment.Members {
			if (times[member] == 1) != (member.State != Draining) || times[member] > 1 {
				return fmt.Errorf("zone %q: %s is in %d groups", id, member.Address, times[member])
			}
			delete(times, member)
		}
		if len(times) > 0 {
			return fmt.Errorf("zone %q has others in its groups", id)
		}
		if err := checkDown(zone); err != nil {
			return err
		}
	}
	return nil
}

// checkDown: requests are sent while anything is fit, or answers all the same. They are tried where one refuses.
func checkDown(zone *Zone) error {
	isDown, isHeld := zone.fit == 0, zone.fit == 0
	for _, member := range zone.Deployment.Members {
		if member.State == Draining {
			continue
		}
		if member.State == Ejected && member.fault == Errs || member.checked == down && member.fault == Errs && zone.Answered {
			isDown, isHeld = false, false
		}
		if member.checked == down && member.fault == Refuses {
			isHeld = false
		}
	}
	isHeld = isHeld || zone.Paused != nil
	if zone.isDown != isDown || zone.isHeld != isHeld {
		return fmt.Errorf("zone %q is down: %v, holds requests: %v", zone.ID, zone.isDown, zone.isHeld)
	}
	return nil
}

// checkLeaving: an upstream leaves a zone only when no name leads to it and it is empty.
func checkLeaving(c Command, before, after *State) error {
	for id, zone := range before.Zones {
		for _, member := range zone.without(after.Zones[id]) {
			emptied, ok := c.(Emptied)
			_, leave := c.(Leave)
			switch {
			case after.Zones[id] == nil && leave:
			case !ok || emptied.ID != id || emptied.Address != member.String() || !zone.memberOf(member).Gone:
				return fmt.Errorf("%s has left zone %q", member.Address, id)
			}
		}
	}
	return nil
}

// checkEject: at most half are ejected by it, and never the last one that is fit.
func checkEject(c Command, err error, before, after *State) error {
	eject, ok := c.(Eject)
	if !ok || before == after && err == nil {
		return nil
	}
	counts := map[Health]int{}
	for _, member := range before.Zones[eject.ID].Deployment.Members {
		counts[member.State]++
	}
	may := counts[Healthy] > 1 && 2*(counts[Ejected]+1) <= counts[Healthy]+counts[Ejected]
	if may != (err == nil) {
		return fmt.Errorf("of %d fit and %d ejected, one more ejected: %w", counts[Healthy], counts[Ejected], err)
	}
	if err == nil && after.Zones[eject.ID].Find(eject.Address).State != Ejected {
		return errors.New("it is not ejected")
	}
	return nil
}

// checkDrains: they begin by Drain and end by Undrain or Expire, those of DNS also when nobody has the address.
func checkDrains(c Command, before, after *State) error {
	for address, drain := range after.Drains {
		if had, has := before.Drains[address]; !has || had != drain {
			ordered, ok := c.(Drain)
			if !ok || ordered.Address != address || ordered.Holder != drain.Holder {
				return fmt.Errorf("%s is drained", address)
			}
			if drain.Durable != (drain.Holder == "" && isNamed(after, address)) {
				return fmt.Errorf("%s is drained, durable: %t", address, drain.Durable)
			}
		}
		if !drain.Durable && !after.isHad(address) {
			return fmt.Errorf("%s is drained, and nobody has it", address)
		}
	}
	for address, drain := range before.Drains {
		_, has := after.Drains[address]
		ordered, isUndrain := c.(Undrain)
		_, isExpire := c.(Expire)
		switch {
		case has:
		case isUndrain && ordered.Address == address:
		case isExpire && drain.Holder != "":
		case drain.Durable || after.isHad(address):
			return fmt.Errorf("%s is drained no more", address)
		}
	}
	return nil
}

// checkLeases: a lease ends at its time and not before, unless its holder or an operator ends it. Nobody else changes a
// lease, and no holder what an operator has drained.
func checkLeases(c Command, err error, before, after *State, now time.Time) error {
	address, holder := "", ""
	switch c := c.(type) {
	case Drain:
		address, holder = c.Address, c.Holder
	case Undrain:
		address, holder = c.Address, c.Holder
	}
	drain, isDrained := before.Drains[address]
	mayNot := isDrained && holder != "" && holder != drain.Holder
	if isRefused := errors.Is(err, ErrLeased) || errors.Is(err, ErrOperatorDrained); isRefused != mayNot {
		return fmt.Errorf("%q orders what %q has drained: %w", holder, drain.Holder, err)
	}
	if errors.Is(err, ErrOperatorDrained) && drain.Holder != "" {
		return fmt.Errorf("it was no operator: %w", err)
	}
	if _, isExpire := c.(Expire); !isExpire {
		return nil
	}
	for address, drain := range before.Drains {
		_, holds := after.Drains[address]
		if mayHold := drain.Holder == "" || drain.Until.After(now); holds != mayHold {
			return fmt.Errorf("%s is leased until %s: %t", address, drain.Until, holds)
		}
	}
	return nil
}

// checkPauses: zones of one name are paused alike, from Pause until Resume or the time.
func checkPauses(c Command, before, after *State, now time.Time) error {
	paused := map[string]*Paused{}
	for id, zone := range after.Zones {
		if other, known := paused[zone.Name]; known && other != zone.Paused {
			return fmt.Errorf("zone %q is paused otherwise than its siblings", id)
		}
		paused[zone.Name] = zone.Paused
		want := zone.Paused
		if old := before.Zones[id]; old != nil {
			want = old.Paused
		}
		switch c := c.(type) {
		case Pause:
			if c.Name != zone.Name {
				break
			}
			if zone.Paused == nil || !zone.Paused.Until.Equal(c.Until) || want != nil && !want.Since.Equal(zone.Paused.Since) {
				return fmt.Errorf("zone %q is paused: %v", id, zone.Paused)
			}
			want = zone.Paused
		case Resume:
			if c.Name == zone.Name {
				want = nil
			}
		case Expire:
			if want != nil && !want.Until.After(now) {
				want = nil
			}
		}
		if zone.Paused != want {
			return fmt.Errorf("zone %q is paused: %v", id, zone.Paused)
		}
	}
	return nil
}

// isNamed reports whether the configuration of a zone names an address.
func isNamed(s *State, address string) bool {
	for _, zone := range s.Zones {
		if slices.Contains(zone.Sources, Source{Address: Address{Dial: address}}) {
			return true
		}
	}
	return false
}

// checkSources: the zone has what its sources lead to, each once, of the first source that leads there.
func checkSources(after *State) error {
	for id, zone := range after.Zones {
		want, got := map[*Upstream]int{}, map[*Upstream]int{}
		for i, targets := range slices.Backward(zone.found) {
			for _, target := range targets {
				want[target.Upstream] = i
			}
		}
		for _, member := range zone.Deployment.Members {
			if _, again := got[member.Upstream]; again {
				return fmt.Errorf("zone %q has %s twice", id, member.Address)
			}
			if !member.Gone {
				got[member.Upstream] = member.Source
			}
		}
		if !maps.Equal(want, got) {
			return fmt.Errorf("zone %q has other upstreams than its sources lead to", id)
		}
	}
	return nil
}

// checkAddresses: those are in use that a zone has.
func (w *world) checkAddresses(after *State) error {
	used := map[*Upstream]bool{}
	for _, zone := range after.Zones {
		for _, member := range zone.Deployment.Members {
			used[member.Upstream] = true
		}
	}
	if w.addresses.Len() != len(used) {
		return fmt.Errorf("%d upstreams are in use, zones have %d", w.addresses.Len(), len(used))
	}
	return nil
}
