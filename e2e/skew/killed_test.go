//go:build e2e

package skew_test

import (
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// begin starts a command of its own process, which may be waiting for long.
func (s *site) begin(t *testing.T, name string, args ...string) *harness.Process {
	t.Helper()
	args = append([]string{"nextjs", name, "--zone", "shop", "--address", "localhost:" + strconv.Itoa(s.AdminPort)}, args...)
	process, err := harness.StartProcess(name, "", []string{"HOME=" + t.TempDir(), "CADDY_ADMIN="}, harness.ServerBinary(t), args...)
	require.NoError(t, err)
	t.Cleanup(process.Kill)
	return process
}

// stateOf is the state of a deployment, "" if there is none of that id.
func (s *site) stateOf(t *testing.T, id string) string {
	t.Helper()
	_, all := s.deployments(t)
	if at := slices.IndexFunc(all, func(d report.DeploymentStatus) bool { return d.ID == id }); at >= 0 {
		return all[at].State
	}
	return ""
}

// killAndRestart ends the edge with no chance to write anything, and starts it again.
func (s *site) killAndRestart(t *testing.T) {
	t.Helper()
	s.Kill()
	edgetest.Receive(t, s.Done, "the edge ends")
	s.Restart(t)
}

// serves checks that a build is live by all that can be asked, and that a tab of another goes on.
func (s *site) serves(t *testing.T, live *served, c *tab) {
	t.Helper()
	status, _ := s.deployments(t)
	require.Equal(t, live.Upstream(), upstreamOf(status))
	openTab(t, s.base, "/act", live.build)
	said, err := c.navigate("/target/1")
	require.NoError(t, err)
	require.Equal(t, "shows 1 of "+c.of.name, said, "a document that was open before")
}

func TestTheEdgeIsKilledInADeploy(t *testing.T) {
	for _, kind := range []string{"a", "b"} {
		t.Run(map[string]string{"b": "with deploymentId", "a": "without"}[kind], func(t *testing.T) { killedInADeploy(t, kind) })
	}
}

func killedInADeploy(t *testing.T, kind string) {
	actions := filepath.Join(t.TempDir(), "actions")
	old, next, last := buildOf(t, "16", kind+"1").serve(t, actions), buildOf(t, "16", kind+"2").serve(t, actions),
		buildOf(t, "16", kind+"3").serve(t, actions)
	s := startSite(t, old, true)
	c := openTab(t, s.base, "/act", old.build)
	c.setRSC(t, old.App)

	// While it waits for the new servers. The command asks again when the edge is back.
	next.Kill()
	process := s.begin(t, "deploy", append(deployArgs(next, true), "--id", "next")...)
	wait(t, func() bool { return s.stateOf(t, "next") == report.StateStarting }, "it is starting")
	s.serves(t, old, c)
	s.killAndRestart(t)
	s.serves(t, old, c)
	assert.Contains(t, []string{"", report.StateStarting, report.StateRetired}, s.stateOf(t, "next"))
	require.NoError(t, next.StartAgain())
	t.Cleanup(func() { next.Kill() })
	require.NoError(t, next.WaitUntilReady())
	edgetest.Receive(t, process.Done, "the command ends")
	require.Zero(t, process.Cmd.ProcessState.ExitCode(), process.Log.Since(0))
	s.serves(t, next, c)

	// Right after it was told that the build is live.
	s.killAndRestart(t)
	s.serves(t, next, c)
	assert.Equal(t, report.StateDraining, s.stateOf(t, inConfig))
	s.order(t, "deploy", append(deployArgs(next, true), "--id", "next")...)
	s.serves(t, next, c)

	// While the old servers drain: something is in flight there.
	stream := newCrowd(s.base)
	stream.Repeat(func(int) { stream.listen(t) })
	defer stream.Stop()
	process = s.begin(t, "retire", "--id", inConfig, "--wait", "20s")
	time.Sleep(200 * time.Millisecond)
	s.killAndRestart(t)
	edgetest.Receive(t, process.Done, "the command ends")
	status, _ := s.deployments(t)
	require.Equal(t, next.Upstream(), upstreamOf(status))
	assert.Contains(t, []string{report.StateDraining, report.StateRetired}, s.stateOf(t, inConfig))
	s.order(t, "retire", "--id", inConfig, "--now")
	assert.Equal(t, report.StateRetired, s.stateOf(t, inConfig))
	c = openTab(t, s.base, "/act", next.build)
	c.setRSC(t, next.App)
	s.serves(t, next, c)

	// At any moment of a deploy, with who ordered it and without.
	for i := range harness.LongOr(2, 12) {
		before, after, id := next, last, "last"
		if i%2 == 1 {
			before, after, id = last, next, "next"
		}
		order := append(deployArgs(after, true), "--id", id)
		process := s.begin(t, "deploy", order...)
		time.Sleep(time.Duration(i*i) * 40 * time.Millisecond)
		if i%4 < 2 {
			process.Kill()
		}
		s.killAndRestart(t)
		status, _ := s.deployments(t)
		byUpstream := map[string]*served{before.Upstream(): before, after.Upstream(): after}
		require.Contains(t, byUpstream, upstreamOf(status))
		openTab(t, s.base, "/act", byUpstream[upstreamOf(status)].build)
		edgetest.Receive(t, process.Done, "the command ends")
		if process.Cmd.ProcessState.ExitCode() != 0 {
			if i%4 >= 2 {
				assert.Contains(t, process.Log.Since(0), "no edge answers", "it had not begun")
			}
			s.order(t, "deploy", order...)
		}
		c = openTab(t, s.base, "/act", after.build)
		c.setRSC(t, after.App)
		s.serves(t, after, c)
	}
}
