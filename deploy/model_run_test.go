package deploy

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
)

var modelSeed = flag.Uint64("deploy.seed", 0, "the one sequence of commands that the model test runs; 0: many")

// open opens the fleet, which goes on with what is kept.
func (w *world) open() {
	w.fleet = Open(Settings{Dir: w.dir, Addresses: &w.addresses, Log: zap.NewNop()})
}

// restart opens the fleet again when all have left: what operators have decided holds.
func (w *world) restart() error {
	if err := w.leaveAll(); err != nil {
		return err
	}
	before, err := decided(w.fleet.State())
	if err != nil {
		return err
	}
	if err := w.fleet.Close(); err != nil {
		return fmt.Errorf("closing the fleet: %w", err)
	}
	w.open()
	after, err := decided(w.fleet.State())
	if err == nil && before != after {
		err = fmt.Errorf("a restart has made %s of %s", after, before)
	}
	return err
}

// decided is what operators have decided for good, as text.
func decided(s *State) (string, error) {
	drains := map[string]Drained{}
	for address, drained := range s.Drains {
		if drained.Durable {
			drained.Since = drained.Since.UTC()
			drains[address] = drained
		}
	}
	text, err := json.Marshal([]any{drains, s.Rollouts})
	return string(text), err
}

// leaveAll ends all zones.
func (w *world) leaveAll() error {
	for i, zone := range modelZones {
		for w.users[zone.id] > 0 {
			if err := w.do(step{Command: "leave", Zone: i}); err != nil {
				return err
			}
		}
	}
	return nil
}

// runModel carries out steps, and then ends all zones. It returns what is wrong, and after how many steps.
func runModel(steps []step) (int, error) {
	dir, err := os.MkdirTemp("", "model-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	w := &world{dir: dir, users: map[string]int{}}
	w.open()
	defer func() { _ = w.fleet.Close() }()
	for i, s := range steps {
		if err := w.do(s); err != nil {
			return i + 1, err
		}
	}
	if err := w.leaveAll(); err != nil {
		return len(steps), err
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
			commands := modelCommands
			if seed%2 == 0 { // among all others they seldom follow on each other
				commands = modelRolloutCommands
			}
			steps := make([]step, length)
			for i := range steps {
				steps[i] = randomStep(r, commands)
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
