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
	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// The test's edge has a plain and an encrypted site with one build.
func TestTheSitesOfAnEdgeReadABuildOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".next")
	writeNext(t, dir, "first")
	p := startProcess(t, "first")
	held, read := assets.HeldFiles(), processBuilds.Reads()
	site := fmt.Sprintf("nextjs {\n watch 10ms\n zone / once %s {\n build %s\n }\n}", p.address, dir)
	options := "nextjs {\n state " + t.TempDir() + "\n}"
	e := edgetest.Serve(t, site, options)
	assert.Equal(t, read+1, processBuilds.Reads())
	assert.Equal(t, held+2, assets.HeldFiles())
	require.NoError(t, e.Load(t, site+"\n# again", options))
	require.NoError(t, e.Load(t, site+"\n# and again", options))
	assert.Equal(t, read+1, processBuilds.Reads(), "a reload without a change reads nothing")
	eventuallyEqual(t, held+2, assets.HeldFiles)

	taken := buildReadsTotal.WithLabelValues("once", "taken")
	before := testutil.ToFloat64(taken)
	p.run("second")
	writeNext(t, dir, "second")
	eventuallyEqual(t, before+2, func() float64 { return testutil.ToFloat64(taken) })
	assert.Equal(t, read+2, processBuilds.Reads(), "both sites have taken what was read once")
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
	eventuallyEqual(t, 0, func() int64 { return processBuilds.Held() })
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
	h := running.handlers()[0]
	before := h.site.view.Load()
	home, docs := before.list[0], before.list[1]
	require.NotNil(t, imageSlot.of(home))
	require.NotNil(t, pageSlot.of(home))
	writeDocs("second")
	require.Eventually(t, func() bool { return h.site.view.Load() != before }, edgetest.Patience, time.Millisecond)
	after := h.site.view.Load()
	assert.Equal(t, "second", after.list[1].build.ID)
	assert.NotSame(t, pageSlot.of(docs), pageSlot.of(after.list[1]))
	assert.Same(t, imageSlot.of(home), imageSlot.of(after.list[0]))
	assert.Same(t, pageSlot.of(home), pageSlot.of(after.list[0]))
	assert.Same(t, home.shared404, after.list[0].shared404)
	assert.Same(t, home.notices, after.list[0].notices)
	assert.Same(t, fileSlot.of(home).set, fileSlot.of(after.list[0]).set)
	assert.Equal(t, home.space, after.list[0].space)
}
