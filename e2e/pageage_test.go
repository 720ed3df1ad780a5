//go:build e2e

package e2e_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// startCopy starts an application of its own from a copy of a fixture's server: what one makes of its pages the other
// does not see.
func startCopy(t *testing.T, f *fixture) *app {
	t.Helper()
	dir := t.TempDir()
	server := filepath.Join(".next", "standalone")
	require.NoError(t, os.CopyFS(filepath.Join(dir, server), os.DirFS(filepath.Join(f.dir, server))))
	// How old a page is, Next.js reads from its file: both copies begin with pages whose time is over.
	made := time.Now().Add(-time.Hour)
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		return os.Chtimes(path, made, made)
	}))
	a := &app{zone: f.zone, dir: dir, ready: f.ready}
	require.NoError(t, a.start())
	t.Cleanup(a.kill)
	require.NoError(t, a.waitUntilReady())
	return a
}

// Visitors of a page that is made again every five seconds are shown nothing older through the edge than by Next.js
// itself.
func TestNothingIsOlderThanByNextStart(t *testing.T) {
	set := fixtures(t)
	for name, f := range map[string]*fixture{"14": set.next14, "15": set.next15, "16": set.next16} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			direct, behind := startCopy(t, f), startCopy(t, f)
			e := startEdge(t, nil, setup{zones: fmt.Sprintf("\t\tzone %s %s {\n\t\t\tbuild %s\n\t\t}\n\t\tcache\n", f.zone, behind.upstream(), f.build.Dir)})
			path := f.path("/isr")
			if f == set.next15 {
				path += "/" // trailingSlash
			}
			next := time.Now()
			for visit, gap := range []time.Duration{0, 3, 7, 3, 3, 25, 3, 7, 7, 3} {
				next = next.Add(gap * time.Second)
				eventually(t, 2*patience, func() bool { return !time.Now().Before(next) }, "the time of a visit")
				shown, want := get(t, plainClient(t), e.url(path)), get(t, plainClient(t), direct.url(path))
				require.NotZero(t, madeAt(want.body), "%d %s", want.StatusCode, want.body)
				// Both were asked for a page a moment apart, so each has made its own a moment apart.
				assert.GreaterOrEqual(t, madeAt(shown.body), madeAt(want.body)-time.Second.Milliseconds(), "visit %d: %s", visit, shown.Header)
			}
		})
	}
}
