package caddymodule

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/files"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/images"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/pages"
	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// The test's edge has a plain and an encrypted site with one build.
func TestTheSitesOfAnEdgeReadABuildOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".next")
	writeNext(t, dir, "first")
	p := startProcess(t, "first")
	held := assets.HeldFiles()
	site := fmt.Sprintf("nextjs {\n watch 10ms\n zone / once %s {\n build %s\n }\n}", p.address, dir)
	options := "nextjs {\n state " + t.TempDir() + "\n}"
	e := edgetest.Serve(t, site, options)
	first := oneBuild(t)
	assert.Equal(t, held+2, assets.HeldFiles())
	require.NoError(t, e.Load(t, site+"\n# again", options))
	require.NoError(t, e.Load(t, site+"\n# and again", options))
	assert.Same(t, first, oneBuild(t), "a reload without a change reads nothing")
	eventuallyEqual(t, held+2, assets.HeldFiles)

	taken := buildReadsTotal.WithLabelValues("once", "taken")
	before := testutil.ToFloat64(taken)
	p.run("second")
	writeNext(t, dir, "second")
	eventuallyEqual(t, before+2, func() float64 { return testutil.ToFloat64(taken) })
	assert.Equal(t, "second", oneBuild(t).ID)
	assert.Equal(t, held+4, assets.HeldFiles())

	// A build that changes while configurations follow one another.
	for i, id := range []string{"third", "fourth", "fifth"} {
		writeNext(t, dir, id)
		p.run(id)
		require.NoError(t, e.Load(t, fmt.Sprintf("%s\n# %d", site, i), options))
	}
	eventuallyEqual(t, "fifth", func() string { return buildOf(t, e) })
	require.NoError(t, e.Load(t, "nextjs "+edgetest.Named(t, "x")))
	eventuallyEqual(t, held, assets.HeldFiles)
}

// oneBuild returns the build that both sites of the test's edge have.
func oneBuild(t *testing.T) *nextbuild.Build {
	t.Helper()
	sites := edge.Sites()
	require.Len(t, sites, 2)
	build := sites[0].View.Load().List[0].Build
	assert.Same(t, build, sites[1].View.Load().List[0].Build, "it is read once for both")
	return build
}

// Of two zones one takes another build. What the handler has of the other goes on.
func TestAChangedBuildLeavesTheOtherZonesAlone(t *testing.T) {
	root := t.TempDir()
	writeDocs := func(id string) {
		require.NoError(t, os.RemoveAll(filepath.Join(root, "docs", ".next")))
		buildtest.Write(t, filepath.Join(root, "docs", ".next"), buildtest.Build{
			ID: id, Config: buildtest.JSON{"basePath": "/docs"},
			Files: map[string]string{"static/a.js": ""}, // the same in both, so nobody need be asked
		})
	}
	writeDocs("first")
	writeNext(t, filepath.Join(root, "home", ".next"), "home")
	edgetest.Serve(t, fmt.Sprintf("nextjs {\n watch 10ms\n zone / home %s {\n build %s/home\n }\n zone docs %s {\n build %[2]s/docs\n }\n}",
		startProcess(t, "home").address, root, edgetest.Named(t, "docs")), "nextjs {\n state "+t.TempDir()+"\n}")
	site := edge.Sites()[0]
	before := site.View.Load()
	home, docs := before.List[0], before.List[1]
	require.NotNil(t, images.Slot.Of(home))
	require.NotNil(t, pages.Slot.Of(home))
	writeDocs("second")
	require.Eventually(t, func() bool { return site.View.Load() != before }, edgetest.Patience, time.Millisecond)
	after := site.View.Load()
	assert.Equal(t, "second", after.List[1].Build.ID)
	assert.NotSame(t, pages.Slot.Of(docs), pages.Slot.Of(after.List[1]))
	assert.Same(t, images.Slot.Of(home), images.Slot.Of(after.List[0]))
	assert.Same(t, pages.Slot.Of(home), pages.Slot.Of(after.List[0]))
	assert.Same(t, home.Shared404, after.List[0].Shared404)
	assert.Same(t, home.Notices, after.List[0].Notices)
	assert.Same(t, files.Slot.Of(home).Set, files.Slot.Of(after.List[0]).Set)
	assert.Equal(t, home.Space, after.List[0].Space)
}
