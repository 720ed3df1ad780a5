//go:build e2e

package ops_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// The Caddyfile of the image in front of a real application, by the variables that docs/delivery.md names. The image
// itself is tested by scripts/test-image.sh.
func TestTheCaddyfileOfTheImageServesAnApplication(t *testing.T) {
	f := harness.NextApps(t)
	ports := make([]int, 3)
	for i := range ports {
		var err error
		ports[i], err = edgetest.FindPort()
		require.NoError(t, err)
	}
	site, health, admin := ports[0], ports[1], ports[2]
	state := t.TempDir()
	env := []string{
		"HOME=" + state, "XDG_DATA_HOME=" + state, "XDG_CONFIG_HOME=" + state,
		fmt.Sprintf("NEXTJS_SITE=:%d", site), fmt.Sprintf("NEXTJS_HEALTH_PORT=%d", health),
		"NEXTJS_UPSTREAM=" + f.Home.Upstream(),
		fmt.Sprintf("NEXTJS_GLOBAL_OPTIONS=admin localhost:%d", admin), "NEXTJS_SHUTDOWN_DELAY=1s",
	}
	image := filepath.Join(harness.Repository(), "caddy-build", "image")
	caddy, err := harness.StartProcess("caddy", image, env, harness.ServerBinary(t), "run")
	require.NoError(t, err)
	t.Cleanup(caddy.Kill)
	caddy.ShowLogOnFailure(t)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: edgetest.Patience}
	at := func(port int, path string) string { return fmt.Sprintf("http://localhost:%d%s", port, path) }
	edgetest.Eventually(t, edgetest.Patience, func() bool { return statusOf(client, at(health, "/readyz")) == http.StatusOK }, "it is ready")

	assert.Equal(t, http.StatusOK, edgetest.Get(t, client, at(site, f.Home.Ready)).StatusCode)
	assert.Equal(t, http.StatusNotFound, edgetest.Get(t, client, at(site, "/healthz")).StatusCode, "probes are not on the application's port")
	healthcheck := func() error {
		cmd := exec.Command(filepath.Join(image, "healthcheck"))
		cmd.Env = append(os.Environ(), env...)
		return cmd.Run()
	}
	assert.NoError(t, healthcheck())

	caddy.Terminate(t)
	edgetest.Eventually(t, edgetest.Patience, func() bool { return statusOf(client, at(health, "/readyz")) == http.StatusServiceUnavailable }, "it turns unready")
	assert.Equal(t, http.StatusOK, edgetest.Get(t, client, at(site, f.Home.Ready)).StatusCode, "it serves on")
	edgetest.Receive(t, caddy.Done, "the process ends")
	assert.Zero(t, caddy.Cmd.ProcessState.ExitCode())
	assert.Error(t, healthcheck())
}

// What the units of examples/systemd count on: Type=notify, ExecReload and SIGTERM.
func TestSystemdIsTold(t *testing.T) {
	f := harness.NextApps(t)
	dir := t.TempDir()
	address := filepath.Join(dir, "notify.sock")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: address, Net: "unixgram"})
	require.NoError(t, err)
	defer socket.Close()
	messages := make(chan string, 64)
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := socket.Read(buffer)
			if err != nil {
				return
			}
			messages <- string(buffer[:n])
		}
	}()
	told := func(what string) {
		t.Helper()
		for deadline := time.After(edgetest.Patience); ; {
			select {
			case message := <-messages:
				if strings.Contains(message, what) {
					return
				}
			case <-deadline:
				require.FailNow(t, "systemd is not told "+what)
			}
		}
	}
	port, err := edgetest.FindPort()
	require.NoError(t, err)
	admin, err := edgetest.FindPort()
	require.NoError(t, err)
	file := filepath.Join(dir, "Caddyfile")
	write := func(text string) {
		require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, "{\n\tadmin localhost:%d\n}\nhttp://localhost:%d {\n\t%s\n}\n", admin, port, text), 0o600))
	}
	write("nextjs " + f.Home.Upstream())
	env := []string{"NOTIFY_SOCKET=" + address, "HOME=" + dir, "XDG_DATA_HOME=" + dir, "XDG_CONFIG_HOME=" + dir}
	caddy, err := harness.StartProcess("caddy", dir, env, harness.ServerBinary(t), "run", "--config", file)
	require.NoError(t, err)
	t.Cleanup(caddy.Kill)
	caddy.ShowLogOnFailure(t)
	told("READY=1")
	reload := func() error {
		return exec.Command(harness.ServerBinary(t), "reload", "--config", file, "--force").Run()
	}
	require.NoError(t, reload())
	told("RELOADING=1")
	told("READY=1")
	write("nextjs")
	require.Error(t, reload(), "systemctl reload says that the Caddyfile is wrong")
	require.True(t, caddy.Running())
	caddy.Terminate(t)
	told("STOPPING=1")
	edgetest.Receive(t, caddy.Done, "the process ends")
	assert.Zero(t, caddy.Cmd.ProcessState.ExitCode())
}

// systemd's own reader finds nothing wrong with the units.
func TestSystemdTakesTheUnits(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not here, it comes with systemd")
	}
	root := t.TempDir()
	units := filepath.Join(root, "etc", "systemd", "system")
	// The units of this machine that ours name, and the commands they start.
	theirs := filepath.Join(root, "usr", "lib", "systemd")
	require.NoError(t, os.MkdirAll(theirs, 0o750))
	require.NoError(t, exec.Command("cp", "-a", "/lib/systemd/system", theirs).Run())
	require.NoError(t, os.CopyFS(units, os.DirFS(filepath.Join(harness.Repository(), "examples", "systemd"))))
	for _, command := range []string{"usr/local/bin/caddy-nextjs", "usr/bin/node"} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, filepath.Dir(command)), 0o750))
		require.NoError(t, os.WriteFile(filepath.Join(root, command), []byte("#!/bin/sh\n"), 0o700))
	}
	out, err := exec.Command(analyze, "verify", "--man=no", "--root="+root, "caddy-nextjs.service", "nextjs@shop.service").CombinedOutput()
	assert.NoError(t, err, "%s", out)
	assert.Empty(t, string(out))
	for _, unit := range []string{"caddy-nextjs.service", "nextjs@.service"} {
		// 2.5 of 10: what systemd calls OK, with room for what later versions look at.
		out, err := exec.Command(analyze, "security", "--offline=true", "--no-pager", "--threshold=25", filepath.Join(units, unit)).CombinedOutput()
		assert.NoError(t, err, "%s", out)
	}
}
