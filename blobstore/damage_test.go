package blobstore

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// requireRefused puts bytes in the place of the file of an entry: the entry is missed, removed and counted.
func requireRefused(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	path := filepath.Join(dir, entriesDir, key(name).id().path())
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, data, 0o600))
	s := open(t, Settings{Dir: dir})
	s.requireMisses(t, name)
	require.NoFileExists(t, path)
	require.EqualValues(t, 1, s.Stats().Damaged)
	require.Len(t, s.logs.FilterMessage("removing a damaged entry of the store").All(), 1)
	require.Empty(t, s.warnings())
	s.requireMisses(t, name)
	require.EqualValues(t, 1, s.Stats().Damaged)
	require.NoError(t, s.Close())
}

// whole returns the bytes of an entry's file.
func whole(t testing.TB, dir, name string, size int) []byte {
	t.Helper()
	s := open(t, Settings{Dir: dir})
	s.put(t, name, size)
	data, err := os.ReadFile(s.disk.Load().path(key(name).id()))
	require.NoError(t, err)
	require.NoError(t, s.Close())
	return data
}

func TestDamage(t *testing.T) {
	for _, size := range []int{1000, smallBody + 1000} {
		dir := t.TempDir()
		good := whole(t, dir, "a", size)
		prefix := len(good) - size
		regions := map[string]int{
			"magic": 0, "version": 8, "length of the space": 12, "length of the group": 16, "length of the name": 20, "length of the meta": 24,
			"length of the body": 28, "high byte of a length": 19, "highest byte of the length of the body": 35, "checksum of the body": 36,
			"checksum of the head": 40, "space": headSize, "group": headSize + 4, "name": headSize + 9, "meta": headSize + 10, "end of meta": prefix - 1,
			"body": prefix, "middle of the body": prefix + size/2, "end of the body": len(good) - 1,
		}
		for region, at := range regions {
			for _, bit := range []byte{1, 0x80} {
				t.Run(fmt.Sprintf("%s of %d", region, size), func(t *testing.T) {
					bad := append([]byte{}, good...)
					bad[at] ^= bit
					requireRefused(t, dir, "a", bad)
				})
			}
		}
		for _, length := range []int{0, 1, 7, 8, headSize - 1, headSize, headSize + 3, prefix - 1, prefix, prefix + 1, prefix + size/2, len(good) - 1} {
			t.Run(fmt.Sprintf("cut to %d of %d", length, len(good)), func(t *testing.T) { requireRefused(t, dir, "a", good[:length]) })
		}
		t.Run("longer", func(t *testing.T) { requireRefused(t, dir, "a", append(append([]byte{}, good...), 0)) })
		t.Run("a page of zeros", func(t *testing.T) {
			bad := append([]byte{}, good...)
			clear(bad[prefix : prefix+min(size, block)])
			requireRefused(t, dir, "a", bad)
		})
		t.Run("of another key", func(t *testing.T) { requireRefused(t, dir, "b", good) })
		for _, other := range []Key{{"test", "other", "a"}, {"test", "", "a"}, {"other", "group", "a"}, {"test", "groupa", ""}, {"testgroup", "", "a"}} {
			t.Run(fmt.Sprintf("of %q", other), func(t *testing.T) {
				bad := appendPrefix(nil, other, nil, int64(size), crc32.Checksum(good[prefix:], castagnoli))
				requireRefused(t, dir, "a", append(bad, good[prefix:]...))
			})
		}
		t.Run("of another version, whole", func(t *testing.T) {
			other := append([]byte{}, good...)
			binary.LittleEndian.PutUint32(other[8:], version+1)
			binary.LittleEndian.PutUint32(other[headSumAt:], prefixSum(other[:prefix]))
			requireRefused(t, dir, "a", other)
		})
	}
}

// TestLengthsThatLie gives heads a valid checksum and lengths that no file has.
func TestLengthsThatLie(t *testing.T) {
	dir := t.TempDir()
	good := whole(t, dir, "a", 100)
	for _, at := range []int{12, 16, 20, 24, 28, 32} {
		for _, length := range []uint32{0, 1, 1 << 20, 1 << 31, 1<<32 - 1} {
			bad := append([]byte{}, good...)
			if binary.LittleEndian.Uint32(bad[at:]) == length {
				continue
			}
			binary.LittleEndian.PutUint32(bad[at:], length)
			binary.LittleEndian.PutUint32(bad[headSumAt:], prefixSum(bad[:len(bad)-100]))
			t.Run(fmt.Sprintf("%d at %d", length, at), func(t *testing.T) { requireRefused(t, dir, "a", bad) })
		}
	}
}

func TestLargeMeta(t *testing.T) {
	dir := t.TempDir()
	for _, size := range []int{10, smallBody + 1} {
		s := open(t, Settings{Dir: dir})
		meta := body("meta", 200_000)
		require.NoError(t, s.Put(t.Context(), key("a"), meta, body("a", size)))
		require.NoError(t, s.Close())
		s = open(t, Settings{Dir: dir})
		got, data, ok := s.get(t, key("a"))
		require.True(t, ok)
		require.Equal(t, string(meta), got)
		require.Equal(t, body("a", size), data)
		require.NoError(t, s.Close())
	}
}

// FuzzDamagedEntry puts any bytes in place of an entry's file, or changes some of a good one: what is served is what
// was put.
func FuzzDamagedEntry(f *testing.F) {
	const size = 300
	dir := f.TempDir()
	good := whole(f, dir, "a", size)
	f.Add([]byte{}, 0, byte(0), 0)
	f.Add(good, -1, byte(0), 0)
	f.Add([]byte{}, 20, byte(0xff), 10)
	f.Add(good[:50], 40, byte(1), 0)
	f.Fuzz(func(t *testing.T, data []byte, at int, bits byte, cut int) {
		if at >= 0 { // a change of the good one
			at %= len(good)
			changed := append([]byte{}, good...)
			changed[at] ^= bits
			copy(changed[at:], data)
			data = changed[:len(good)-min(max(cut, 0), len(good))]
		}
		path := filepath.Join(dir, entriesDir, key("a").id().path())
		require.NoError(t, os.WriteFile(path, data, 0o600))
		s := open(t, Settings{Dir: dir})
		meta, served, ok := s.get(t, key("a"))
		if ok {
			require.Equal(t, "meta of a", meta)
			require.Equal(t, body("a", size), served)
		} else {
			require.NoFileExists(t, path)
		}
		require.NoError(t, s.Close())
	})
}
