package caddymodule

import (
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/files"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/images"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/pages"
	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

const (
	roomy  = 8 << 20
	narrow = 64 << 10
)

// bounded are global options with one bound for everything that is kept.
func bounded(state string, bytes int) string {
	settings := fmt.Sprintf("memory %[1]dB\n cache_size %[1]dB", bytes)
	return fmt.Sprintf("nextjs {\n state %s\n static {\n %[2]s\n }\n image {\n %[2]s\n queue %[3]d\n }\n cache {\n %[2]s\n }\n}", state, settings, bytes>>10)
}

// storesOf are what an app shares with others.
func storesOf(app *App) map[string]*blobstore.Store {
	return map[string]*blobstore.Store{"files": app.files.Blobs, "images": app.images.Blobs, "pages": app.pages.Blobs}
}

// requireUnchanged looks at what a configuration that has failed must have left alone.
func requireUnchanged(t *testing.T, app *App, bound int64, kept int) {
	t.Helper()
	require.Same(t, app, running.app())
	for name, store := range storesOf(app) {
		stats := store.Stats()
		require.Equal(t, bound, stats.Disk.Bound, name)
		require.GreaterOrEqual(t, stats.Disk.Entries, kept, name)
	}
}

func keepsAll(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	buildtest.Write(t, filepath.Join(dir, ".next"), buildtest.Build{})
	return fmt.Sprintf("nextjs localhost:1 {\n build %s\n cache\n}", dir)
}

// Caddy starts apps in no order: the one that fails may come before ours or after it.
func TestALoadWhosePortIsTakenChangesNothing(t *testing.T) {
	directives, state := keepsAll(t), t.TempDir()
	e := edgetest.Serve(t, directives, bounded(state, roomy))
	app := running.app()
	const kept = 30
	for _, store := range storesOf(app) {
		for i := range kept {
			require.NoError(t, store.Put(t.Context(), blobstore.Key{Space: "test", Name: fmt.Sprint(i)}, nil, make([]byte, 10_000)))
		}
	}
	taken, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	defer taken.Close()
	_, port, err := net.SplitHostPort(taken.Addr().String())
	require.NoError(t, err)
	failing := &edgetest.Edge{Port: port, TLSPort: edgetest.FreePort(t)}
	for range 12 { // each time in another order
		require.ErrorContains(t, failing.Load(t, directives, bounded(state, narrow)), "address already in use")
		requireUnchanged(t, app, roomy, kept)
	}

	// A load that succeeds applies them.
	require.NoError(t, e.Load(t, directives, bounded(state, narrow)))
	require.NotSame(t, app, running.app())
	for name, store := range storesOf(running.app()) {
		assert.EqualValues(t, narrow, store.Stats().Disk.Bound, name)
		assert.Less(t, store.Stats().Disk.Entries, kept, name)
	}
}

// Caddy may fail after all apps have started, and calls no Stop then.
func TestAConfigurationThatFailsAfterItHasStartedGivesItsBoundsBack(t *testing.T) {
	directives, state := keepsAll(t), t.TempDir()
	edgetest.Serve(t, directives, bounded(state, roomy))
	app := running.app()
	config, err := edgetest.Adapt(fmt.Sprintf("{\n admin off\n persist_config off\n auto_https off\n %s\n}\nhttp://localhost:%s {\n %s\n}",
		bounded(state, narrow), edgetest.FreePort(t), directives))
	require.NoError(t, err)
	var tree map[string]any
	require.NoError(t, json.Unmarshal(config, &tree))
	tree["admin"].(map[string]any)["config"].(map[string]any)["load"] = map[string]any{
		"module": "http",
		"url":    "http://localhost:" + edgetest.FreePort(t),
	}
	config, err = json.Marshal(tree)
	require.NoError(t, err)
	require.ErrorContains(t, caddy.Load(config, true), "loading dynamic config")
	requireUnchanged(t, app, roomy, 0)
	assert.Len(t, running.list(), 1)
}

// What has ended is not held, and metrics say nothing of it.
func TestNothingIsLeftOfAConfigurationThatHasEnded(t *testing.T) {
	e := edgetest.New(t)
	require.NoError(t, e.Load(t, keepsAll(t), bounded(t.TempDir(), roomy)))
	require.NotNil(t, pages.Current())
	require.NotNil(t, images.Current())
	require.NotNil(t, files.Current())
	require.NoError(t, caddy.Stop())
	assert.Nil(t, running.app())
	assert.Nil(t, pages.Current())
	assert.Nil(t, images.Current())
	assert.Nil(t, files.Current())
	for _, gauge := range []string{
		"static_copies_pending", "page_filling_bytes", "page_fill_memory_bytes", "page_revalidations", "page_followed",
		"image_transforms_running", "image_sources_held", "image_pixel_bytes", "image_revalidations",
	} {
		assert.Zero(t, metric(t, gauge), gauge)
	}
	assert.Zero(t, metric(t, "page_copies_total", "br"))
}
