//go:build e2e

package e2e_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// One application and the one line of examples/single, as its README starts them.
func TestOneLineIsEnoughForOneApplication(t *testing.T) {
	example := filepath.Join(repository(), "examples", "single")
	ferry := &app{zone: "single", dir: filepath.Join(example, "app"), ready: "/"}
	require.NoError(t, ferry.start())
	t.Cleanup(ferry.kill)
	port, err := freePort()
	require.NoError(t, err)
	home := t.TempDir()
	env := []string{
		fmt.Sprintf("DEMO_PORT=%d", port), fmt.Sprintf("APP_PORT=%d", ferry.port),
		"HOME=" + home, "XDG_DATA_HOME=" + home, "XDG_CONFIG_HOME=" + home,
	}
	caddy, err := startProcess("caddy", example, env, serverBinary(t), "run")
	require.NoError(t, err)
	t.Cleanup(caddy.kill)
	require.NoError(t, ferry.waitUntilReady())
	eventually(t, patience, func() bool { return !refuses(port) }, "Caddy listens")

	client := plainClient(t)
	url := func(path string) string { return fmt.Sprintf("http://localhost:%d%s", port, path) }
	front := get(t, client, url("/"))
	assert.Equal(t, http.StatusOK, front.StatusCode)
	assert.Contains(t, front.body, "The boat to Ostrey")
	assert.Contains(t, get(t, client, url("/api/hello")).body, `"hello":"Ostrey"`)
	radio := open(t, client, request(t, within(t, patience), http.MethodGet, url("/stream"), nil), "HTTP/1.1", "gzip")
	radio.readUntil(t, "You hear the sea first")
	assert.Contains(t, radio.readToEnd(t), `data-testid="call"`)
}
