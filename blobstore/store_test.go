package blobstore

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sizes are bodies around the limits that decide how they are kept.
var sizes = []int{0, 1, block, smallBody - 1, smallBody, smallBody + 1, smallBody + block, 3 << 20}

func TestWhatIsPutIsGot(t *testing.T) {
	for where, settings := range map[string]Settings{
		"memory and disk": {Dir: t.TempDir()}, "disk": {Dir: t.TempDir(), Memory: -1}, "memory": {},
	} {
		t.Run(where, func(t *testing.T) {
			s := open(t, settings)
			for n, size := range sizes {
				s.requireMisses(t, name(n))
				s.put(t, name(n), size)
				s.requireHas(t, name(n), size)
				s.requireHas(t, name(n), size)
			}
			s.put(t, name(0), 700)
			s.requireHas(t, name(0), 700)
			s.Delete(key(name(0)))
			s.requireMisses(t, name(0))
			s.requireHas(t, name(1), 1)
			assert.Empty(t, s.warnings())
			if settings.Dir != "" {
				s.requireConsistent(t)
			}
		})
	}
}

func TestStreamedIsAsPut(t *testing.T) {
	for where, settings := range map[string]Settings{
		"memory and disk": {Dir: t.TempDir()}, "disk": {Dir: t.TempDir(), Memory: -1}, "memory": {},
	} {
		t.Run(where, func(t *testing.T) {
			s := open(t, settings)
			for n, size := range sizes {
				w, err := s.Create(key(name(n)), []byte("meta of "+name(n)))
				require.NoError(t, err)
				_, err = io.CopyBuffer(struct{ io.Writer }{w}, bytes.NewReader(body(name(n), size)), make([]byte, 10_000))
				require.NoError(t, err)
				s.requireMisses(t, name(n))
				require.NoError(t, w.Commit())
				w.Abort()
				s.requireHas(t, name(n), size)
				_, err = w.Write([]byte("x"))
				require.ErrorIs(t, err, errEnded)
				require.ErrorIs(t, w.Commit(), errEnded)

				aborted, err := s.Create(key(name(n)), nil)
				require.NoError(t, err)
				_, err = aborted.Write(body("aborted", size))
				require.NoError(t, err)
				aborted.Abort()
				s.requireHas(t, name(n), size)
			}
			assert.Zero(t, s.Stats().Memory.Writing)
			if settings.Dir != "" {
				s.requireConsistent(t)
			}
		})
	}
}

func TestRestart(t *testing.T) {
	dir := t.TempDir()
	first := open(t, Settings{Dir: dir})
	for n, size := range sizes {
		first.put(t, name(n), size)
	}
	require.NoError(t, first.Close())
	second := open(t, Settings{Dir: dir})
	for n := range sizes {
		e, ok := second.Get(context.Background(), key(name(n)))
		require.True(t, ok)
		assert.False(t, e.FromMemory())
		require.NoError(t, e.Close())
	}
	second.awaitWalk(t)
	for n, size := range sizes {
		second.requireHas(t, name(n), size)
		e, ok := second.Get(context.Background(), key(name(n)))
		require.True(t, ok)
		assert.Equal(t, size <= smallBody, e.FromMemory(), "small ones are in memory once they were read")
		require.NoError(t, e.Close())
	}
	second.requireConsistent(t)
}

func TestKeysAreAnyText(t *testing.T) {
	s := open(t, Settings{Dir: t.TempDir(), Memory: -1})
	texts := []string{"", "/", "..", "../../etc/passwd", "a\x00b", "\xff\xfe", strings.Repeat("x", 5000), "C:\\con", "grüße"}
	var keys []Key
	for _, space := range texts {
		for _, group := range texts {
			for _, name := range texts {
				keys = append(keys, Key{space, group, name})
			}
		}
	}
	for _, k := range keys {
		require.NoError(t, s.Put(context.Background(), k, nil, fmt.Append(nil, k)))
	}
	for _, k := range keys {
		meta, data, ok := s.get(t, k)
		require.True(t, ok)
		require.Empty(t, meta)
		require.Equal(t, fmt.Sprint(k), string(data))
	}
	require.Equal(t, len(keys), s.Stats().Disk.Entries)
	s.requireConsistent(t)
}

func TestDeleteSpace(t *testing.T) {
	dir := t.TempDir()
	other := Key{"other", "", "kept"}
	first := open(t, Settings{Dir: dir})
	first.put(t, "of the earlier run", 10)
	require.NoError(t, first.Put(context.Background(), other, nil, []byte("x")))
	require.NoError(t, first.Close())

	hook, walk := gate(t)
	s := open(t, Settings{Dir: dir, beforeWalk: hook})
	s.put(t, "small", 10)
	s.put(t, "large", smallBody+1)
	s.DeleteSpace("test")
	for _, name := range []string{"of the earlier run", "small", "large"} {
		s.requireMisses(t, name)
	}
	_, _, ok := s.get(t, other)
	require.True(t, ok)
	walk()
	s.awaitWalk(t)
	eventually(t, "the files are removed", func() bool { return len(filesBelow(t, dir, "trash")) == 0 })
	s.put(t, "small", 11)
	s.requireHas(t, "small", 11)
	s.requireConsistent(t)
	require.Len(t, filesBelow(t, dir, entriesDir), 2)
}

func TestDeletedWhileWritten(t *testing.T) {
	for _, settings := range []Settings{{Dir: t.TempDir()}, {}} {
		s := open(t, settings)
		for _, size := range []int{10, smallBody + 10} {
			for _, remove := range []func(){
				func() { s.Delete(key("a")) }, func() { s.DeleteGroup("test", "group") }, func() { s.DeleteSpace("test") },
			} {
				w, err := s.Create(key("a"), nil)
				require.NoError(t, err)
				other, err := s.Create(Key{"other", "group", "a"}, nil)
				require.NoError(t, err)
				_, err = w.Write(body("a", size))
				require.NoError(t, err)
				remove()
				require.ErrorIs(t, w.Commit(), ErrDeleted)
				s.requireMisses(t, "a")
				require.NoError(t, other.Commit())
			}
		}
	}
}

func TestReadersKeepWhatTheyHave(t *testing.T) {
	for _, size := range []int{100, smallBody + 100, 2 << 20} {
		for what, change := range map[string]func(observed){
			"replaced":          func(s observed) { s.put(t, "a", size+1) },
			"deleted":           func(s observed) { s.Delete(key("a")) },
			"purged":            func(s observed) { s.DeleteSpace("test") },
			"purged as a group": func(s observed) { s.DeleteGroup("test", "group") },
			"closed":            func(s observed) { require.NoError(t, s.Close()) },
			"evicted": func(s observed) {
				for n := 0; s.disk.Load().index.peek(key("a").id()) != nil; n++ {
					s.put(t, name(n), smallBody+1)
					s.get(t, key(name(n))) // asked for more often than the other
					require.Less(t, n, 1000)
				}
			},
		} {
			t.Run(what, func(t *testing.T) {
				s := open(t, Settings{Dir: t.TempDir(), Size: 4 << 20, Memory: -1})
				s.put(t, "a", size)
				e, ok := s.Get(context.Background(), key("a"))
				require.True(t, ok)
				defer e.Close()
				reader := e.Reader()
				part := make([]byte, size/2)
				_, err := io.ReadFull(reader, part)
				require.NoError(t, err)
				change(s)
				rest, err := io.ReadAll(reader)
				require.NoError(t, err)
				require.True(t, bytes.Equal(body("a", size), append(part, rest...)))
			})
		}
	}
}

func TestRanges(t *testing.T) {
	s := open(t, Settings{Dir: t.TempDir()})
	for _, size := range []int{1000, smallBody * 2} {
		s.put(t, "a", size)
		e, ok := s.Get(context.Background(), key("a"))
		require.True(t, ok)
		one, two := e.Reader(), e.Reader()
		_, err := one.Seek(-10, io.SeekEnd)
		require.NoError(t, err)
		end, err := io.ReadAll(one)
		require.NoError(t, err)
		require.Equal(t, body("a", size)[size-10:], end)
		all, err := io.ReadAll(two)
		require.NoError(t, err)
		require.Len(t, all, size)
		require.NoError(t, e.Close())
	}
}

func TestClosed(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Settings{Dir: dir})
	s.put(t, "a", 10)
	w, err := s.Create(key("b"), nil)
	require.NoError(t, err)
	_, err = w.Write(make([]byte, smallBody+1))
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	s.requireMisses(t, "a")
	require.ErrorIs(t, s.Put(context.Background(), key("a"), nil, nil), ErrClosed)
	require.ErrorIs(t, w.Commit(), ErrClosed)
	_, err = s.Create(key("a"), nil)
	require.ErrorIs(t, err, ErrClosed)
	s.Delete(key("a"))
	s.DeleteGroup("test", "group")
	s.DeleteSpace("test")
	require.Empty(t, filesBelow(t, dir, "tmp"))
	open(t, Settings{Dir: dir}).requireHas(t, "a", 10)
}

func TestContext(t *testing.T) {
	dir := t.TempDir()
	first := open(t, Settings{Dir: dir})
	first.put(t, "a", 1<<20)
	require.NoError(t, first.Close())
	s := open(t, Settings{Dir: dir})
	ended, stop := context.WithCancel(context.Background())
	stop()
	_, ok := s.Get(ended, key("a")) // its checksum would have to be compared
	require.False(t, ok)
	require.Zero(t, s.Stats().Damaged)
	require.Empty(t, s.warnings())
	s.requireHas(t, "a", 1<<20)
	require.ErrorIs(t, s.Put(ended, key("a"), nil, nil), context.Canceled)
	s.requireHas(t, "a", 1<<20)
}
