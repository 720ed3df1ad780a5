package deploy

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	addressA = "10.0.0.1:3000"
	addressB = "10.0.0.2:3000"
	addressC = "10.0.0.3:3000"
)

// journalOf writes a journal by commands, and returns what is in its file. Its lines are: what held at first, then each
// command.
func journalOf(t testing.TB, commands ...Command) []byte {
	t.Helper()
	dir := t.TempDir()
	fleet := openFleet(t, Settings{Dir: dir})
	fleet.join(t, "web", addressA, addressB, addressC)
	for _, c := range commands {
		require.True(t, fleet.order(t, c))
	}
	require.NoError(t, fleet.Close())
	text, err := os.ReadFile(filepath.Join(dir, "journal"))
	require.NoError(t, err)
	require.Equal(t, 1+len(commands), bytes.Count(text, []byte("\n")))
	return text
}

// openWith opens a fleet whose journal is a text.
func openWith(t testing.TB, text []byte) observed {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "journal"), text, 0o600))
	return openFleet(t, Settings{Dir: dir})
}

func TestDrainsSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	first := openFleet(t, Settings{Dir: dir})
	first.join(t, "web", addressA, addressB, addressC)
	for _, c := range []Command{Drain{Address: addressA}, Drain{Address: addressB}, Undrain{Address: addressA}, Drain{Address: addressC}} {
		assert.True(t, first.order(t, c))
	}
	assert.True(t, first.order(t, Drain{Address: addressC}), "it holds already")
	assert.True(t, first.order(t, Undrain{Address: addressA}), "it holds already")
	before := first.State()
	require.NoError(t, first.Close())

	second := openFleet(t, Settings{Dir: dir})
	assert.ElementsMatch(t, []string{addressB, addressC}, second.drained())
	for address, drain := range second.State().Drains {
		assert.True(t, drain.Durable)
		assert.WithinDuration(t, before.Drains[address].Since, drain.Since, 0)
	}
	second.join(t, "web", addressA, addressB)
	assert.Equal(t, Healthy, second.State().Zones["web"].Find(addressA).State)
	assert.Equal(t, Draining, second.State().Zones["web"].Find(addressB).State)
	assert.Greater(t, second.State().Number, before.Number, "numbers go on")
	assert.Empty(t, second.errorLogs())
}

func TestATornLastLineIsEitherThereOrNot(t *testing.T) {
	text := journalOf(t, Drain{Address: addressA}, Drain{Address: addressB})
	last := bytes.LastIndexByte(text[:len(text)-1], '\n') + 1
	for end := last; end <= len(text); end++ {
		fleet := openWith(t, text[:end])
		want := []string{addressA}
		if end >= len(text)-1 { // all but its end is there
			want = append(want, addressB)
		}
		require.ElementsMatch(t, want, fleet.drained(), "cut after %d of %d bytes", end-last, len(text)-last)
		require.Empty(t, fleet.errorLogs(), "cut after %d of %d bytes", end-last, len(text)-last)
		require.NoError(t, fleet.Close())
	}
}

func TestADamagedLineIsPassedOverAndKeptBeside(t *testing.T) {
	text := journalOf(t, Drain{Address: addressA}, Drain{Address: addressB}, Undrain{Address: addressA}, Drain{Address: addressC})
	lines := bytes.SplitAfter(text, []byte("\n"))
	for at := range text {
		damaged := bytes.Clone(text)
		damaged[at] ^= 0x20
		fleet := openWith(t, damaged)
		line := bytes.Count(text[:at], []byte("\n"))
		lost := map[int]bool{line: true}
		if text[at] == '\n' {
			lost = map[int]bool{line: true, line + 1: true} // they have become one
			if line == len(lines)-2 {
				lost = nil // only its end is damaged
			}
		}
		want := map[string]bool{}
		for i, c := range []Command{nil, Drain{Address: addressA}, Drain{Address: addressB}, Undrain{Address: addressA}, Drain{Address: addressC}} {
			if lost[i] {
				continue
			}
			switch c := c.(type) {
			case Drain:
				want[c.Address] = true
			case Undrain:
				delete(want, c.Address)
			}
		}
		where := fmt.Sprintf("byte %d, of line %d", at, line)
		require.Len(t, fleet.drained(), len(want), where)
		for address := range want {
			require.Contains(t, fleet.drained(), address, where)
		}
		require.Len(t, fleet.errorLogs(), 1, where)
		require.Contains(t, fleet.errorLogs()[0], "the journal is damaged", where)
		kept, err := os.ReadFile(fleet.journal.path + ".damaged")
		require.NoError(t, err)
		require.Equal(t, damaged, kept, where)
		require.NoError(t, fleet.Close())
	}
}

func TestWithoutAJournalTheStateLivesInMemory(t *testing.T) {
	for name, obstacle := range map[string]func(dir string) error{
		"its directory is a file": func(dir string) error { return os.WriteFile(dir, nil, 0o600) },
		"it cannot be read":       func(dir string) error { return os.MkdirAll(filepath.Join(dir, "journal"), 0o700) },
		"it cannot be locked":     func(dir string) error { return os.MkdirAll(filepath.Join(dir, "lock"), 0o700) },
		"it cannot be written":    func(dir string) error { return os.MkdirAll(filepath.Join(dir, "journal.new"), 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "state")
			require.NoError(t, obstacle(dir))
			fleet := openFleet(t, Settings{Dir: dir})
			fleet.join(t, "web", addressA)
			assert.False(t, fleet.order(t, Drain{Address: addressA}))
			assert.False(t, fleet.order(t, Drain{Address: addressA}))
			assert.Equal(t, []string{addressA}, fleet.drained())
			assert.False(t, fleet.order(t, Undrain{Address: addressA}))
			assert.Empty(t, fleet.drained())
			assert.Equal(t, []string{"decisions of operators are not kept over a restart"}, fleet.errorLogs())
		})
	}
}

func TestWhatCanOnlyBeReadHoldsNevertheless(t *testing.T) {
	for _, obstacle := range []string{"lock", "journal.new"} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "journal"), journalOf(t, Drain{Address: addressA}), 0o600))
		require.NoError(t, os.Mkdir(filepath.Join(dir, obstacle), 0o700))
		fleet := openFleet(t, Settings{Dir: dir})
		assert.Equal(t, []string{addressA}, fleet.drained(), obstacle)
		assert.False(t, fleet.order(t, Undrain{Address: addressA}), obstacle)
	}
}

func TestNoJournalIsNoError(t *testing.T) {
	fleet := openFleet(t, Settings{})
	fleet.join(t, "web", addressA)
	assert.False(t, fleet.order(t, Drain{Address: addressA}))
	assert.Empty(t, fleet.errorLogs())
}

func TestASecondProcessLivesInMemory(t *testing.T) {
	dir := t.TempDir()
	first, second := openFleet(t, Settings{Dir: dir}), openFleet(t, Settings{Dir: dir})
	assert.Equal(t, []string{"decisions of operators are not kept over a restart"}, second.errorLogs())
	for _, fleet := range []observed{first, second} {
		fleet.join(t, "web", addressA, addressB)
	}
	assert.False(t, second.order(t, Drain{Address: addressA}))
	assert.True(t, first.order(t, Drain{Address: addressB}))
	require.NoError(t, first.Close())

	third := openFleet(t, Settings{Dir: dir})
	assert.Equal(t, []string{addressB}, third.drained())
	assert.Empty(t, third.errorLogs(), "the lock is given back")
}

func TestADiskThatRefusesIsSaidAndMadeGood(t *testing.T) {
	dir := t.TempDir()
	fleet := openFleet(t, Settings{Dir: dir})
	fleet.join(t, "web", addressA, addressB)
	require.True(t, fleet.order(t, Drain{Address: addressA}))
	writable := fleet.journal.file
	readable, err := os.Open(fleet.journal.path)
	require.NoError(t, err)
	defer readable.Close()
	fleet.journal.file = readable // as a file system that has become read-only
	require.NoError(t, os.Mkdir(filepath.Join(dir, "journal.new"), 0o700))

	assert.False(t, fleet.order(t, Drain{Address: addressB}))
	assert.False(t, fleet.order(t, Drain{Address: addressB}), "it holds, but is not kept")
	assert.False(t, fleet.order(t, Undrain{Address: addressA}))
	assert.Equal(t, []string{addressB}, fleet.drained())
	assert.Len(t, fleet.errorLogs(), 3)

	require.NoError(t, os.Remove(filepath.Join(dir, "journal.new")))
	assert.True(t, fleet.order(t, Drain{Address: addressB}), "once more is enough")
	require.NoError(t, writable.Close())
	writable = fleet.journal.file
	fleet.journal.file = readable
	assert.False(t, fleet.order(t, Undrain{Address: addressB}))
	fleet.journal.file = writable
	assert.True(t, fleet.order(t, Drain{Address: addressA}), "the next one makes it good, too")
	require.NoError(t, fleet.Close())
	assert.Equal(t, []string{addressA}, openFleet(t, Settings{Dir: dir}).drained())
}

func TestALongJournalIsWrittenAnew(t *testing.T) {
	// Commands up to the limit would be synced ten thousand times.
	one, err := record{Number: 7, Drain: &Drain{Address: addressA}}.line()
	require.NoError(t, err)
	text := append(journalOf(t, Drain{Address: addressB}), bytes.Repeat(one, journalLimit/len(one))...)
	dir := t.TempDir()
	path := filepath.Join(dir, "journal")
	fleet := openFleet(t, Settings{Dir: dir})
	fleet.join(t, "web", addressA, addressB, addressC)
	require.NoError(t, os.WriteFile(path, text, 0o600))
	fleet.journal.size = int64(len(text))
	require.True(t, fleet.order(t, Drain{Address: addressC}))
	short, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, 1, bytes.Count(short, []byte("\n")), "it is what holds")
	require.True(t, fleet.order(t, Drain{Address: addressA}))
	require.NoError(t, fleet.Close())
	assert.ElementsMatch(t, []string{addressA, addressC}, openFleet(t, Settings{Dir: dir}).drained())

	// A long one is read, too, and written anew when it is opened.
	fleet = openWith(t, text)
	assert.ElementsMatch(t, []string{addressA, addressB}, fleet.drained())
	assert.Less(t, fleet.journal.size, int64(1000))
}

// TestKilledWhileItIsWrittenAnew: whatever of the new journal is there, the old one holds until it is in its place.
func TestKilledWhileItIsWrittenAnew(t *testing.T) {
	old := journalOf(t, Drain{Address: addressA}, Drain{Address: addressB})
	fresh, err := record{Number: 9, Holds: map[string]Drained{addressC: {Durable: true}}}.line()
	require.NoError(t, err)
	for _, end := range []int{0, 1, len(fresh) / 2, len(fresh) - 1, len(fresh)} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "journal"), old, 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "journal.new"), fresh[:end], 0o600))
		fleet := openFleet(t, Settings{Dir: dir})
		require.ElementsMatch(t, []string{addressA, addressB}, fleet.drained(), end)
		require.NoError(t, fleet.Close())
		require.NoFileExists(t, filepath.Join(dir, "journal.new"))
		require.ElementsMatch(t, []string{addressA, addressB}, openFleet(t, Settings{Dir: dir}).drained(), end)
	}
	assert.Equal(t, []string{addressC}, openWith(t, fresh).drained(), "after it was put in its place")
}

func TestDrainsOfDNSAreNotKept(t *testing.T) {
	dir := t.TempDir()
	fleet := openFleet(t, Settings{Dir: dir})
	_, err := fleet.Do(Join{ID: "web", Name: "web", Sources: []Source{dns("pods")}, Upstreams: make([]*Upstream, 1)})
	require.NoError(t, err)
	fleet.find(t, "web", 0, addressA, addressB)
	assert.False(t, fleet.order(t, Drain{Address: addressA}))
	assert.False(t, fleet.order(t, Drain{Address: addressB}))
	assert.True(t, fleet.order(t, Undrain{Address: addressB}))
	fleet.join(t, "docs", addressC)
	for _, size := range []int64{fleet.journal.size, journalLimit} { // added, and written anew
		fleet.journal.size = size
		assert.True(t, fleet.order(t, Drain{Address: addressC}))
		assert.ElementsMatch(t, []string{addressA, addressC}, fleet.drained())
		text, err := os.ReadFile(filepath.Join(dir, "journal"))
		require.NoError(t, err)
		assert.NotContains(t, string(text), addressA)
		assert.NotContains(t, string(text), addressB)
		assert.True(t, fleet.order(t, Undrain{Address: addressC}))
	}
	require.NoError(t, fleet.Close())
	assert.Empty(t, openFleet(t, Settings{Dir: dir}).drained())
}

func TestADrainThatNoZoneHasCanBeUndone(t *testing.T) {
	dir := t.TempDir()
	first := openFleet(t, Settings{Dir: dir})
	first.join(t, "web", addressA, addressB)
	for _, address := range []string{addressA, addressB} {
		assert.True(t, first.order(t, Drain{Address: address}))
	}
	assert.Empty(t, first.State().UnusedDrains())
	require.NoError(t, first.Close())

	second := openFleet(t, Settings{Dir: dir})
	second.join(t, "web", addressA)
	assert.Equal(t, []string{addressB}, second.State().UnusedDrains())
	assert.True(t, second.order(t, Undrain{Address: addressB}))
	require.NoError(t, second.Close())
	assert.Equal(t, []string{addressA}, openFleet(t, Settings{Dir: dir}).drained())
}

func TestACommandAfterTheEndIsNotKept(t *testing.T) {
	fleet := openFleet(t, Settings{Dir: t.TempDir(), Tell: func(Change) {}})
	fleet.join(t, "web", addressA)
	require.NoError(t, fleet.Close())
	assert.False(t, fleet.order(t, Drain{Address: addressA}))
	assert.Equal(t, []string{addressA}, fleet.drained())
}
