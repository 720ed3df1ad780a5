//go:build e2e

package skew_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// refuses checks that a deploy fails and changes nothing.
func (s *site) refuses(t *testing.T, live *build, args ...string) (why string) {
	t.Helper()
	before, _ := s.deployments(t)
	_, why = s.command(t, "deploy", args...)
	require.NotEmpty(t, why)
	after, all := s.deployments(t)
	assert.Equal(t, before.ID, after.ID)
	for _, d := range all {
		if d.ID != after.ID {
			assert.Equal(t, report.StateRetired, d.State, "%s was never live", d.ID)
		}
	}
	c := openTab(t, s.base, "/act", live)
	said, err := c.where("/api/where", c.says()...)
	require.NoError(t, err)
	assert.Equal(t, "answer of "+live.name, said)
	return why
}

func TestADeployThatIsRefusedChangesNothing(t *testing.T) {
	actions := filepath.Join(t.TempDir(), "actions")
	old, other := buildOf(t, "16", "b1").serve(t, actions), buildOf(t, "16", "b2")
	s := startSite(t, old, true)
	port, err := edgetest.FindPort()
	require.NoError(t, err)
	nobody := (&harness.App{Port: port}).Upstream()

	t.Run("nobody answers", func(t *testing.T) {
		why := s.refuses(t, old.build, "--to", nobody, "--build", other.dir, "--timeout", "2s")
		assert.Contains(t, why, nobody)
	})
	t.Run("its server runs another build, with deploymentId", func(t *testing.T) {
		again := old.serve(t, actions)
		why := s.refuses(t, old.build, "--to", again.Upstream(), "--build", other.dir, "--timeout", "10s")
		assert.Contains(t, why, "b1")
		assert.Contains(t, why, "b2")
	})
	t.Run("its server runs another build, without", func(t *testing.T) {
		wrong := buildOf(t, "16", "a1").serve(t, actions)
		s.refuses(t, old.build, "--to", wrong.Upstream(), "--build", buildOf(t, "16", "a2").dir, "--timeout", "10s")
	})
	t.Run("a directory without a build", func(t *testing.T) {
		s.refuses(t, old.build, "--to", old.Upstream(), "--build", t.TempDir(), "--timeout", "10s")
	})
	t.Run("another deploy of the zone runs", func(t *testing.T) {
		process := s.begin(t, "deploy", "--to", nobody, "--id", "waits", "--timeout", "60s")
		wait(t, func() bool { return s.stateOf(t, "waits") == report.StateStarting }, "it is starting")
		next := other.serve(t, actions)
		_, why := s.command(t, "deploy", deployArgs(next, true)...)
		assert.Contains(t, why, "another deploy of the zone")
		live, _ := s.deployments(t)
		assert.Equal(t, inConfig, live.ID)
		assert.True(t, process.Running())
	})
}
