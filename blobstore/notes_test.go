package blobstore

import (
	"context"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// noteKey notes names and the lengths of metas, but for names that begin with "un".
func noteKey(key Key, meta []byte) *Note {
	if strings.HasPrefix(key.Name, "un") {
		return nil
	}
	return &Note{Text: key.Name, Since: uint64(len(meta)), Until: 7}
}

// notes are those of the test's space, by their texts.
func (o observed) notes() map[string]uint64 {
	found := map[string]uint64{}
	for group, note := range o.Notes("test") {
		if group == NotedGroup(halfOf("group")) && note.Until == 7 {
			found[note.Text] = note.Since
		}
	}
	return found
}

func (o observed) awaitNotes(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	require.True(t, o.AwaitNotes(ctx))
}

func TestNotesOfWhatIsKept(t *testing.T) {
	for name, settings := range map[string]Settings{
		"memory": {}, "disk": {Dir: "yes", Memory: -1}, "both": {Dir: "yes"},
	} {
		t.Run(name, func(t *testing.T) {
			if settings.Dir != "" {
				settings.Dir = t.TempDir()
			}
			s := open(t, settings)
			s.SetNoter(noteKey)
			s.put(t, "a", 10)
			s.put(t, "b", 100<<10)
			s.put(t, "unnoted", 10)
			require.NoError(t, s.Put(t.Context(), Key{"other", "group", "c"}, nil, nil))
			require.NoError(t, s.Put(t.Context(), Key{"test", "another group", "c"}, nil, nil))
			s.awaitNotes(t)
			assert.Equal(t, map[string]uint64{"a": 9, "b": 9}, s.notes())
			require.NoError(t, s.Put(t.Context(), key("a"), []byte("longer meta"), nil))
			s.Delete(key("b"))
			assert.Equal(t, map[string]uint64{"a": 11}, s.notes())
			s.DeleteSpace("test")
			assert.Empty(t, s.notes())
		})
	}
}

func TestNotesAreMadeAfterARestart(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 300, 50)
	earlier := open(t, Settings{Dir: dir})
	earlier.put(t, "unnoted", 10)
	require.NoError(t, earlier.Put(t.Context(), key("large"), body("meta", 2*block), body("large", 100<<10)))
	require.NoError(t, earlier.Close())

	var made atomic.Int64
	s := open(t, Settings{Dir: dir})
	s.SetNoter(func(key Key, meta []byte) *Note {
		made.Add(1)
		return noteKey(key, meta)
	})
	s.awaitNotes(t)
	notes := s.notes()
	require.Len(t, notes, 301)
	assert.EqualValues(t, len("meta of ")+len(name(7)), notes[name(7)])
	assert.EqualValues(t, 2*block, notes["large"])
	assert.EqualValues(t, 302, made.Load(), "once of each file")
	s.requireHas(t, name(7), 50)
	assert.Len(t, s.notes(), 301)
}

func TestEntriesAreFoundBeforeTheirNotes(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 3, 50)
	hook, release := gate(t)
	s := open(t, Settings{Dir: dir})
	s.SetNoter(func(key Key, meta []byte) *Note {
		hook()
		return noteKey(key, meta)
	})
	s.awaitWalk(t)
	s.requireHas(t, name(0), 50)
	s.Delete(key(name(1)))
	ended, stop := context.WithCancel(t.Context())
	stop()
	assert.False(t, s.AwaitNotes(ended))
	release()
	s.awaitNotes(t)
	assert.True(t, s.AwaitNotes(ended), "there is nothing to wait for")
	notes := s.notes()
	assert.Contains(t, notes, name(0))
	assert.Contains(t, notes, name(2))
	assert.NotContains(t, notes, name(1))
}

func TestADamagedFileHasNoNote(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 3, 50)
	earlier := open(t, Settings{Dir: dir})
	damaged, other := earlier.disk.Load().path(key(name(0)).id()), earlier.disk.Load().path(key(name(1)).id())
	require.NoError(t, earlier.Close())
	require.NoError(t, os.WriteFile(damaged, []byte("damaged"), 0o600))
	require.NoError(t, os.Rename(earlier.disk.Load().path(key(name(2)).id()), other))
	s := open(t, Settings{Dir: dir})
	s.SetNoter(noteKey)
	s.awaitNotes(t)
	assert.Empty(t, s.notes(), "one is damaged, one has the name of another key, and one is away")
	s.requireMisses(t, name(0))
}

func TestNotesWhileEntriesChange(t *testing.T) {
	s := open(t, Settings{Dir: t.TempDir(), Memory: 64 << 10})
	s.SetNoter(noteKey)
	s.put(t, "stays", 10)
	var work sync.WaitGroup
	for n := range 4 {
		work.Go(func() {
			for i := range 100 {
				of := key(strconv.Itoa(n) + " " + strconv.Itoa(i%10))
				assert.NoError(t, s.Put(t.Context(), of, nil, []byte("x")))
				if i%3 == 0 {
					s.Delete(of)
				}
			}
		})
	}
	for range 100 {
		assert.Contains(t, s.notes(), "stays")
	}
	work.Wait()
	s.awaitNotes(t)
	notes := s.notes()
	for n := range 4 {
		for i := range 10 {
			of := strconv.Itoa(n) + " " + strconv.Itoa(i)
			_, _, kept := s.get(t, key(of))
			_, noted := notes[of]
			assert.Equal(t, kept, noted, of)
		}
	}
}
