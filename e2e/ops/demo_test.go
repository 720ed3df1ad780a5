//go:build e2e

package ops_test

import (
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// What `make demo` runs after it has built everything: it serves all zones, and leaves no process behind however it
// ends.
func TestTheDemoServesEveryZoneAndLeavesNothingBehind(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(signal.String(), func(t *testing.T) {
			var env []string
			ports := map[string]int{}
			for _, name := range []string{"DEMO_PORT", "DEMO_ADMIN_PORT", "HOME_PORT", "BLOG_PORT", "SHOP_PORT"} {
				port, err := edgetest.FindPort()
				require.NoError(t, err)
				ports[name] = port
				env = append(env, fmt.Sprintf("%s=%d", name, port))
			}
			demo, err := harness.StartProcess("the demo", harness.Repository(), append(env, "HOME="+t.TempDir()),
				"scripts/demo.sh")
			require.NoError(t, err)
			t.Cleanup(demo.Kill)
			edgetest.Eventually(t, 2*edgetest.Patience, func() bool {
				return strings.Contains(demo.Log.Since(0),
					"Ctrl-C stops")
			}, "%s", demo.Log.Since(0))

			for _, path := range []string{"/", "/blog", "/shop"} {
				res, err := http.Get(fmt.Sprintf("http://localhost:%d%s", ports["DEMO_PORT"], path))
				require.NoError(t, err)
				require.NoError(t, res.Body.Close())
				assert.Equal(t, http.StatusOK, res.StatusCode, path)
			}
			if signal == syscall.SIGINT {
				runPrinted(t, demo.Log.Since(0))
			}
			require.NoError(t, demo.Cmd.Process.Signal(signal))
			<-demo.Done
			if signal != syscall.SIGKILL {
				assert.Equal(t, 0, demo.Cmd.ProcessState.ExitCode(), "%s", demo.Log.Since(0))
			}
			for name, port := range ports {
				edgetest.Eventually(t, edgetest.Patience, func() bool { return refuses(port) }, "something still listens on %s", name)
			}
		})
	}
}

// runPrinted runs the commands that the demo prints to try beside it, as they are printed.
func runPrinted(t *testing.T, log string) {
	t.Helper()
	want := map[string][]string{
		"explain": {"zone      blog, build ", "verdict page"},
		"files":   {"Zone home: /,", "Zone blog: /blog ", "Zone shop: /shop", "Served from the directory"},
		"image":   {"zone", "blog", "image/"},
	}
	for line := range strings.Lines(log) {
		words := strings.Fields(line)
		if len(words) < 3 || words[0] != "bin/caddy" {
			continue
		}
		cmd := exec.Command("bash", "-c", line)
		cmd.Dir = harness.Repository()
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s: %s", line, out)
		for _, text := range want[words[2]] {
			assert.Contains(t, string(out), text, line)
		}
		delete(want, words[2])
	}
	assert.Empty(t, want, "printed: %s", log)
}

func TestTheDemoSaysWhichPortIsTaken(t *testing.T) {
	listener, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	// The other ports are free, or this test would be about one of them.
	env := []string{fmt.Sprintf("BLOG_PORT=%d", port)}
	for _, name := range []string{"DEMO_PORT", "DEMO_ADMIN_PORT", "HOME_PORT", "SHOP_PORT"} {
		free, err := edgetest.FindPort()
		require.NoError(t, err)
		env = append(env, fmt.Sprintf("%s=%d", name, free))
	}
	demo, err := harness.StartProcess("the demo", harness.Repository(), env, "scripts/demo.sh")
	require.NoError(t, err)
	t.Cleanup(demo.Kill)
	<-demo.Done
	assert.NotZero(t, demo.Cmd.ProcessState.ExitCode())
	assert.Contains(t, demo.Log.Since(0), fmt.Sprintf("port %d is in use: stop what listens there, or choose another with BLOG_PORT=", port))
}
