package deploy

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing/synctest"
	"time"
)

// modelZones are the zones of the model: three are one application under as many configurations.
var modelZones = []struct {
	id, name string
	sources  []Source
}{
	{"web 1", "web", []Source{fixed(0), dns("pods"), dns("more")}},
	{"web 2", "web", []Source{fixed(0), fixed(1), dns("pods"), srv("services")}},
	{"web 3", "web", []Source{dns("more"), fixed(2), srv("services")}},
	{"docs", "docs", []Source{srv("services"), fixed(5), fixed(5)}},
}

const modelUpstreams = 6

func modelAddress(i int) Address   { return Address{Dial: fmt.Sprintf("10.0.0.%d:3000", i)} }
func fixed(i int) Source           { return Source{Address: modelAddress(i)} }
func dns(name string) Source       { return Source{Kind: DNSSource, Address: Address{Dial: name + ":3000"}} }
func srv(name string) Source       { return Source{Kind: SRVSource, Address: Address{Dial: name}} }
func addressText(i int) string     { return modelAddress(i).String() }
func pickOne(r *rand.Rand) int     { return r.IntN(modelUpstreams) }
func chance(r *rand.Rand) bool     { return r.IntN(2) == 0 }
func (s step) zone() string        { return modelZones[s.Zone].id }
func (s step) address() string     { return addressText(s.Upstream) }
func (s step) sourceKinds() Source { return modelZones[s.Zone].sources[s.Source] }

// step is a command of the model, and how long after the one before it comes.
type step struct {
	After          time.Duration
	Command        string
	Zone, Upstream int
	Source         int
	Targets        []int
	Flag           bool
}

var modelCommands = slices.Concat(modelRolloutCommands, []string{
	"join", "join", "leave", "found", "found", "found", "found", "emptied", "emptied", "up", "down", "unwatch", "answered",
	"eject", "eject", "eject", "readmit", "readmit", "drain", "drain", "undrain",
	"lease", "lease", "lease", "release", "pause", "pause", "resume", "expire",
})

func randomStep(r *rand.Rand, commands []string) step {
	s := step{
		After: time.Duration(r.IntN(20)) * time.Second, Command: commands[r.IntN(len(commands))],
		Zone: r.IntN(len(modelZones)), Upstream: pickOne(r), Flag: chance(r),
	}
	s.Source = r.IntN(len(modelZones[s.Zone].sources))
	for i := range modelUpstreams {
		if chance(r) {
			s.Targets = append(s.Targets, i)
		}
	}
	r.Shuffle(len(s.Targets), func(a, b int) { s.Targets[a], s.Targets[b] = s.Targets[b], s.Targets[a] })
	return s
}

// world is a fleet, and what the model knows of it beside.
type world struct {
	dir       string // of the journal
	fleet     *Fleet
	addresses Addresses
	users     map[string]int
	kept      []keptState
}

// keptState is a state, and what it was when it was new.
type keptState struct{ state, copy *State }

// command makes the command of a step; done gives back what it has used. nil: there is nothing to command.
func (w *world) command(s step) (c Command, done func()) {
	done = func() {}
	if c = s.rolloutCommand(); c != nil {
		return c, done
	}
	switch s.Command {
	case "join":
		return w.join(s)
	case "leave":
		if w.users[s.zone()] == 0 {
			return nil, done
		}
		return Leave{s.zone()}, done
	case "found":
		return w.found(s)
	case "emptied":
		return Emptied{s.zone(), s.address()}, done
	case "up":
		return Check{ID: s.zone(), Address: s.address(), Up: true}, done
	case "down":
		return Check{ID: s.zone(), Address: s.address(), Why: fmt.Sprint("reason ", s.Flag), Fault: Fault(s.Source % 3)}, done
	case "unwatch":
		return Unwatch{s.zone()}, done
	case "answered":
		return Answered{s.zone()}, done
	case "eject":
		return Eject{ID: s.zone(), Address: s.address(), Why: "bad", Fault: Fault(s.Source % 2), For: 5 * time.Second, Max: time.Minute}, done
	case "readmit":
		return Readmit{s.zone(), s.address()}, done
	case "drain":
		return Drain{Address: s.address()}, done
	case "lease":
		return Drain{Address: s.address(), Holder: s.holder(), Until: s.soon()}, done
	case "release":
		return Undrain{Address: s.address(), Holder: s.holder()}, done
	case "pause":
		return Pause{Name: modelZones[s.Zone].name, Until: s.soon()}, done
	case "resume":
		return Resume{modelZones[s.Zone].name}, done
	case "expire":
		return Expire{}, done
	}
	return Undrain{Address: s.address()}, done
}

// holder is who has the lease that a step is about.
func (s step) holder() string { return fmt.Sprint("holder ", s.Flag) }

// soon is when what a step orders ends.
func (s step) soon() time.Time { return time.Now().Add(time.Duration(1+7*s.Source) * time.Second) }

func (w *world) join(s step) (c Command, done func()) {
	zone := modelZones[s.Zone]
	join := Join{ID: zone.id, Name: zone.name, Sources: zone.sources, Checked: s.Flag}
	join.Upstreams = make([]*Upstream, len(zone.sources))
	for i, source := range zone.sources {
		if source.Kind == FixedSource {
			join.Upstreams[i] = w.addresses.Use(source.Address)
		}
	}
	return join, func() {
		for _, upstream := range join.Upstreams {
			if upstream != nil {
				w.addresses.Release(upstream)
			}
		}
	}
}

func (w *world) found(s step) (c Command, done func()) {
	if s.sourceKinds().Kind == FixedSource {
		return nil, func() {}
	}
	found := Found{ID: s.zone(), Source: s.Source, Checked: s.Flag}
	for i, target := range s.Targets {
		priority := 0
		if s.sourceKinds().Kind == SRVSource {
			priority = i / 2
		}
		found.Targets = append(found.Targets, Target{Upstream: w.addresses.Use(modelAddress(target)), Priority: uint16(priority)})
	}
	return found, func() {
		for _, target := range found.Targets {
			w.addresses.Release(target.Upstream)
		}
	}
}

// do carries out a step, and returns what is wrong after it.
func (w *world) do(s step) error {
	if err := w.pass(s.After); err != nil {
		return fmt.Errorf("in the time before: %w", err)
	}
	if s.Command == "restart" {
		return w.restart()
	}
	c, done := w.command(s)
	if c == nil {
		return nil
	}
	before, now := w.fleet.State(), time.Now()
	if err := checkPure(c, before, now); err != nil {
		return err
	}
	durable, err := w.fleet.Do(c)
	done()
	if _, is := c.(rolloutCommand); is && durable != (err == nil) {
		return fmt.Errorf("what is ordered of a deployment is on the disk: %t, %w", durable, err)
	}
	if err == nil {
		w.users[s.zone()] += map[string]int{"join": 1, "leave": -1}[s.Command]
	}
	return w.check(c, err, before, now)
}

// pass lets time pass. What ends by itself meanwhile is as if it were commanded then.
func (w *world) pass(d time.Duration) error {
	for end := time.Now().Add(d); ; {
		before := w.fleet.State()
		due := before.due()
		if due.IsZero() || due.After(end) {
			time.Sleep(time.Until(end))
			return nil
		}
		time.Sleep(time.Until(due))
		synctest.Wait() // for the timer of the fleet
		if w.fleet.State() == before {
			return errors.New("what is due has not ended")
		}
		if err := w.check(Expire{}, nil, before, time.Now()); err != nil {
			return err
		}
	}
}

// checkPure: a command does the same each time.
func checkPure(c Command, before *State, now time.Time) error {
	once, onceErr := c.apply(before, now)
	twice, twiceErr := c.apply(before, now)
	if !reflect.DeepEqual(once, twice) || fmt.Sprint(onceErr) != fmt.Sprint(twiceErr) {
		return errors.New("the command does not do the same twice")
	}
	return nil
}

// check returns what is wrong after a command.
func (w *world) check(c Command, err error, before *State, now time.Time) error {
	after := w.fleet.State()
	w.kept = append(w.kept, keptState{after, copyOf(after)})
	return errors.Join(
		w.checkKept(), checkNumber(before, after), checkErr(c, err, before, after), w.checkUsers(after),
		checkMembers(before, after, now), checkGroups(after), checkLeaving(c, before, after),
		checkEject(c, err, before, after), checkDrains(c, before, after), checkLeases(c, err, before, after, now),
		checkPauses(c, before, after, now), checkSources(after), w.checkAddresses(after),
		checkRollouts(c, err, before, after, now),
	)
}
