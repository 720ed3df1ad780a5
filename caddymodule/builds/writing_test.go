package builds

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// `next build` empties its directory and takes minutes to fill it: that is no failure, unless it goes on for long.
func TestABuildThatIsBeingWrittenIsNoFailure(t *testing.T) {
	app := t.TempDir()
	dir := filepath.Join(app, ".next")
	writeBuild(t, dir, "first")
	core, logs := observer.New(zap.InfoLevel)
	s := subscribe(t, NewPool(), app, startApplication(t, "first").upstream)
	s.log = zap.New(core)
	setUp(s)
	write := func(file, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600))
	}
	says := func(dir, lacks string) {
		t.Helper()
		looks(t, s, 2) // it has settled
		assert.Equal(t, "the build in "+dir+" is being written ("+lacks+"); the old one stays in use", s.Note())
	}

	require.NoError(t, os.Remove(filepath.Join(dir, "BUILD_ID")))
	says(app, "BUILD_ID is not there yet")
	write("BUILD_ID", "second")
	require.NoError(t, os.Remove(filepath.Join(dir, "routes-manifest.json")))
	says(dir, "routes-manifest.json is not there yet")
	write("routes-manifest.json", `{"version": 3, "dyn`)
	says(dir, "routes-manifest.json is not whole yet")
	require.Equal(t, 1, logs.Len(), "said once")
	assert.Equal(t, zap.InfoLevel, logs.All()[0].Level)
	assert.EqualValues(t, 3, s.unfinished.Load())
	assert.Zero(t, s.notPlaced.Load())

	s.zone.writing.since = s.zone.writing.since.Add(-writingTime)
	looks(t, s, 4)
	require.Equal(t, 2, logs.Len(), "said once that it takes long")
	assert.Equal(t, zap.WarnLevel, logs.All()[1].Level)
	assert.Contains(t, s.Note(), "a new build is not taken: ")
	assert.Contains(t, s.Note(), "half-written")
	assert.EqualValues(t, 1, s.notPlaced.Load())

	writeBuild(t, dir, "second")
	looks(t, s, 2)
	assert.Equal(t, "second", s.waits())
	require.NoError(t, os.RemoveAll(dir))
	looks(t, s, 2)
	last := logs.All()[logs.Len()-1]
	assert.Equal(t, zap.InfoLevel, last.Level, "another build")
	assert.Contains(t, last.Message, "is being written")
}
