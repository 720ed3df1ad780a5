//go:build e2e

package skew_test

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

// install puts a build into the directory that another one was served from.
func (b *build) install(t *testing.T, dir string) {
	t.Helper()
	require.NoError(t, os.RemoveAll(filepath.Join(dir, ".next")))
	for _, name := range []string{".next", "server.js", "package.json"} {
		out, err := exec.Command("cp", "-a", filepath.Join(b.dir, name), dir).CombinedOutput()
		require.NoError(t, err, string(out))
	}
}

// The commonest deploy: the directory is built again, and the process started again at its port. Nobody orders anything.
func TestADeployInPlace(t *testing.T) {
	tests := []struct{ next, old, new string }{{"16", "a1", "a2"}, {"16", "b1", "b2"}, {"15", "a1", "b1"}}
	for _, test := range tests[:harness.LongOr(2, 3)] {
		t.Run(fmt.Sprintf("Next.js %s, %s to %s", test.next, test.old, test.new), func(t *testing.T) {
			old, next := buildOf(t, test.next, test.old), buildOf(t, test.next, test.new)
			dir, actions := t.TempDir(), filepath.Join(t.TempDir(), "actions")
			modules, err := filepath.EvalSymlinks(filepath.Join(old.dir, "node_modules"))
			require.NoError(t, err)
			require.NoError(t, os.Symlink(modules, filepath.Join(dir, "node_modules")))
			old.install(t, dir)
			inPlace := *old
			inPlace.dir = dir
			app := inPlace.serve(t, actions)
			e := harness.StartEdge(t, nil, harness.Setup{
				Zones: "\t\twatch 250ms\n\t\tzone shop / " + app.Upstream() + " {\n\t\t\tbuild " + dir + "\n\t\t}\n",
			})
			s := &site{e, e.URL("")}
			open := s.openPage(t, old.name, "/")

			next.install(t, dir)
			app.Kill()
			require.NoError(t, app.StartAgain())
			t.Cleanup(func() { app.Kill() })
			require.NoError(t, app.WaitUntilReady())
			wait(t, func() bool {
				live, _ := s.deployments(t)
				return live.Build == next.id && (next.deploymentID == "" || live.DeploymentID == next.deploymentID)
			}, "the new build is live")
			live, all := s.deployments(t)
			assert.Equal(t, app.Upstream(), upstreamOf(live))
			require.Len(t, all, 2)
			assert.Equal(t, cmp.Or(old.deploymentID, old.id), all[1].ID)
			assert.Equal(t, report.StateRetired, all[1].State, "its server is gone")

			open.loadLazily(t)
			open.follow(t, "/target/1")
			open.isOf(t, next.name, "undefined")
			assert.Equal(t, 2, open.DocumentCount(), "one hard navigation")
			open.hasNoTrouble(t)
			c := openTab(t, s.base, "/act", next)
			c.setRSC(t, app.App)
			said, err := c.navigate("/target/1")
			require.NoError(t, err)
			assert.Equal(t, "shows 1 of "+next.name, said)
			c.of = old
			for _, url := range []string{old.lazy, old.picture, old.pagesStatic} {
				said, err := c.load(url)
				require.NoError(t, err)
				assert.Equal(t, "its file", said, url)
			}
		})
	}
}
