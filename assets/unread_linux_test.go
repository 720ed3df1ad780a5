package assets

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// A folder may let its names be listed, and nobody in.
func TestFilesThatCannotBeLookedAtAreLeftToNext(t *testing.T) {
	root := t.TempDir()
	buildtest.Write(t, filepath.Join(root, ".next"), buildtest.Build{Files: map[string]string{
		"static/a.js": "a", "../public/a.txt": "a", "../public/shut/b.txt": "b", "../public/shut/c.txt": "c",
	}})
	buildtest.Lock(t, root, 0o444, "public/shut")
	buildtest.AsReader(t, func() {
		build, err := nextbuild.Read(root)
		require.NoError(t, err)
		set, err := NewSet(build, Settings{})
		require.NoError(t, err)
		defer func() { require.NoError(t, set.Close()) }()
		assert.True(t, set.Has("/a.txt") && set.Has("/_next/static/a.js"))
		assert.False(t, set.Has("/shut/b.txt") || set.Has("/shut/c.txt"))
		require.Len(t, set.Unread(), 1, "one for the folder")
		require.ErrorContains(t, set.Unread()[0], filepath.Join(root, "public", "shut"))
	})
	set, _ := newTestSet(t, nil, map[string]string{"static/a.js": "a"})
	assert.Empty(t, set.Unread())
}
