package files

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

func TestMeasuringEndsEarly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".next")
	buildtest.Write(t, dir, buildtest.Build{App: map[string]string{"/page": "/"}, Files: map[string]string{"static/main.js": strings.Repeat("main", 100)}})
	stopped, stop := context.WithCancel(t.Context())
	stop()
	_, err := ReadDirectories(stopped, []string{dir})
	require.ErrorIs(t, err, context.Canceled)

	b, err := nextbuild.Read(dir)
	require.NoError(t, err)
	set, err := assets.NewSet(b, assets.Settings{})
	require.NoError(t, err)
	defer set.Close()
	require.NoError(t, os.Remove(filepath.Join(dir, "static/main.js")))
	_, err = measure(t.Context(), set)
	assert.ErrorIs(t, err, os.ErrNotExist, "a file that goes meanwhile")
}
