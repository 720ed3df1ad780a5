package assets

import (
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFilesOfASet(t *testing.T) {
	set, dir := newTestSet(t, NewMemory(1<<20, new(atomic.Int64)), map[string]string{"static/a.js": "abc", "../public/b.png": "b"})
	ask(t, set, http.MethodGet, "/_next/static/a.js")
	assert.Equal(t, []File{
		{Path: "/_next/static/a.js", ContentType: "application/javascript; charset=UTF-8", Size: 3, InMemory: true}, {Path: "/b.png", ContentType: "image/png", Size: 1},
	}, set.Files())

	content, err := set.Content("/_next/static/a.js")
	require.NoError(t, err)
	assert.Equal(t, "abc", string(content))
	_, err = set.Content("/nothing")
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "static/a.js"), []byte("changed"), 0o600))
	_, err = set.Content("/_next/static/a.js")
	require.ErrorContains(t, err, "/_next/static/a.js has changed")
	require.NoError(t, set.Close())
	assert.Len(t, set.Files(), 2)
}
