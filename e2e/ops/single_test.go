//go:build e2e

package ops_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// One application and the one line of examples/single, as its README starts them.
func TestOneLineIsEnoughForOneApplication(t *testing.T) {
	example := filepath.Join(harness.Repository(), "examples", "single")
	ferry := &harness.App{Zone: "single", Dir: filepath.Join(example, "app"), Ready: "/"}
	ferry.Serve(t)
	port, err := edgetest.FindPort()
	require.NoError(t, err)
	home := t.TempDir()
	env := []string{
		fmt.Sprintf("DEMO_PORT=%d", port), fmt.Sprintf("APP_PORT=%d", ferry.Port),
		"HOME=" + home, "XDG_DATA_HOME=" + home, "XDG_CONFIG_HOME=" + home,
	}
	caddy, err := harness.StartProcess("caddy", example, env, harness.ServerBinary(t), "run")
	require.NoError(t, err)
	t.Cleanup(caddy.Kill)
	edgetest.Eventually(t, edgetest.Patience, func() bool { return !refuses(port) }, "Caddy listens")

	client := edgetest.PlainClient(t)
	url := func(path string) string { return fmt.Sprintf("http://localhost:%d%s", port, path) }
	front := edgetest.Get(t, client, url("/"))
	assert.Equal(t, http.StatusOK, front.StatusCode)
	assert.Contains(t, front.Text, "The boat to Ostrey")
	assert.Contains(t, edgetest.Get(t, client, url("/api/hello")).Text, `"hello":"Ostrey"`)
	radio := harness.Open(t, client, edgetest.Request(t, edgetest.Within(t, edgetest.Patience), http.MethodGet,
		url("/stream"), nil), edgetest.H1, "gzip")
	radio.ReadUntil(t, "You hear the sea first")
	assert.Contains(t, radio.ReadToEnd(t), `data-testid="call"`)
}
