package caddymodule

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// Two sites that have one application look after its upstreams in one way; who says two is told which one counts.
func TestSitesThatWantAZoneLookedAfterInTwoWaysAreSaid(t *testing.T) {
	app, port, log := edgetest.Named(t, "x"), edgetest.FreePort(t), filepath.Join(t.TempDir(), "log")
	e := edgetest.New(t)
	t.Cleanup(func() { require.NoError(t, caddy.Stop()) })
	// The test's edge has its site at a plain and at an encrypted address; the other one is at a third.
	warnings := func(first, other string) (lines []string) {
		t.Helper()
		before, _ := os.ReadFile(log) // there is none at first
		globals := fmt.Sprintf("log {\n output file %s\n format json\n}\n}\nhttp://127.0.0.1:%s {\n nextjs %s {\n %s\n }", log, port, app, other)
		require.NoError(t, e.Load(t, fmt.Sprintf("nextjs %s {\n %s\n}", app, first), globals))
		text, err := os.ReadFile(log)
		require.NoError(t, err)
		for line := range strings.Lines(string(text[len(before):])) {
			if strings.Contains(line, "two sites have one zone") {
				lines = append(lines, line)
			}
		}
		return lines
	}
	assert.Empty(t, warnings("health /up", "health /up {\n interval 2s\n }"), "they come to the same")
	assert.Empty(t, warnings("health off", "slow_start off"), "requests of each are spread as it says")
	lines := warnings("health /up", "health /down\n eject off\n refresh 3s")
	require.Len(t, lines, 1)
	assert.Contains(t, lines[0], `"zone":"root"`)
	assert.Contains(t, lines[0], fmt.Sprintf(`"sites":["https://localhost at :%s","http://127.0.0.1 at :%s"]`, e.TLSPort, port))
	assert.Contains(t, lines[0], `"settings":["health","eject","refresh"]`)
	for _, wishes := range running.app().wishes() {
		assert.Equal(t, "/up", wishes[0].watch.Health.Path, "as the encrypted site says")
	}
}
