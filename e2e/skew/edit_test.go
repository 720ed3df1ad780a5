//go:build e2e

package skew_test

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

// The classic deploy: the Caddyfile is edited from the server of one build to that of the next, and reloaded. The old
// server ends, and its files are in no directory that the edge knows. Nobody orders anything.
func TestAnEditOfTheCaddyfile(t *testing.T) {
	tests := []struct {
		next, old, new string
		knowsBuild     bool
	}{{"16", "a1", "a2", true}, {"16", "b1", "b2", false}, {"16", "b1", "b2", true}, {"15", "a1", "b1", false}}
	for _, test := range tests[:harness.LongOr(2, 4)] {
		name := test.old + " to " + test.new + " of Next.js " + test.next
		if !test.knowsBuild {
			name += ", without build"
		}
		t.Run(name, func(t *testing.T) {
			actions := filepath.Join(t.TempDir(), "actions")
			old, next := buildOf(t, test.next, test.old).serve(t, actions), buildOf(t, test.next, test.new).serve(t, actions)
			lazy := filepath.Join(next.dir, ".next", filepath.FromSlash(strings.TrimPrefix(old.lazy, "/_next/")))
			require.NoFileExists(t, lazy, "only the old build has it")
			setup := func(live *served) harness.Setup {
				zone := "\t\tzone shop / " + live.Upstream() + " {\n"
				if test.knowsBuild {
					zone += "\t\t\tbuild " + live.dir + "\n"
				}
				return harness.Setup{Zones: zone + "\t\t}\n"}
			}
			e := harness.StartEdge(t, nil, setup(old))
			s := &site{e, e.URL("")}
			open := openTab(t, s.base, "/act", old.build)
			if !test.knowsBuild { // what nobody has asked for is gone with its server
				requireItsFiles(t, open)
			}
			wait(t, func() bool { return s.hasArchived(t, old.build, test.knowsBuild) }, "the files of the old build are in the archive")

			require.Empty(t, e.Load(t, e.Caddyfile(t, nil, setup(next))))
			old.Kill()
			wait(t, func() bool {
				document, err := newTab(t, s.base).ask(http.MethodGet, "/act", nil, asDocument)
				return err == nil && documentBuild(document.text) == next.name
			}, "documents are of the next build")
			requireItsFiles(t, open)
			requireItsFiles(t, openTab(t, s.base, "/act", next.build))
			chunk, err := open.ask(http.MethodGet, open.named(old.lazy), nil, asScript)
			require.NoError(t, err)
			assert.Equal(t, "public, max-age=31536000, immutable", chunk.header.Get("Cache-Control"))
		})
	}
}

// requireItsFiles asks for files that the document of a tab loads later.
func requireItsFiles(t *testing.T, c *tab) {
	t.Helper()
	for url := range c.of.files {
		said, err := c.load(url)
		require.NoError(t, err)
		require.Equal(t, "its file", said, url)
	}
}

// hasArchived reports whether the edge says that it keeps the files of a build: all, or those that the tests ask for.
func (s *site) hasArchived(t *testing.T, b *build, knowsBuild bool) bool {
	t.Helper()
	said, failure := harness.FilesCommand(t, "--json", "--address", "localhost:"+strconv.Itoa(s.AdminPort))
	require.Empty(t, failure)
	var answer report.Files
	require.NoError(t, json.Unmarshal([]byte(said), &answer))
	require.Len(t, answer.Zones, 1)
	for _, archived := range answer.Zones[0].Archive {
		switch {
		case knowsBuild && archived.Build == b.id && archived.DeploymentID == b.deploymentID:
			return archived.Live
		case !knowsBuild && archived.DeploymentID == b.deploymentID:
			return archived.PassedThrough && archived.Files >= len(b.files)
		}
	}
	return false
}
