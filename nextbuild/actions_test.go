package nextbuild

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
)

// What a page carries from one build to another can be read there only if both were made with one key.
func TestBuildsShareTheKeyOfTheirActions(t *testing.T) {
	read := func(manifest string) *Build {
		dir := filepath.Join(t.TempDir(), ".next")
		buildtest.Write(t, dir, buildtest.Build{Files: map[string]string{"server/server-reference-manifest.json": manifest}})
		b, err := Read(dir)
		require.NoError(t, err)
		return b
	}
	one := read(`{"node": {"a": {}}, "edge": {}, "encryptionKey": "one"}`)
	for _, c := range []struct {
		name, manifest string
		shares         bool
	}{
		{"the same key", `{"node": {"b": {}}, "edge": {}, "encryptionKey": "one"}`, true},
		{"another key", `{"node": {"a": {}}, "edge": {}, "encryptionKey": "other"}`, false},
		{"another key, and no actions", `{"node": {}, "edge": {}, "encryptionKey": "other"}`, true},
		{"no key", `{"node": {"a": {}}, "edge": {}}`, true},
		{"an empty key", `{"node": {"a": {}}, "edge": {}, "encryptionKey": ""}`, true},
		{"null", `{"node": {"a": {}}, "edge": {}, "encryptionKey": null}`, true},
	} {
		other := read(c.manifest)
		assert.Equal(t, c.shares, one.SharesActionsKey(other), c.name)
		assert.Equal(t, c.shares, other.SharesActionsKey(one), c.name)
	}
	dir := filepath.Join(t.TempDir(), ".next")
	buildtest.Write(t, dir, buildtest.Build{Files: map[string]string{"server/server-reference-manifest.json": `{"encryptionKey": 7}`}})
	_, err := Read(dir)
	assert.ErrorContains(t, err, "encryptionKey is not a text")
}
