package blobstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// roleEnv makes the test binary play another process: see childRoles.
const roleEnv = "BLOBSTORE_TEST_ROLE"

func TestMain(m *testing.M) {
	if role := childRoles[os.Getenv(roleEnv)]; role != nil {
		role(os.Args[1])
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// observed is a store with its log.
type observed struct {
	*Store
	logs *observer.ObservedLogs
}

func open(t testing.TB, settings Settings) observed {
	t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	settings.Logger = zap.New(core)
	s, err := Open(settings)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return observed{s, logs}
}

// warnings are the messages of the log that an operator is shown.
func (o observed) warnings() (messages []string) {
	for _, line := range o.logs.FilterLevelExact(zapcore.WarnLevel).All() {
		messages = append(messages, line.Message)
	}
	return messages
}

// body makes a body that tells its name, and is of no pattern otherwise.
func body(name string, size int) []byte {
	seed := [32]byte{}
	copy(seed[:], name)
	data := make([]byte, size)
	_, _ = rand.NewChaCha8(seed).Read(data)
	return data
}

func key(name string) Key { return Key{"test", "group", name} }

func (o observed) put(t testing.TB, name string, size int) {
	t.Helper()
	require.NoError(t, o.Put(context.Background(), key(name), []byte("meta of "+name), body(name, size)))
}

// get reads an entry in all ways there are, and reports whether there is one.
func (o observed) get(t testing.TB, k Key) (meta string, data []byte, ok bool) {
	t.Helper()
	e, ok := o.Get(context.Background(), k)
	if !ok {
		return "", nil, false
	}
	defer e.Close()
	data, err := io.ReadAll(e.Reader())
	require.NoError(t, err)
	require.EqualValues(t, e.Size(), len(data))
	all, err := e.ReadAll()
	require.NoError(t, err)
	require.True(t, bytes.Equal(all, data))
	var sent bytes.Buffer
	n, err := e.WriteTo(&sent)
	require.NoError(t, err)
	require.Equal(t, e.Size(), n)
	require.True(t, bytes.Equal(sent.Bytes(), data), "the body is the tail of the file")
	return string(e.Meta()), data, true
}

// requireHas asks for what put has put.
func (o observed) requireHas(t testing.TB, name string, size int) {
	t.Helper()
	meta, data, ok := o.get(t, key(name))
	require.True(t, ok, name)
	require.Equal(t, "meta of "+name, meta)
	require.True(t, bytes.Equal(body(name, size), data), name)
}

func (o observed) requireMisses(t testing.TB, name string) {
	t.Helper()
	_, _, ok := o.get(t, key(name))
	require.False(t, ok, name)
}

// evictFromMemory has a store with default bounds evict all that it has in memory.
func (o observed) evictFromMemory(t testing.TB) {
	t.Helper()
	require.NoError(t, o.SetLimits(0, -1))
	require.NoError(t, o.SetLimits(0, 0))
}

// eventually waits for what a goroutine of the store does.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, 30*time.Second, time.Millisecond, what)
}

func (o observed) awaitWalk(t testing.TB) {
	t.Helper()
	eventually(t, "the sizes are gathered", func() bool { stats := o.Stats(); return stats.Attached && !stats.Counting })
}

// gate holds back the goroutine that gathers sizes until it is opened, or the test ends.
func gate(t *testing.T) (hook, open func()) {
	opened := make(chan struct{})
	return func() {
		select {
		case <-opened:
		case <-t.Context().Done():
		}
	}, func() { close(opened) }
}

// filesBelow lists the files below a directory of the store, by their paths.
func filesBelow(t testing.TB, parts ...string) (paths []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(filepath.Join(parts...), func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // the store removes files while this walks
			return nil
		}
		if err == nil && !entry.IsDir() {
			paths = append(paths, path)
		}
		return err
	}))
	return paths
}

// requireConsistent compares the index with what is on disk: the same files, the same sizes, within the bound.
func (o observed) requireConsistent(t testing.TB) {
	t.Helper()
	d := o.disk.Load()
	d.index.settle()
	o.removeEvicted(d)
	onDisk := map[string]int64{}
	for _, path := range filesBelow(t, d.dir, entriesDir) {
		info, err := os.Stat(path)
		require.NoError(t, err)
		onDisk[path] = int64(blocksOf(info.Size()))
	}
	inIndex, total := map[string]int64{}, int64(0)
	for i, r := range d.index.cache.All() {
		inIndex[d.path(i)] = int64(r.blocks)
		total += int64(r.blocks)
	}
	require.Equal(t, inIndex, onDisk)
	stats := o.Stats()
	require.Equal(t, total*block, stats.Disk.Bytes)
	require.LessOrEqual(t, stats.Disk.Bytes, stats.Disk.Bound)
	require.Len(t, onDisk, stats.Disk.Entries)
	require.Zero(t, stats.Disk.Writing)
	require.Empty(t, filesBelow(t, d.dir, "tmp"))
}

func name(n int) string { return fmt.Sprintf("entry %d", n) }
