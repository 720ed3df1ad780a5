package builds

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
)

// One site has no place for a build that another takes: it stays with its own, and takes the one after that.
func TestASiteMayRefuseABuild(t *testing.T) {
	dir, app, pool := newBuild(t, "first"), startApplication(t, "second"), NewPool()
	roomy, full := subscribe(t, pool, dir, app.upstream), subscribe(t, pool, dir, app.upstream)
	setUp(roomy, full)
	full.full = true
	writeBuild(t, dir, "second")
	looks(t, full, 5)
	assert.Equal(t, "second", roomy.serves)
	assert.Equal(t, "first", full.serves)
	assert.EqualValues(t, 1, full.notPlaced.Load(), "it is asked once")
	assert.Equal(t, "a new build is not taken: placing the zones: it is full", full.Note())
	assert.Empty(t, roomy.Note())
	assert.Equal(t, "script of first", bodyOf(t, full.now.Files, "/_next/static/first.js"))

	full.full = false
	app.run("third")
	writeBuild(t, dir, "third")
	looks(t, full, 2)
	assert.Equal(t, "third", roomy.serves)
	assert.Equal(t, "third", full.serves)
	assert.NotNil(t, roomy.Other("/_next/static/second.js"))
	assert.NotNil(t, full.Other("/_next/static/first.js"), "its own pages are open")
	assert.Empty(t, full.Note())
}

// A build for which no site has a place is not held; a configuration that follows may have one.
func TestABuildThatNobodyTakesIsClosed(t *testing.T) {
	dir, app, pool := newBuild(t, "first"), startApplication(t, "second"), NewPool()
	s := subscribe(t, pool, dir, app.upstream)
	setUp(s)
	s.full = true
	writeBuild(t, dir, "second")
	looks(t, s, 4)
	assert.Equal(t, 1, held(pool))
	assert.EqualValues(t, 1, s.notPlaced.Load(), "it is read and refused once")

	after := subscribe(t, pool, dir, app.upstream)
	setUp(after)
	assert.Equal(t, "first", after.serves)
	looks(t, after, 1)
	assert.Equal(t, "second", after.serves)
	assert.EqualValues(t, 1, s.notPlaced.Load())
	assert.Equal(t, "first", s.serves)
}

// While a configuration is being loaded its zones are placed with what they began with.
func TestNothingIsDecidedWhileASiteIsSetUp(t *testing.T) {
	dir, app, pool := newBuild(t, "first"), startApplication(t, "second"), NewPool()
	before := subscribe(t, pool, dir, app.upstream)
	setUp(before)
	writeBuild(t, dir, "second")
	after := subscribe(t, pool, dir, app.upstream)
	looks(t, before, 3)
	assert.Equal(t, "first", before.serves)
	assert.Equal(t, "second", after.waits())
	setUp(after)
	looks(t, before, 1)
	assert.Equal(t, "second", before.serves)
	assert.Equal(t, "second", after.serves)
}

// A zone with other upstreams decides for itself. With some of the same it begins with what most of them run.
func TestZonesAreToldApartByTheirUpstreams(t *testing.T) {
	dir, pool := newBuild(t, "first"), NewPool()
	one, two, three := startApplication(t, "first"), startApplication(t, "first"), startApplication(t, "second")
	s := subscribe(t, pool, dir, one.upstream, two.upstream)
	setUp(s)
	same := subscribe(t, pool, dir, two.upstream, one.upstream)
	setUp(same)
	assert.Same(t, s.zone, same.zone)
	writeBuild(t, dir, "second")

	other := subscribe(t, pool, dir, three.upstream)
	more := subscribe(t, pool, dir, one.upstream, two.upstream, three.upstream)
	setUp(more, other)
	assert.Equal(t, "first", more.serves)
	assert.Equal(t, "second", other.serves, "nobody has said of its application that it runs another")
	assert.Same(t, other.Begin().Build, more.Waiting())
	looks(t, s, 2)
	assert.Equal(t, "second", s.waits())
	assert.False(t, s.Mixed())
	assert.True(t, more.Mixed(), "one of its upstreams runs it")
	one.run("second")
	two.run("second")
	looks(t, s, 1)
	assert.Equal(t, "second", s.serves)
	assert.Equal(t, "second", more.serves)
	assert.Same(t, other.Begin().Build, s.Begin().Build)
	assert.Same(t, other.Begin().Build, more.Begin().Build)
}

// What lies in the same directory by another name is another application. Who loads a configuration has seen it.
func TestAnotherDirectoryIsTakenByAReload(t *testing.T) {
	root, app, pool := t.TempDir(), startApplication(t, "first"), NewPool()
	writeBuild(t, filepath.Join(root, ".next"), "first")
	s := subscribe(t, pool, root, app.upstream)
	setUp(s)
	writeBuild(t, filepath.Join(root, "next.bak"), "older")
	require.NoError(t, os.RemoveAll(filepath.Join(root, ".next")))
	looks(t, s, 3)
	assert.Contains(t, s.Note(), "has no build any more")
	assert.EqualValues(t, 1, s.notPlaced.Load())
	assert.Equal(t, 1, held(pool))
	after := subscribe(t, pool, root, app.upstream)
	assert.Equal(t, "older", after.serves)
	assert.Equal(t, "first", s.serves)
}

// A process that starts without the build takes it when it is there, in all of its sites.
func TestSitesBeginWithoutABuildThatIsMissing(t *testing.T) {
	dir, app, pool := filepath.Join(t.TempDir(), ".next"), startApplication(t, "first"), NewPool()
	begin := func() (s *Subscription, taken *string) {
		taken = new(string)
		s, err := pool.Subscribe(Options{
			Source: Source{Build: dir}, Sources: textsOf(app.list()), Upstreams: app.list, Ask: askDirectly, Label: "main", Log: zap.NewNop(), MayLack: true,
			Take:  func(next *Snapshot) error { *taken = next.ID; return nil },
			Taken: func() {}, Refused: func() {}, Unfinished: func() {},
		})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		setUp(&site{Subscription: s})
		return s, taken
	}
	first, taken := begin()
	assert.Nil(t, first.Begin())
	assert.Contains(t, first.Missing(), "zone main: build: ")
	writeBuild(t, dir, "first")
	second, takenToo := begin()
	assert.Equal(t, "first", second.Begin().ID, "it is there when the second site is set up")
	first.zone.dir.look(t.Context())
	assert.Equal(t, "first", *taken)
	assert.Empty(t, first.Missing())
	assert.Empty(t, *takenToo, "it has begun with it")
	assert.Same(t, first.Begin().Build, second.Begin().Build)
}

// It is gone again when another site is set up, which must not be forgotten when it is taken.
func TestASiteThatBeginsWithoutABuildTakesTheOneThatWaits(t *testing.T) {
	dir, app, pool := filepath.Join(t.TempDir(), ".next"), startApplication(t, "first"), NewPool()
	served := map[string]string{}
	begin := func(name string) *Subscription {
		s, err := pool.Subscribe(Options{
			Source: Source{Build: dir}, Sources: textsOf(app.list()), Upstreams: app.list, Ask: askDirectly, Label: name, Log: zap.NewNop(), MayLack: true,
			Take:  func(next *Snapshot) error { served[name] = next.ID; return nil },
			Taken: func() {}, Refused: func() {},
		})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		setUp(&site{Subscription: s})
		return s
	}
	d := begin("early").zone.dir
	writeBuild(t, dir, "first")
	d.notice()
	d.notice() // it waits now
	require.NoError(t, os.RemoveAll(dir))
	late := begin("late")
	assert.Nil(t, late.Begin())
	assert.Equal(t, "first", late.Waiting().ID)
	d.look(t.Context())
	assert.Equal(t, map[string]string{"early": "first", "late": "first"}, served)
}

// Pages of an export and their files are replaced together, and the one before is closed.
func TestAnExportIsTakenAtOnce(t *testing.T) {
	dir, pool, before := filepath.Join(t.TempDir(), "out"), NewPool(), assets.HeldFiles()
	buildtest.WriteExport(t, dir, "abc", nil)
	begin := func() *site {
		s := new(site)
		subscription, err := pool.Subscribe(Options{
			Source: Source{Export: dir}, Label: "main", Log: zap.NewNop(),
			Take:  func(next *Snapshot) error { s.serves = next.ID; return nil },
			Taken: func() { s.taken.Add(1) }, Refused: func() {}, Unfinished: func() {},
		})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, subscription.Close()) })
		s.Subscription, s.serves = subscription, subscription.Begin().ID
		setUp(s)
		return s
	}
	s := begin()
	files := assets.HeldFiles() - before
	require.NotZero(t, files)
	require.NoError(t, os.RemoveAll(dir))
	buildtest.WriteExport(t, dir, "def", nil)
	after := begin()
	assert.Equal(t, "def", after.serves, "a reload takes it")
	looks(t, s, 1)
	assert.Equal(t, "def", s.serves)
	assert.Zero(t, after.taken.Load())
	assert.EqualValues(t, 1, s.taken.Load())
	assert.Equal(t, before+files, assets.HeldFiles())
	assert.Equal(t, 1, held(pool))
	assert.Nil(t, s.Other("/index.html"))
}
