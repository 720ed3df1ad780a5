package blobstore

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// groupsAround are keys beside those of a group that is deleted: of other groups, spaces and groups alike in name.
func groupsAround(group string) (keys []Key) {
	for _, k := range []Key{{"test", "", "a"}, {"test", "pictures", "a"}, {"test", "picture", "sa"}, {"other", group, "a"}, {"", "test", "a"}} {
		if k.Space != "test" || k.Group != group {
			keys = append(keys, k)
		}
	}
	return keys
}

// filesOf lists the files of a group by their names.
func (o observed) filesOf(t *testing.T, space, group string) (names []string) {
	t.Helper()
	g := Key{Space: space, Group: group}.groupID()
	for _, path := range filesBelow(t, o.disk.Load().dir, entriesDir) {
		if strings.HasPrefix(path, strings.TrimSuffix(o.disk.Load().path(id{groupID: g}), strings.Repeat("0", 16))) {
			names = append(names, path)
		}
	}
	return names
}

// TestDeleteGroup deletes a group that has entries of an earlier run, and some of this one in memory and on disk.
func TestDeleteGroup(t *testing.T) {
	for _, group := range []string{"pictures", ""} {
		for _, walked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%q %v", group, walked), func(t *testing.T) {
				dir := t.TempDir()
				put := func(s observed, k Key, size int) {
					require.NoError(t, s.Put(t.Context(), k, []byte("meta"), body(fmt.Sprint(k), size)))
				}
				first := open(t, Settings{Dir: dir})
				var earlier, now []Key
				for n, size := range sizes {
					earlier, now = append(earlier, Key{"test", group, name(n)}), append(now, Key{"test", group, name(100 + n)})
					put(first, earlier[n], size)
				}
				for _, k := range groupsAround(group) {
					put(first, k, 100)
				}
				require.NoError(t, first.Close())

				hook, walk := gate(t)
				s := open(t, Settings{Dir: dir, beforeWalk: hook})
				if walked {
					walk()
					s.awaitWalk(t)
				}
				for n, size := range sizes {
					put(s, now[n], size)
				}
				_, _, ok := s.get(t, earlier[1])
				require.True(t, ok)
				require.Len(t, s.filesOf(t, "test", group), 2*len(sizes))

				s.DeleteGroup("test", group)
				require.Empty(t, s.filesOf(t, "test", group), "at once, so that no kill brings them back")
				check := func() {
					for _, k := range append(now, earlier...) {
						_, _, ok := s.get(t, k)
						require.False(t, ok, k)
					}
					for _, k := range groupsAround(group) {
						_, data, ok := s.get(t, k)
						require.True(t, ok, k)
						require.Equal(t, body(fmt.Sprint(k), 100), data)
					}
				}
				check()
				if !walked {
					walk()
					s.awaitWalk(t)
					check()
				}
				put(s, now[0], 200)
				_, data, ok := s.get(t, now[0])
				require.True(t, ok)
				require.Equal(t, body(fmt.Sprint(now[0]), 200), data)
				require.Empty(t, s.warnings())
				s.requireConsistent(t)
			})
		}
	}
}

func TestDeleteGroupInMemory(t *testing.T) {
	s := open(t, Settings{})
	s.put(t, "a", 10)
	for _, k := range groupsAround("group") {
		require.NoError(t, s.Put(t.Context(), k, nil, nil))
	}
	s.DeleteGroup("test", "group")
	s.requireMisses(t, "a")
	require.Equal(t, len(groupsAround("group")), s.Stats().Memory.Entries)
	s.DeleteGroup("test", "none")
	require.Equal(t, len(groupsAround("group")), s.Stats().Memory.Entries)
}

// TestWritersOfOtherGroups: of the writers at work, a deletion stops those of its group only.
func TestWritersOfOtherGroups(t *testing.T) {
	s := open(t, Settings{Dir: t.TempDir()})
	var writers []*Writer
	for _, k := range groupsAround("group") {
		w, err := s.Create(k, nil)
		require.NoError(t, err)
		writers = append(writers, w)
	}
	s.DeleteGroup("test", "group")
	for n, k := range groupsAround("group") {
		require.NoError(t, writers[n].Commit())
		_, _, ok := s.get(t, k)
		require.True(t, ok, k)
	}
}

// breakDirectory makes the directory with the file of an entry fail until it is mended.
func breakDirectory(t *testing.T, o observed, name string) (mend func()) {
	t.Helper()
	path := filepath.Dir(o.disk.Load().path(key(name).id()))
	require.NoError(t, os.Rename(path, path+".away"))
	require.NoError(t, os.Symlink(path, path)) // a link to itself: ELOOP
	return func() {
		t.Helper()
		require.NoError(t, os.Remove(path))
		require.NoError(t, os.Rename(path+".away", path))
	}
}

// TestGroupWhoseFilesCannotBeListed makes the directory of a group fail for the moment of its deletion.
func TestGroupWhoseFilesCannotBeListed(t *testing.T) {
	for _, walked := range []bool{false, true} {
		t.Run(fmt.Sprint(walked), func(t *testing.T) {
			dir := t.TempDir()
			fill(t, dir, 3, 10)
			hook, walk := gate(t)
			s := open(t, Settings{Dir: dir, Memory: -1, beforeWalk: hook})
			if walked {
				walk()
				s.awaitWalk(t)
			}
			s.requireHas(t, name(0), 10)
			mend := breakDirectory(t, s, name(0))
			s.DeleteGroup("test", "group")
			require.Equal(t, []string{"the store cannot write its files: what is there is served, nothing is added on disk"}, s.warnings())
			mend()
			require.NotEmpty(t, s.filesOf(t, "test", "group"))
			for n := range 3 {
				s.requireMisses(t, name(n))
			}
			if !walked {
				walk()
				s.awaitWalk(t)
				require.Empty(t, s.filesOf(t, "test", "group"), "the walk removes what is gone")
			}
			s.put(t, "new", 10) // it can be written again
			eventually(t, "the files left are removed", func() bool { return len(s.filesOf(t, "test", "group")) == 1 })
			s.requireHas(t, "new", 10)
			s.requireConsistent(t)
		})
	}
}

// TestFilesOutsideTheIndexAreDeleted: a file that could not be removed when it was evicted is not in the index, and
// would be found again after a restart.
func TestFilesOutsideTheIndexAreDeleted(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Settings{Dir: dir, Memory: -1})
	s.awaitWalk(t)
	s.put(t, "left", smallBody+1)
	mend := breakDirectory(t, s, "left")
	require.NoError(t, s.SetLimits(block, -1)) // evicts it
	mend()
	require.NotEmpty(t, s.filesOf(t, "test", "group"))
	s.DeleteGroup("test", "group")
	require.NoError(t, s.Close())
	s = open(t, Settings{Dir: dir, Memory: -1})
	s.requireMisses(t, "left")
}

func TestPathOfAnEntry(t *testing.T) {
	i := Key{"space", "group", "name"}.id()
	fan, file := filepath.Split(i.path())
	group, name, ok := parseName(filepath.Base(fan), file)
	require.True(t, ok)
	require.Equal(t, i, id{groupID{i.space, group}, name})
	beside := Key{"space", "group", "another"}.id()
	besideFan, besideFile := filepath.Split(beside.path())
	require.Equal(t, fan, besideFan)
	require.Equal(t, file[:14], besideFile[:14])
	for _, bad := range []string{"", file[1:], file + "0", strings.ToUpper("abcdef") + file[6:], "g" + file[1:]} {
		_, _, ok := parseName(filepath.Base(fan), bad)
		require.False(t, ok, bad)
	}
}
