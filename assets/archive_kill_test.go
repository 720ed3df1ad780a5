//go:build unix

package assets

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// archivingEnv names the variable by which the test's binary learns that it is to archive builds, and where.
const archivingEnv = "ASSETS_TEST_ARCHIVE_IN"

// The process archives builds until it is killed, if it has been started by the test.
func init() {
	if dir := os.Getenv(archivingEnv); dir != "" {
		archiveForEver(dir)
	}
}

// killedBound is the bound of the archive (bytes): every third build or so pushes another one out.
const killedBound = 2_000_000

// killedFiles are those of a build.
func killedFiles(build int) map[string]string {
	files := map[string]string{}
	for i := range 8 {
		files[fmt.Sprintf("static/chunks/shared-%d.js", i)] = contentOf(fmt.Sprint("shared", i), 50_000)
		files[fmt.Sprintf("static/chunks/%d-%d.js", build, i)] = contentOf(fmt.Sprint(build, "-", i), 50_000)
	}
	return files
}

// archiveForEver archives builds. It says "done BUILD" for each.
func archiveForEver(dir string) {
	a := newArchive(filepath.Join(dir, "archive"), zap.NewNop())
	a.SetLimits(killedBound, 0)
	build := filepath.Join(dir, "build")
	for {
		n := rand.IntN(1000)
		mustBe(os.RemoveAll(build))
		mustBe(buildtest.WriteTo(build, buildtest.Build{Files: killedFiles(n)}))
		read, err := nextbuild.Read(build)
		mustBe(err)
		set, err := NewSet(read, Settings{})
		mustBe(err)
		fmt.Println("begin", n)
		a.Add(shop, "", set)
		a.work(context.Background())
		fmt.Println("done", n)
		mustBe(set.Close())
	}
}

func mustBe(err error) {
	if err != nil {
		panic(err)
	}
}

// TestKilledWhileItArchives kills a process that archives, again and again: each build that is found is whole, the last
// one that was done is there, and nothing is left over.
func TestKilledWhileItArchives(t *testing.T) {
	kills := 20
	if os.Getenv("E2E_LONG") != "" {
		kills = 200
	}
	dir, interrupted, found := t.TempDir(), 0, 0
	for range kills {
		process := exec.Command(os.Args[0])
		process.Env = append(os.Environ(), archivingEnv+"="+dir)
		process.Stderr = os.Stderr
		out, err := process.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, process.Start())
		t.Cleanup(func() { _ = process.Process.Kill() }) // it may have ended
		lines := bufio.NewScanner(out)
		require.True(t, lines.Scan())
		time.Sleep(time.Duration(rand.IntN(150)) * time.Millisecond)
		require.NoError(t, process.Process.Kill())
		last := -1
		for begun := true; begun; begun = lines.Scan() {
			if n := 0; strings.HasPrefix(lines.Text(), "done") {
				_, err := fmt.Sscanf(lines.Text(), "done %d", &n)
				require.NoError(t, err)
				last = n
			}
		}
		require.Error(t, process.Wait())
		left, err := os.ReadDir(filepath.Join(dir, "archive", archiveTmp))
		require.NoError(t, err)
		interrupted += len(left)

		a := openArchive(t, filepath.Join(dir, "archive"))
		require.Empty(t, a.messages())
		a.SetLimits(killedBound, 0)
		a.work(t.Context())
		a.requireConsistent(t)
		found += requireWhole(t, a, last)
		require.Empty(t, a.messages())
		require.NoError(t, a.Close())
		a.lock = nil
	}
	t.Logf("%d kills left a file half written; %d builds were found afterwards", interrupted, found)
	require.Positive(t, found)
}

// requireWhole asks for all files of all builds there are, and returns how many there are. last is among them, unless
// it is negative.
func requireWhole(t *testing.T, a testArchive, last int) (builds int) {
	t.Helper()
	for n := range 1000 {
		if a.has(fmt.Sprintf("%d-0", n)) == "" {
			require.NotEqual(t, last, n)
			continue
		}
		builds++
		for name, content := range killedFiles(n) {
			require.True(t, content == a.get(t, shop, strings.TrimPrefix(name, "static/")), name)
		}
	}
	return builds
}
