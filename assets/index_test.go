package assets

import (
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// Two configurations serve one build: its files are held once, and what is kept of them in memory is each one's own.
func TestSetsShareAnIndex(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".next")
	buildtest.Write(t, dir, buildtest.Build{Files: map[string]string{"static/a.js": "a", "static/b.js": "b", "../public/p.txt": "p"}})
	build, err := nextbuild.Read(dir)
	require.NoError(t, err)
	before := HeldFiles()
	index, err := NewIndex(build)
	require.NoError(t, err)
	var total atomic.Int64
	first := index.NewSet(Settings{Memory: NewMemory(1<<20, &total)})
	second := index.NewSet(Settings{CDN: true})
	assert.Equal(t, before+2, HeldFiles())

	res, body := askFor(t, first, http.MethodGet, "/p.txt", nil)
	assert.Equal(t, "p", string(body))
	assert.Equal(t, asked, res.Header.Get("Cache-Control"))
	res, _ = askFor(t, second, http.MethodGet, "/p.txt", nil)
	assert.Equal(t, SharedCacheControl, res.Header.Get("Cache-Control"))
	assert.EqualValues(t, 1, total.Load())

	require.NoError(t, index.Close())
	require.NoError(t, first.Close())
	assert.Zero(t, total.Load())
	assert.Equal(t, before+2, HeldFiles(), "the second set has them")
	require.NoError(t, os.Remove(filepath.Join(dir, "static", "a.js")))
	_, body = askFor(t, second, http.MethodGet, "/_next/static/a.js", nil)
	assert.Equal(t, "a", string(body))
	require.NoError(t, second.Close())
	assert.Equal(t, before, HeldFiles())
}
