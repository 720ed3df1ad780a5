//go:build e2e

package ops_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

// Whatever the order of build, link and restart: no document is answered whose scripts are not, and no page of one
// build is kept under another.
func TestNoPageOutlivesItsScriptsInADeploy(t *testing.T) {
	first, second := harness.ShippedOf(t, "examples", "single", "app"), harness.ShippedOf(t, "examples", "multi-zone",
		"home")
	older := harness.ShippedOf(t, "e2e", "fixtures", "next14")
	for i, c := range []struct {
		name   string
		deploy func(t *testing.T, load bool)
	}{
		{"built in place, started again later", func(t *testing.T, load bool) {
			dir := t.TempDir()
			first.CopyTo(t, dir)
			d := harness.NewDeployed(t, 1, dir, dir)
			d.Sees(t, first, 0)
			if load {
				defer d.UnderLoad(t)()
			}
			mark := d.Edge.Log.Mark()
			second.CopyTo(t, dir)
			d.SaysWaiting(t, mark)
			for range 3 {
				d.VisitOf(t, second, mark)
			}
			d.Start(t, d.Ports[0], dir)
			d.Sees(t, second, mark)
		}},
		{"a link moved before the restart", func(t *testing.T, load bool) { deployByLink(t, load, true, first, second) }},
		{"a link moved after the restart", func(t *testing.T, load bool) { deployByLink(t, load, false, first, second) }},
		{"an older Next.js", func(t *testing.T, load bool) { deployByLink(t, load, true, second, older) }},
		{"two upstreams", func(t *testing.T, load bool) {
			d, link, fresh := newLinked(t, 2, first, second)
			if load {
				defer d.UnderLoad(t)()
			}
			mark := d.Edge.Log.Mark()
			moveLink(t, link, fresh)
			d.SaysWaiting(t, mark)
			d.Start(t, d.Ports[0], fresh)
			for range 20 { // some of them are answered by the one, some by the other
				d.VisitOf(t, second, mark)
			}
			require.NotContains(t, d.Edge.Log.Since(mark), "build taken")
			d.Start(t, d.Ports[1], fresh)
			d.Sees(t, second, mark)
		}},
	} {
		for _, load := range []bool{false, true} {
			if load != (i%2 == 1) && harness.LongOr(0, 1) == 0 {
				continue // in the short form each is tried in one way
			}
			t.Run(fmt.Sprintf("%s, under load %t", c.name, load), func(t *testing.T) { c.deploy(t, load) })
		}
	}
}

func moveLink(t *testing.T, link, target string) {
	t.Helper()
	require.NoError(t, os.Symlink(target, link+".new"))
	require.NoError(t, os.Rename(link+".new", link))
}

// newLinked starts an edge that goes by a link, and upstreams of the release that it names. The other one lies ready.
func newLinked(t *testing.T, upstreams int, from, to harness.Shipped) (d *harness.Deployed, link, fresh string) {
	t.Helper()
	old := t.TempDir()
	fresh, link = t.TempDir(), filepath.Join(t.TempDir(), "current")
	from.CopyTo(t, old)
	to.CopyTo(t, fresh)
	moveLink(t, link, old)
	d = harness.NewDeployed(t, upstreams, link, old)
	d.Sees(t, from, 0)
	return d, link, fresh
}

// deployByLink deploys a release by moving a link, before or after the application is started again.
func deployByLink(t *testing.T, load, linkFirst bool, from, to harness.Shipped) {
	d, link, fresh := newLinked(t, 1, from, to)
	if load {
		defer d.UnderLoad(t)()
	}
	mark := d.Edge.Log.Mark()
	visitSome := func() {
		for range 3 {
			d.VisitOf(t, to, mark)
		}
	}
	if linkFirst {
		moveLink(t, link, fresh)
		d.SaysWaiting(t, mark)
		visitSome()
		d.Start(t, d.Ports[0], fresh)
	} else {
		d.Start(t, d.Ports[0], fresh)
		visitSome()
		moveLink(t, link, fresh)
	}
	d.Sees(t, to, mark)
}
