package assets

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const notArchived = "files of builds are not archived: what is gone from its build and its upstreams will be missing"

// messages are those that an operator is shown.
func (a testArchive) messages() (messages []string) {
	for _, line := range a.logs.TakeAll() {
		messages = append(messages, line.Message)
	}
	return messages
}

// A list that is damaged costs its build, and no other.
func TestADamagedListIsPassedOver(t *testing.T) {
	for name, damage := range map[string]func(text []byte) []byte{
		"torn":            func(text []byte) []byte { return text[:len(text)/2] },
		"empty":           func([]byte) []byte { return nil },
		"another version": func([]byte) []byte { return []byte(`{"version":99}`) },
		"no sum": func([]byte) []byte {
			return []byte(`{"version":2,"name":"shop","places":[":80"],"id":"x","files":{"/_next/static/a.js":{"sha256":"00","size":1}}}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := openArchive(t, t.TempDir())
			a.addNamed(t, "a", 100)
			a.addNamed(t, "b", 100)
			path := a.listPath(a.space(shop).builds[1])
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path, damage(text), 0o600))
			a = a.reopened(t)
			assert.Equal(t, "b", a.has("a", "b"))
			assert.Equal(t, []string{"a list of the archive is damaged: files of this build are missing"}, a.messages())
			a.work(t.Context())
			a.requireConsistent(t)
			a = a.reopened(t)
			assert.Equal(t, "b", a.has("a", "b"))
			assert.Empty(t, a.messages())
		})
	}
}

// Contents are compared with their sums when they are first asked for after a restart.
func TestDamagedContentIsNeverServed(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"torn":     func(path string) error { return os.Truncate(path, 10) },
		"changed":  func(path string) error { return os.WriteFile(path, []byte(contentOf("x", 100)), 0o600) },
		"vanished": os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			a := openArchive(t, t.TempDir())
			a.addNamed(t, "a", 100)
			a.addNamed(t, "b", 100)
			shared := a.space(shop).builds[0].files["/_next/static/chunks/all.js"].blob
			require.NoError(t, damage(filepath.Join(a.dir, shared.name())))
			a = a.reopened(t)
			for range 2 {
				res, _ := a.ask(t, shop, "chunks/all.js", http.MethodGet)
				assert.Nil(t, res)
			}
			assert.Len(t, a.messages(), 1)
			assert.Equal(t, contentOf("a", 100), a.get(t, shop, "chunks/a.js"))
			a.work(t.Context())
			a.requireConsistent(t)

			a.addNamed(t, "b", 100)
			assert.Equal(t, contentOf("all", 100), a.get(t, shop, "chunks/all.js"), "a build brings it again")
			a.requireConsistent(t)
		})
	}
}

// A build that has the content repairs it before anybody asks.
func TestDamagedContentIsRepaired(t *testing.T) {
	a := openArchive(t, t.TempDir())
	a.addNamed(t, "a", 100)
	shared := a.space(shop).builds[0].files["/_next/static/chunks/all.js"].blob
	require.NoError(t, os.Truncate(filepath.Join(a.dir, shared.name()), 10))
	a = a.reopened(t)
	a.addNamed(t, "b", 100)
	assert.Equal(t, "ab", a.has("a", "b"))
	assert.Equal(t, contentOf("all", 100), a.get(t, shop, "chunks/all.js"))
	assert.Empty(t, a.messages())
	a.requireConsistent(t)
}

// What a process leaves that was killed is removed: no list names it.
func TestLeftoversAreRemoved(t *testing.T) {
	a := openArchive(t, t.TempDir())
	a.addNamed(t, "a", 100)
	require.NoError(t, os.WriteFile(filepath.Join(a.dir, archiveTmp, "half"), []byte("half"), 0o600))
	orphan := &blob{sum: blobSum{1, 2, 3}}
	require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(a.dir, orphan.name())), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(a.dir, orphan.name()), []byte("orphan"), 0o600))
	a = a.reopened(t)
	a.work(t.Context())
	a.requireConsistent(t)
	assert.Equal(t, "a", a.has("a"))
}

// A directory that cannot be used costs what would be kept, is said once, and is used as soon as it can be.
func TestAnArchiveWithoutADirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "assets")
	require.NoError(t, os.WriteFile(dir, nil, 0o600))
	a := openArchive(t, dir)
	a.addNamed(t, "a", 100)
	a.work(t.Context())
	assert.Empty(t, a.has("a"))
	assert.Equal(t, []string{notArchived}, a.messages())
	require.NoError(t, os.Remove(dir))
	a.work(t.Context())
	assert.Equal(t, "a", a.has("a"), "the build waited")
	assert.Equal(t, []string{"files of builds are archived now"}, a.messages())
	a.requireConsistent(t)
}

func TestADirectoryBelongsToOneArchive(t *testing.T) {
	a := openArchive(t, t.TempDir())
	a.addNamed(t, "a", 100)
	other := openArchive(t, a.dir)
	other.addNamed(t, "b", 100)
	assert.Equal(t, []string{notArchived}, other.messages())
	assert.Empty(t, other.has("a", "b"))
	require.NoError(t, a.Close())
	a.lock = nil
	other.work(t.Context())
	assert.Equal(t, "ab", other.has("a", "b"))
	other.requireConsistent(t)
}

// Files that are replaced while their build is copied are taken as they were, or not at all.
func TestABuildThatIsWrittenOverIsNotMixed(t *testing.T) {
	a := openArchive(t, t.TempDir())
	set, dir := newTestSet(t, nil, map[string]string{"static/chunks/a.js": "old a", "static/chunks/b.js": "old b", "static/chunks/c.js": "old c"})
	static := filepath.Join(dir, "static", "chunks")
	require.NoError(t, os.Remove(filepath.Join(static, "a.js")))
	require.NoError(t, os.WriteFile(filepath.Join(static, "a.js"), []byte("new a"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(static, "b.js"), []byte("written over"), 0o600))
	a.Add(shop, "", set)
	a.work(t.Context())
	assert.Equal(t, "old a", a.get(t, shop, "chunks/a.js"), "it is held open")
	assert.Empty(t, a.get(t, shop, "chunks/b.js"))
	assert.Equal(t, "old c", a.get(t, shop, "chunks/c.js"))
}
