package deploy

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
)

var modelSeed = flag.Uint64("deploy.seed", 0, "the one sequence of commands that the model test runs; 0: many")

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

var modelCommands = []string{
	"join", "join", "leave", "found", "found", "found", "found", "emptied", "emptied", "up", "down", "unwatch", "answered",
	"eject", "eject", "eject", "readmit", "readmit", "drain", "drain", "undrain",
}

func randomStep(r *rand.Rand) step {
	s := step{
		After: time.Duration(r.IntN(20)) * time.Second, Command: modelCommands[r.IntN(len(modelCommands))],
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
		return Drain{s.address()}, done
	}
	return Undrain{s.address()}, done
}

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
	time.Sleep(s.After)
	c, done := w.command(s)
	if c == nil {
		return nil
	}
	before, now := w.fleet.State(), time.Now()
	once, onceErr := c.apply(before, now)
	twice, twiceErr := c.apply(before, now)
	if !reflect.DeepEqual(once, twice) || !errors.Is(onceErr, twiceErr) {
		return errors.New("the command does not do the same twice")
	}
	_, err := w.fleet.Do(c)
	done()
	after := w.fleet.State()
	if err == nil {
		w.users[s.zone()] += map[string]int{"join": 1, "leave": -1}[s.Command]
	}
	w.kept = append(w.kept, keptState{after, copyOf(after)})
	return errors.Join(
		w.checkKept(), checkNumber(before, after), checkErr(c, err, before, after), w.checkUsers(after),
		checkMembers(before, after, now), checkGroups(after), checkLeaving(c, before, after),
		checkEject(c, err, before, after), checkDrains(c, before, after), checkSources(after), w.checkAddresses(after),
	)
}

// runModel carries out steps, and then ends all zones. It returns what is wrong, and after how many steps.
func runModel(steps []step) (int, error) {
	w := &world{users: map[string]int{}}
	w.fleet = Open(Settings{Addresses: &w.addresses, Log: zap.NewNop()})
	defer w.fleet.Close()
	for i, s := range steps {
		if err := w.do(s); err != nil {
			return i + 1, err
		}
	}
	for i, zone := range modelZones {
		for w.users[zone.id] > 0 {
			if err := w.do(step{Command: "leave", Zone: i}); err != nil {
				return len(steps), err
			}
		}
	}
	if len(w.fleet.State().Zones) > 0 || w.addresses.Len() > 0 {
		return len(steps), errors.New("something is left when all have left")
	}
	return len(steps), nil
}

// shortest leaves out steps for as long as the rest goes wrong, too.
func shortest(steps []step) []step {
	for i := len(steps) - 1; i >= 0; i-- {
		without := slices.Delete(slices.Clone(steps), i, i+1)
		if n, err := runModel(without); err != nil {
			steps = without[:n]
			i = min(i, len(steps))
		}
	}
	return steps
}

func TestTheModelHoldsWhateverTheOrderOfCommands(t *testing.T) {
	seeds, first, length := uint64(100), rand.Uint64(), 80
	if testing.Short() {
		seeds = 20
	}
	if *modelSeed != 0 {
		seeds, first = 1, *modelSeed
	}
	synctest.Test(t, func(t *testing.T) {
		for seed := first; seed-first < seeds; seed++ {
			r := rand.New(rand.NewPCG(seed, 0))
			steps := make([]step, length)
			for i := range steps {
				steps[i] = randomStep(r)
			}
			n, err := runModel(steps)
			if err == nil {
				continue
			}
			var list strings.Builder
			least := shortest(steps[:n])
			for _, s := range least {
				fmt.Fprintf(&list, "\n  %+v", s)
			}
			_, leastErr := runModel(least)
			require.NoError(t, err, "-deploy.seed %d; the shortest list found ends with %q:%s", seed, leastErr, list.String())
		}
	})
}
