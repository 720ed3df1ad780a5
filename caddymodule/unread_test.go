package caddymodule

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// A folder that cannot be read keeps nobody from starting. Tests may run as root, who reads all, so this one is a
// circle.
func TestAFolderThatCannotBeReadIsTheApplications(t *testing.T) {
	root := t.TempDir()
	files := map[string]string{"../public/a.txt": "a", "static/b.js": "b"}
	buildtest.Write(t, filepath.Join(root, ".next"), buildtest.Build{Files: files})
	circle := filepath.Join(root, "public", "circle")
	require.NoError(t, os.Symlink("circle", circle))
	log := filepath.Join(t.TempDir(), "log")
	site := fmt.Sprintf("nextjs {\n zone / %s {\n build %s\n }\n}", edgetest.Named(t, "application"), root)
	e := &edgetest.Edge{Port: edgetest.FreePort(t)}
	options := "admin off\n persist_config off\n auto_https off\n log {\n output file " + log + "\n level WARN\n }"
	config, err := edgetest.Adapt(fmt.Sprintf("{\n %s\n}\nhttp://:%s {\n %s\n}", options, e.Port, site))
	require.NoError(t, err)
	require.NoError(t, caddy.Load(config, true))
	t.Cleanup(func() { require.NoError(t, caddy.Stop()) })
	for path, want := range map[string]string{
		"/circle/c.txt": "application", "/circle": "application", "/a.txt": "a", "/_next/static/b.js": "b",
	} {
		status, body := e.Get(t, "localhost", path)
		assert.Equal(t, http.StatusOK, status)
		assert.Equal(t, want, body, path)
	}
	text, err := os.ReadFile(log)
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(string(text), "files of the build cannot be read"), "%s", text)
	assert.Contains(t, string(text), circle, "it is named")
}
