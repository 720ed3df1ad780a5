//go:build unix

package deploy

import (
	"bufio"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
)

// orderingEnv names the variable by which the test's binary learns that it is to give orders, and in which directory.
const orderingEnv = "DEPLOY_TEST_ORDER_IN"

// The process gives orders until it is killed, if it has been started by startOrdering.
func init() {
	if dir := os.Getenv(orderingEnv); dir != "" {
		orderForEver(dir)
	}
}

const (
	// killedUpstreams is how many upstreams are drained and put back.
	killedUpstreams = 4
	// killedLength is how long (bytes) their addresses are: every fourth order or so has the journal written anew.
	killedLength = 128 << 10
)

// killedAddress is the address of an upstream. That they are long is the only way to a long journal in a short time.
func killedAddress(i int) string {
	return fmt.Sprintf("%s-%d:3000", strings.Repeat("a", killedLength), i)
}

// orderForEver drains upstreams and puts them back. It says so before and after each order: "begin UPSTREAM drain",
// "done NUMBER SIZE", with the size of the journal.
func orderForEver(dir string) {
	fmt.Println("opening")
	addresses := new(Addresses)
	fleet := Open(Settings{Dir: dir, Addresses: addresses, Log: zap.NewNop()})
	join := Join{ID: "web", Name: "web"}
	for i := range killedUpstreams {
		source := Source{Address: Address{Dial: killedAddress(i)}}
		join.Sources, join.Upstreams = append(join.Sources, source), append(join.Upstreams, addresses.Use(source.Address))
	}
	mustBe(fleet.Do(join))
	fmt.Println("opened")
	for {
		i := rand.IntN(killedUpstreams)
		order, what := Command(Drain{Address: killedAddress(i)}), "drain"
		if _, isDrained := fleet.State().Drains[killedAddress(i)]; isDrained {
			order, what = Undrain{Address: killedAddress(i)}, "undrain"
		}
		fmt.Println("begin", i, what)
		if !mustBe(fleet.Do(order)) {
			panic("the order is not durable")
		}
		fmt.Println("done", fleet.State().Number, fleet.journal.size)
	}
}

func mustBe(durable bool, err error) bool {
	if err != nil {
		panic(err)
	}
	return durable
}

// ordering is a process that gives orders, and what it has said of them.
type ordering struct {
	process *exec.Cmd
	lines   *bufio.Scanner // of its standard output

	drained map[string]bool // by all that was answered
	begun   Command         // what was not answered; nil: everything was
	number  uint64          // of the last that was answered
	answers int
	size    int64 // of the journal
	shrunk  int   // how often it was written anew
}

// startOrdering starts a process where some upstreams are drained.
func startOrdering(t *testing.T, dir string, drained map[string]bool, number uint64) *ordering {
	t.Helper()
	o := &ordering{process: exec.Command(os.Args[0]), drained: drained, number: number}
	o.process.Env = append(os.Environ(), orderingEnv+"="+dir)
	o.process.Stderr = os.Stderr
	out, err := o.process.StdoutPipe()
	require.NoError(t, err)
	o.lines = bufio.NewScanner(out)
	require.NoError(t, o.process.Start())
	t.Cleanup(func() {
		_ = o.process.Process.Kill() // it may have ended
		_ = o.process.Wait()
	})
	return o
}

// read reads a line of the process; false: it has ended.
func (o *ordering) read(t *testing.T) bool {
	t.Helper()
	if !o.lines.Scan() {
		return false
	}
	verb, rest, _ := strings.Cut(o.lines.Text(), " ")
	switch verb {
	case "begin":
		var i int
		var what string
		_, err := fmt.Sscan(rest, &i, &what)
		require.NoError(t, err)
		o.begun = Drain{Address: killedAddress(i)}
		if what == "undrain" {
			o.begun = Undrain{Address: killedAddress(i)}
		}
	case "done":
		var number uint64
		var size int64
		_, err := fmt.Sscan(rest, &number, &size)
		require.NoError(t, err)
		require.Greater(t, number, o.number, "numbers go on")
		if size < o.size {
			o.shrunk++
		}
		o.drained, o.begun = drainedAfter(o.drained, o.begun), nil
		o.number, o.size = number, size
		o.answers++
	}
	return true
}

// drainedAfter are the upstreams that are drained after an order.
func drainedAfter(drained map[string]bool, order Command) map[string]bool {
	next := maps.Clone(drained)
	switch order := order.(type) {
	case Drain:
		next[order.Address] = true
	case Undrain:
		delete(next, order.Address)
	}
	return next
}

// kill ends the process as kill -9 does, and reads what it had said before.
func (o *ordering) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, o.process.Process.Kill())
	for o.read(t) {
	}
	require.Error(t, o.process.Wait())
}

// TestKilledAtAnyMoment kills a process that gives orders, again and again: when it opens the journal, adds to it, writes
// it anew, and puts that in its place. What was answered holds, and nothing besides but what was just being ordered.
func TestKilledAtAnyMoment(t *testing.T) {
	kills := 40
	if os.Getenv("E2E_LONG") != "" {
		kills = 200
	}
	dir, drained, number := t.TempDir(), map[string]bool{}, uint64(0)
	answers, shrunk, inTheMiddle, whileAnew := 0, 0, 0, 0
	for round := range kills {
		o := startOrdering(t, dir, drained, number)
		require.True(t, o.read(t), "it opens the journal")
		if round%4 > 0 {
			for o.answers < round%12 {
				require.True(t, o.read(t), "it has ended")
			}
		}
		time.Sleep(time.Duration(rand.IntN(10_000)) * time.Microsecond)
		o.kill(t)
		answers, shrunk = answers+o.answers, shrunk+o.shrunk
		if o.begun != nil {
			inTheMiddle++
		}
		if _, err := os.Stat(filepath.Join(dir, "journal.new")); err == nil {
			whileAnew++
		}
		drained, number = afterKill(t, dir, o)
	}
	t.Logf("%d orders were answered, %d times it was written anew; %d kills were in the middle of an order, %d left a new journal that was not in its place",
		answers, shrunk, inTheMiddle, whileAnew)
	require.Positive(t, shrunk, "it is written anew meanwhile")
	require.Positive(t, inTheMiddle)
}

// afterKill opens what a process has left, as the next one does, and returns what holds.
func afterKill(t *testing.T, dir string, killed *ordering) (drained map[string]bool, number uint64) {
	t.Helper()
	fleet := openFleet(t, Settings{Dir: dir})
	require.Empty(t, fleet.errorLogs())
	require.NoFileExists(t, filepath.Join(dir, "journal.damaged"))
	drained = map[string]bool{}
	for address, drain := range fleet.State().Drains {
		require.True(t, drain.Durable)
		drained[address] = true
	}
	number = fleet.State().Number
	require.GreaterOrEqual(t, number, killed.number, "numbers never go back")
	holds := maps.Equal(drained, killed.drained) || maps.Equal(drained, drainedAfter(killed.drained, killed.begun))
	require.True(t, holds, "after %d orders were answered, with one begun: %t", killed.answers, killed.begun != nil)
	require.NoError(t, fleet.Close())
	return drained, number
}
