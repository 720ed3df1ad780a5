package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Figures of one run use the same application one after the other.
func TestAnApplicationIsCopiedForEachFigure(t *testing.T) {
	built, to := t.TempDir(), filepath.Join(t.TempDir(), "app")
	for _, name := range []string{"server.js", "package.json", ".next/BUILD_ID"} {
		path := filepath.Join(built, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(name), 0o600))
	}
	require.NoError(t, copyStandalone(to, built))
	made := filepath.Join(to, ".next", "cache")
	require.NoError(t, os.WriteFile(made, nil, 0o600))
	require.NoError(t, copyStandalone(to, built))
	assert.FileExists(t, filepath.Join(to, ".next", "BUILD_ID"))
	assert.NoFileExists(t, made, "what the first has made")
}
