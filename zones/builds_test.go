package zones

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// readBuild writes a build and reads it.
func readBuild(t testing.TB, b buildtest.Build) *nextbuild.Build {
	t.Helper()
	dir := filepath.Join(t.TempDir(), ".next")
	buildtest.Write(t, dir, b)
	build, err := nextbuild.Read(dir)
	require.NoError(t, err)
	return build
}

type object = buildtest.JSON
