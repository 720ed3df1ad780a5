package assets

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// contentOf is content of a size that tells its name, and does not compress.
func contentOf(name string, size int) string {
	content, seed := make([]byte, size), [32]byte{}
	copy(seed[:], name)
	_, _ = rand.NewChaCha8(seed).Read(content)
	return string(content)
}

// sizeBelow is how much is on the disk below a directory, without the lock.
func sizeBelow(t testing.TB, dir string) (size int64) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		size += info.Size()
		return err
	}))
	return size
}

// requireConsistent compares what the archive says with what is on the disk.
func (a testArchive) requireConsistent(t testing.TB) {
	t.Helper()
	require.Equal(t, sizeBelow(t, a.dir), a.Stats().Bytes)
	fresh := newArchive(t.TempDir(), a.log)
	fresh.dir = a.dir
	require.NoError(t, fresh.readLists())
	require.Equal(t, a.Stats(), fresh.Stats())
	for sum, b := range a.blobs {
		require.Equal(t, b.refs, fresh.blobs[sum].refs)
		require.NoError(t, a.compare(b))
	}
}

// Five builds that differ in one component each.
func TestBuildsShareTheirFiles(t *testing.T) {
	a := openArchive(t, t.TempDir())
	one := int64(0)
	for i := range 5 {
		files := map[string]string{"static/id" + fmt.Sprint(i) + "/_buildManifest.js": contentOf("manifest"+fmt.Sprint(i), 2000)}
		for n := range 40 {
			files[fmt.Sprintf("static/chunks/%d.js", n)] = contentOf(fmt.Sprint("chunk", n), 10_000+n*500)
		}
		delete(files, "static/chunks/7.js")
		files[fmt.Sprintf("static/chunks/changed-%d.js", i)] = contentOf(fmt.Sprint("changed", i), 13_500)
		a.add(t, shop, "", files)
		if i == 0 {
			one = a.Stats().Bytes
		}
	}
	assert.EqualValues(t, 5, a.Stats().Builds)
	ratio := float64(a.Stats().Bytes) / float64(one)
	t.Logf("five builds take %.2f times what one does", ratio)
	assert.Less(t, ratio, 1.5)
	a.requireConsistent(t)
}

// A build that is there again is live again, and not there twice.
func TestABuildIsArchivedOnce(t *testing.T) {
	a := openArchive(t, t.TempDir())
	files := map[string]string{"static/chunks/a.js": "a"}
	set, dir := newTestSet(t, nil, files)
	a.Add(shop, "", set)
	a.work(t.Context())
	stats := a.Stats()
	old := time.Now().Add(-time.Hour)
	isLive := func() {
		t.Helper()
		assert.True(t, a.space(shop).builds[0].last.After(old))
		a.space(shop).builds[0].last = old
	}
	isLive()
	require.NoError(t, os.RemoveAll(dir)) // after a reload it is not read again
	again := set.index.NewSet(Settings{})
	defer func() { assert.NoError(t, again.Close()) }()
	a.Add(shop, "", again)
	a.work(t.Context())
	isLive()
	a.add(t, shop, "", files)
	isLive()
	a = a.reopened(t)
	a.add(t, shop, "", files)
	assert.Equal(t, stats, a.Stats())
	isLive()
	other := openArchive(t, t.TempDir())
	for i, space := range []*Space{web, shop} {
		other.Add(space, "", again)
		other.work(t.Context())
		assert.EqualValues(t, i+1, other.Stats().Builds, "what another archive has is not there")
	}
	a.add(t, shop, "other", files)
	a.add(t, web, "", files)
	assert.EqualValues(t, 3, a.Stats().Builds)
	assert.Len(t, a.blobs, 1)
	a.requireConsistent(t)
}

func (a testArchive) has(names ...string) (there string) {
	for _, name := range names {
		if a.find(shop, Wanted{Path: "/_next/static/chunks/" + name + ".js"}) != nil {
			there += name
		}
	}
	return there
}

func (a testArchive) addNamed(t testing.TB, name string, size int) {
	t.Helper()
	a.add(t, shop, "", map[string]string{"static/chunks/all.js": contentOf("all", size), "static/chunks/" + name + ".js": contentOf(name, size)})
}

// The oldest build goes first, however often its files are asked for, and takes only what no other has.
func TestTheOldestBuildGoesFirst(t *testing.T) {
	a := openArchive(t, t.TempDir())
	a.SetLimits(55_000, 0)
	for i, name := range []string{"a", "b", "c", "d", "e", "f"} {
		a.addNamed(t, name, 10_000)
		if i < 4 {
			assert.Equal(t, "abcd"[:i+1], a.has("a", "b", "c", "d", "e", "f"))
			require.NotEmpty(t, a.get(t, shop, "chunks/a.js"))
		}
		assert.NotEmpty(t, a.get(t, shop, "chunks/all.js"))
		assert.LessOrEqual(t, a.Stats().Bytes, int64(55_000))
		a.requireConsistent(t)
	}
	assert.Equal(t, "cdef", a.has("a", "b", "c", "d", "e", "f"))
	a = a.reopened(t)
	a.SetLimits(25_000, 0)
	a.work(t.Context())
	assert.Equal(t, "f", a.has("a", "b", "c", "d", "e", "f"))
	a.requireConsistent(t)

	// One that is live again is not the oldest any more.
	a.SetLimits(45_000, 0)
	a.addNamed(t, "g", 10_000)
	a.addNamed(t, "f", 10_000)
	a.addNamed(t, "h", 10_000)
	a.addNamed(t, "i", 10_000)
	assert.Equal(t, "fhi", a.has("f", "g", "h", "i"))
	assert.Empty(t, a.logs.All())
}

func TestABuildThatIsTooLargeIsSaidOnce(t *testing.T) {
	a := openArchive(t, t.TempDir())
	a.SetLimits(50_000, 0)
	a.addNamed(t, "a", 10_000)
	a.addNamed(t, "b", 30_000)
	a.addNamed(t, "c", 40_000)
	assert.Equal(t, "a", a.has("a", "b", "c"), "it pushes nothing out in vain")
	require.Equal(t, 1, a.logs.Len())
	assert.Contains(t, a.logs.All()[0].ContextMap()["error"], "larger than assets_size")
	a.requireConsistent(t)
}

// A build is kept for some time after it was live. The newest of an application that is served is.
func TestBuildsGoByAge(t *testing.T) {
	a := openArchive(t, t.TempDir())
	for _, name := range []string{"a", "b", "c"} {
		a.addNamed(t, name, 100)
	}
	age := func(days ...int) {
		for i, b := range a.byAge() {
			at := time.Now().Add(-time.Duration(days[i]) * 24 * time.Hour)
			require.NoError(t, os.Chtimes(a.listPath(b), at, at))
		}
		a = a.reopened(t)
	}
	age(31, 29, 28)
	a.work(t.Context())
	assert.Equal(t, "bc", a.has("a", "b", "c"))

	age(29, 28)
	a.Use(shop, 1)
	a.work(t.Context())
	a = a.reopened(t)
	age(40, 2)
	a.work(t.Context())
	assert.Equal(t, "c", a.has("a", "b", "c"), "it was live for longer than its files are old")

	age(90)
	a.Use(shop, 1)
	a.work(t.Context())
	assert.Equal(t, "c", a.has("a", "b", "c"), "served all the time, or the edge was down")
	age(90)
	a.work(t.Context())
	assert.Empty(t, a.has("a", "b", "c"))
	assert.Zero(t, a.Stats())
	assert.Zero(t, sizeBelow(t, a.dir))
}

// Anybody may write deployments that do not exist.
func TestInventedDeploymentsPushNothingOut(t *testing.T) {
	a := openArchive(t, t.TempDir())
	k, _, _ := newTestKeep(t)
	a.Use(shop, 1)
	k.LearnInto(a.Archive, shop, "")
	u := newUpstream("text")
	ask := func(name string) { _, _, _ = askKept(t, k, u, "GET", name, nil) }
	for i := range 3 {
		ask(fmt.Sprintf("/_next/static/chunks/%d.js?dpl=real", i))
	}
	a.add(t, shop, "built", map[string]string{"static/chunks/a.js": "a"})
	for i := range 3 * maxLearnt {
		ask(fmt.Sprintf("/_next/static/chunks/0.js?dpl=%d", i))
	}
	ask("/_next/static/chunks/0.js?dpl=" + strings.Repeat("x", 2000))
	a.work(t.Context())
	assert.EqualValues(t, maxLearnt+1, a.Stats().Builds)
	assert.NotNil(t, a.Find(shop, Wanted{"/_next/static/chunks/2.js", "real"}))
	assert.NotNil(t, a.Find(shop, Wanted{"/_next/static/chunks/a.js", "built"}))
	a.requireConsistent(t)
}
