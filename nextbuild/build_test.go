package nextbuild

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// writeBuild makes the files that Read looks at; content "" leaves a file out.
func writeBuild(t *testing.T, dir, id, serverFiles string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o750))
	for name, content := range map[string]string{"BUILD_ID": id, "required-server-files.json": serverFiles} {
		if content != "" {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
		}
	}
	return dir
}

func TestReadFindsTheBuild(t *testing.T) {
	app := t.TempDir()
	dist := writeBuild(t, filepath.Join(app, ".next"), "abc\n", `{"config":{"basePath":"/docs","assetPrefix":"/docs-assets/"}}`)
	for _, dir := range []string{app, dist} {
		build, err := Read(dir)
		require.NoError(t, err)
		assert.Equal(t, Build{Dir: dist, ID: "abc", BasePath: "/docs", AssetPrefix: "/docs-assets/"}, build)
		assert.Equal(t, "/docs-assets", build.AssetPath())
	}
}

func TestAssetPathIsAPathOfItsOwn(t *testing.T) {
	assert.Empty(t, Build{}.AssetPath())
	assert.Empty(t, Build{BasePath: "/docs", AssetPrefix: "/docs"}.AssetPath(), "Next.js copies the basePath when there is no assetPrefix")
	assert.Empty(t, Build{AssetPrefix: "https://cdn.example.com/x"}.AssetPath())
}

func TestReadNamesWhatIsWrong(t *testing.T) {
	const good = `{"config":{"basePath":""}}`
	for name, c := range map[string]struct{ id, files, message string }{
		"no build":     {"", good, "BUILD_ID is missing"},
		"empty id":     {" \n", good, "is empty"},
		"no config":    {"abc", "", "required-server-files.json"},
		"half written": {"abc", `{"config":{"basePa`, "unexpected end of JSON input"},
		"other json":   {"abc", `{}`, "it has no config"},
		"bad basePath": {"abc", `{"config":{"basePath":"docs"}}`, "basePath \"docs\" does not begin with /"},
		"bad prefix":   {"abc", `{"config":{"assetPrefix":"http://[x"}}`, "assetPrefix"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(writeBuild(t, t.TempDir(), c.id, c.files))
			assert.ErrorContains(t, err, c.message)
		})
	}
	_, err := Read(filepath.Join(t.TempDir(), "nowhere"))
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.ErrorContains(t, err, "nowhere")
}
