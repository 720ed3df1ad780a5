//go:build e2e

package files_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

func sourceSeries(zone, source string) string {
	return fmt.Sprintf(`caddy_nextjs_static_requests_total{source=%q,zone=%q}`, source, zone)
}

// The edge does not know the build: each immutable file is fetched once, however many ask, and is the same as the
// application's.
func TestFilesThatPassThroughAreFetchedOnce(t *testing.T) {
	f := harness.NextApps(t)
	build, err := nextbuild.Read(filepath.Join(f.Home.Dir, ".next"))
	require.NoError(t, err)
	state := t.TempDir()
	s := harness.Setup{
		Global: fmt.Sprintf("\tnextjs {\n\t\tstate %s\n\t}\n", state),
		Zones:  "\t\tzone / " + f.Home.Upstream() + "\n",
	}
	e := harness.StartEdge(t, nil, s)
	var files []string
	for _, path := range build.Static {
		if strings.HasPrefix(path, "/_next/static/chunks/") || strings.HasPrefix(path, "/_next/static/media/") {
			files = append(files, path)
		}
	}
	require.Greater(t, len(files), 10)
	var group sync.WaitGroup
	for _, coding := range append([]string{"identity"}, harness.Codings...) {
		client := edgetest.PlainClient(t)
		group.Go(func() {
			for _, path := range files {
				assert.Equal(t, http.StatusOK, edgetest.Get(t, client, e.URL(path), "Accept-Encoding", coding).StatusCode, path)
			}
		})
	}
	group.Wait()
	assert.EqualValues(t, len(files), e.Metric(t, sourceSeries("root", "upstream")))
	copiesMade(t, e)
	var wanted []wantedFile
	for _, path := range files {
		content, err := os.ReadFile(filepath.Join(build.StaticDir, strings.TrimPrefix(path, "/_next/static/")))
		require.NoError(t, err)
		wanted = append(wanted, wantedFile{path, string(content), immutable, http.StatusOK})
	}
	askForAll(t, e, wanted)
	for _, path := range files {
		through, direct := edgetest.Get(t, edgetest.PlainClient(t), e.URL(path)), edgetest.Get(t, edgetest.PlainClient(t),
			f.Home.URL(path))
		assert.Empty(t, harness.Differences(through, direct), path)
	}
	assert.EqualValues(t, len(files), e.Metric(t, sourceSeries("root", "upstream")))

	// Another process finds them.
	e.Kill()
	again := harness.StartEdge(t, nil, s)
	askForAll(t, again, wanted)
	assert.Zero(t, again.Metric(t, sourceSeries("root", "upstream")))
	assert.Positive(t, again.Metric(t, sourceSeries("root", "kept")))
}

// The state directory is on a full disk: everything is served, nothing is kept on it, and that is said once.
func TestAFullDiskCostsNothingButSpeed(t *testing.T) {
	state := t.TempDir()
	if output, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", state).CombinedOutput(); err != nil {
		t.Skipf("a small file system can be mounted by root only: %s", output)
	}
	t.Cleanup(func() { assert.NoError(t, exec.Command("umount", "--lazy", state).Run()) })
	filler := make([]byte, 128<<10)
	for os.WriteFile(filepath.Join(state, "filler"), filler, 0o600) != nil && len(filler) > 1024 {
		filler = filler[:len(filler)/2]
	}
	e, builds := harness.FilesEdge(t, fmt.Sprintf("\tnextjs {\n\t\tstate %s\n\t}\n", state))
	askForAll(t, e, wantedFiles(t, builds))
	copiesMade(t, e)
	askForAll(t, e, wantedFiles(t, builds))
	warnings := map[string]int{}
	for line := range strings.Lines(e.Log.Since(0)) {
		var entry struct{ Level, Logger, Msg string }
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Level == "warn" && strings.Contains(line, "store") {
			warnings[entry.Logger]++
		}
	}
	assert.Equal(t, map[string]int{"nextjs.files": 1, "nextjs.pages": 1}, warnings, "each store says it once\n%s",
		e.Log.Since(0))
}
