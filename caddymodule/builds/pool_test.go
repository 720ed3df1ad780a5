package builds

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
)

// Two sites serve one build: it is read and held once, its upstream is asked once, and both take the next one.
func TestSitesShareABuild(t *testing.T) {
	dir, app, pool, before := newBuild(t, "first"), startApplication(t, "first"), NewPool(), assets.HeldFiles()
	plain, encrypted := subscribe(t, pool, dir, app.upstream), subscribe(t, pool, dir, app.upstream)
	setUp(plain, encrypted)
	assert.Same(t, plain.Begin().Build, encrypted.Begin().Build)
	assert.Equal(t, before+heldFiles, assets.HeldFiles())
	looks(t, plain, 3)
	assert.True(t, plain.zone.confirmed)
	assert.EqualValues(t, 1, app.asked.Load(), "it has said that it runs the build")

	writeBuild(t, dir, "second")
	looks(t, plain, 2) // a build has settled when two looks have seen it
	assert.Same(t, plain.Waiting(), encrypted.Waiting())
	assert.EqualValues(t, 2, app.asked.Load())
	for _, s := range []*site{plain, encrypted} {
		assert.Equal(t, "second", s.waits())
		assert.Equal(t, "build second waits: the application still runs the one before", s.Note())
		assert.NotNil(t, s.Other("/_next/static/second.js"))
	}
	app.run("second")
	looks(t, encrypted, 1)
	assert.EqualValues(t, 3, app.asked.Load())
	for _, s := range []*site{plain, encrypted} {
		assert.Equal(t, "second", s.serves)
		assert.EqualValues(t, 1, s.taken.Load())
		assert.Empty(t, s.waits())
		assert.Empty(t, s.Note())
		assert.NotNil(t, s.Other("/_next/static/first.js"), "pages of it are still open")
	}
	assert.Equal(t, 2, held(pool))

	require.NoError(t, plain.Close())
	assert.Equal(t, before+2*heldFiles, assets.HeldFiles(), "the other site has them")
	require.NoError(t, encrypted.Close())
	assert.Equal(t, before, assets.HeldFiles())
	assert.Zero(t, held(pool))
}

func TestAReloadReadsOnlyWhatHasChanged(t *testing.T) {
	dir, app, pool := newBuild(t, "first"), startApplication(t, "first"), NewPool()
	reload := func(before *site) *site {
		after := subscribe(t, pool, dir, app.upstream)
		setUp(after)
		require.NoError(t, before.Close())
		return after
	}
	s := subscribe(t, pool, dir, app.upstream)
	setUp(s)
	looks(t, s, 1)
	read := s.Begin().Build
	s = reload(s)
	assert.Same(t, read, s.Begin().Build)
	assert.True(t, s.zone.confirmed, "it goes on with what is known of the application")

	// The build is the same, one of its files is not.
	public := filepath.Join(filepath.Dir(dir), "public")
	require.NoError(t, os.WriteFile(filepath.Join(public, "b.txt"), []byte("b"), 0o600))
	s = reload(s)
	assert.NotSame(t, read, s.Begin().Build)
	assert.Equal(t, 1, held(pool))
	assert.Equal(t, "b", bodyOf(t, s.Begin().Files, "/b.txt"))
	assert.Empty(t, s.waits())
	assert.Zero(t, s.taken.Load(), "it is no other build")
	read = s.Begin().Build
	s = reload(s)
	assert.Same(t, read, s.Begin().Build)

	// Another build waits, over reloads too.
	writeBuild(t, dir, "second")
	s = reload(s)
	waiting := s.Waiting()
	s = reload(s)
	assert.Same(t, waiting, s.Waiting())
	assert.Equal(t, "first", s.serves)
	assert.Equal(t, "second", s.waits())
}

func bodyOf(t *testing.T, set *assets.Set, path string) string {
	t.Helper()
	w := httptest.NewRecorder()
	_, err := set.Serve(w, httptest.NewRequest(http.MethodGet, "/", nil), path, nil, func() []string { return nil })
	require.NoError(t, err)
	body, err := io.ReadAll(w.Result().Body)
	require.NoError(t, err)
	return string(body)
}

// What is missing leaves nothing behind. A directory is the same however it is written.
func TestAFailedSubscriptionHoldsNothing(t *testing.T) {
	dir, pool, before := newBuild(t, "first"), NewPool(), assets.HeldFiles()
	_, err := pool.Subscribe(Options{Source: Source{Build: dir + "-absent"}, Log: zap.NewNop()})
	require.ErrorContains(t, err, "build: ")
	_, err = pool.Subscribe(Options{Source: Source{Build: dir, Export: dir + "-absent"}, Log: zap.NewNop()})
	require.ErrorContains(t, err, "export: ")
	assert.Zero(t, held(pool))
	assert.Equal(t, before, assets.HeldFiles())

	s := subscribe(t, pool, dir)
	other := subscribe(t, pool, dir+"/./")
	assert.Same(t, s.zone, other.zone)
}

// Reloads, one after another, while builds follow one another: everything is closed once, and no goroutine is left.
func TestBuildsThatChangeDuringReloads(t *testing.T) {
	dir, app, pool, before := newBuild(t, "b0"), startApplication(t, "b0"), NewPool(), assets.HeldFiles()
	var reloading sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		reloading.Go(func() {
			var last *Subscription
			for {
				options := Options{
					Source: Source{Build: dir}, Sources: textsOf(app.list()), Upstreams: app.list, Ask: askDirectly, Label: "main", Log: zap.NewNop(), MayLack: true,
					Take: func(*Snapshot) error { return nil }, Taken: func() {}, Refused: func() {}, Unfinished: func() {},
				}
				next, err := pool.Subscribe(options)
				if assert.NoError(t, err) {
					next.Watch(time.Millisecond)
				}
				assert.NoError(t, last.Close())
				last = next
				select {
				case <-done:
					assert.NoError(t, last.Close())
					return
				case <-time.After(3 * time.Millisecond):
				}
			}
		})
	}
	for _, id := range []string{"b1", "b2", "b3", "b4"} {
		writeBuild(t, dir, id)
		app.run(id)
		require.Eventually(t, func() bool { return holds(pool, id) }, 10*time.Second, time.Millisecond)
	}
	s := subscribe(t, pool, dir, app.upstream)
	s.Watch(time.Millisecond)
	require.Eventually(t, func() bool {
		s.zone.dir.mu.Lock()
		defer s.zone.dir.mu.Unlock()
		return s.zone.taken != nil && s.zone.taken.ID == "b4" && s.zone.waiting == nil
	}, 10*time.Second, time.Millisecond)
	close(done)
	reloading.Wait()
	require.NoError(t, s.Close())
	assert.Equal(t, before, assets.HeldFiles())
	assert.Zero(t, held(pool))
	stacks := make([]byte, 1<<20)
	assert.NotContains(t, string(stacks[:runtime.Stack(stacks, true)]), "(*directory).watch")
}
