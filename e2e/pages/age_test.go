//go:build e2e

package pages_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// agedCopy is a copy of a fixture whose pages are out of date: how old one is, Next.js reads from its file.
func agedCopy(t *testing.T, f *harness.Fixture) *harness.App {
	t.Helper()
	a, made := harness.CopyOf(t, f), time.Now().Add(-time.Hour)
	build := filepath.Join(a.Dir, ".next")
	require.NoError(t, filepath.WalkDir(build, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		return os.Chtimes(path, made, made)
	}))
	return a
}

// Visitors of a page that is made again every five seconds are shown nothing older through the edge than by Next.js
// itself.
func TestNothingIsOlderThanByNextStart(t *testing.T) {
	set := harness.Fixtures(t)
	for name, f := range map[string]*harness.Fixture{"14": set.Next14, "15": set.Next15, "16": set.Next16} {
		// All start before the first visit: a server that starts would delay the visits of others.
		direct, behind := agedCopy(t, f), agedCopy(t, f)
		harness.ServeAll(t, direct, behind)
		e := harness.StartEdge(t, nil, harness.Setup{Zones: fmt.Sprintf("\t\tzone %s %s {\n\t\t\tbuild %s\n\t\t}\n\t\tcache\n", f.Zone, behind.Upstream(), f.Build.Dir)})
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := f.Path("/isr")
			if f == set.Next15 {
				path += "/" // trailingSlash
			}
			next := time.Now()
			for visit, gap := range []time.Duration{0, 3, 7, 3, 3, 25, 3, 7, 7, 3} {
				next = next.Add(gap * time.Second)
				edgetest.Eventually(t, 2*edgetest.Patience, func() bool { return !time.Now().Before(next) }, "the time of a visit")
				shown, want := edgetest.Get(t, edgetest.PlainClient(t), e.URL(path)), edgetest.Get(t, edgetest.PlainClient(t),
					direct.URL(path))
				require.NotZero(t, madeAt(want.Text), "%d %s", want.StatusCode, want.Text)
				// Both were asked for a page a moment apart, so each has made its own a moment apart.
				assert.GreaterOrEqual(t, madeAt(shown.Text), madeAt(want.Text)-time.Second.Milliseconds(), "visit %d: %s", visit, shown.Header)
			}
		})
	}
}
