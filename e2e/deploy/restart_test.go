//go:build e2e

package deploy_test

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// supervisor restarts replicas for who asks it, as the command of a rolling restart does.
type supervisor struct {
	url  string
	apps []*harness.App

	mu      sync.Mutex
	asked   []string // the ports, in the order in which they were asked for
	refuses string   // the port of one that it does not restart
	look    func()   // before it restarts one; nil: it does not
}

// supervise starts a supervisor of replicas.
func supervise(t *testing.T, apps []*harness.App) *supervisor {
	t.Helper()
	s := &supervisor{apps: apps}
	s.url = "http://" + edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if err := s.restart(r.URL.Query().Get("port")); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	return s
}

// restart ends the replica of a port, and starts it again without waiting until it is ready.
func (s *supervisor) restart(port string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, port)
	if s.look != nil {
		s.look()
	}
	if port == s.refuses {
		return fmt.Errorf("no unit of port %s", port)
	}
	for _, app := range s.apps {
		if strconv.Itoa(app.Port) == port {
			if err := app.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
				return err
			}
			<-app.Done
			return app.StartAgain()
		}
	}
	return fmt.Errorf("no replica has the port %s", port)
}

// ports are those that it was asked for.
func (s *supervisor) ports() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// command is what a rolling restart is to run.
func (s *supervisor) command() string {
	return `echo restarting $NEXTJS_UPSTREAM; curl --silent --show-error --fail-with-body "` + s.url + `/?port=$NEXTJS_PORT"`
}

// Three replicas are restarted by one command. Nobody gets an error, and each is back before the next one is out.
func TestARollingRestartLosesNothing(t *testing.T) {
	t.Parallel()
	apps, e, l := startReplicas(t, 3)
	s := supervise(t, apps)
	s.look = func() {
		states := map[string]int{}
		for _, app := range apps {
			states[stateIn(t, e, app.Upstream())]++
		}
		assert.Equal(t, map[string]int{"draining": 1, "healthy": 2}, states)
	}
	said := command(t, e, "rolling-restart", "root", "--exec", s.command())
	var ports []string
	for _, app := range apps {
		ports = append(ports, strconv.Itoa(app.Port))
		assert.Contains(t, said, fmt.Sprintf("%s | restarting %[1]s\n", app.Upstream()))
		assert.Equal(t, "healthy", stateIn(t, e, app.Upstream()))
	}
	assert.Equal(t, ports, s.ports())
	assert.True(t, strings.HasSuffix(said, "Restarted all of root: "+strings.Join(upstreamsOf(apps), ", ")+"\n"), said)
	time.Sleep(time.Second)
	harness.RequireNoneFailed(t, l.Stop())
}

// The second replica is not restarted: it stays out, the third one is left alone, and the command says so.
func TestARollingRestartWhoseSecondCommandFails(t *testing.T) {
	t.Parallel()
	apps, e, l := startReplicas(t, 3)
	s := supervise(t, apps)
	s.refuses = strconv.Itoa(apps[1].Port)
	first, third := apps[0].Process, apps[2].Process
	_, failure := harness.NextjsCommand(t, "rolling-restart", "root", "--exec", s.command(), "--address", "localhost:"+strconv.Itoa(e.AdminPort))
	assert.Contains(t, failure, apps[1].Upstream()+" stays out of rotation: its command has failed: exit status 22\n"+
		"The last lines of its command:\n  restarting "+apps[1].Upstream()+"\n")
	assert.Contains(t, failure, "  no unit of port "+s.refuses+"\n")
	assert.Contains(t, failure, "Restarted: "+apps[0].Upstream()+"\nNot begun: "+apps[2].Upstream()+"\n")
	assert.Contains(t, failure, "caddy nextjs undrain "+apps[1].Upstream())
	assert.Len(t, s.ports(), 2)
	assert.NotSame(t, first, apps[0].Process)
	assert.Same(t, third, apps[2].Process)
	time.Sleep(time.Second)
	for i, want := range []string{"healthy", "draining", "healthy"} {
		assert.Equal(t, want, stateIn(t, e, apps[i].Upstream()))
	}
	assert.Empty(t, statusIn(t, e, apps[1].Upstream()).Holder, "it stays out by itself")
	harness.RequireNoneFailed(t, l.Stop())
}

// startRestart starts a rolling restart as a process of its own, whose command is begun and does not end.
func startRestart(t *testing.T, e *harness.Edge, app *harness.App, exec string) *harness.Process {
	t.Helper()
	process, err := harness.StartProcess("rolling restart", "", []string{"HOME=" + t.TempDir(), "CADDY_ADMIN="}, harness.ServerBinary(t),
		"nextjs", "rolling-restart", "root", "--exec", exec, "--address", "localhost:"+strconv.Itoa(e.AdminPort))
	require.NoError(t, err)
	t.Cleanup(process.Kill)
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		return strings.Contains(process.Log.Since(0), app.Upstream()+" | begun\n")
	}, "the command has begun")
	status := statusIn(t, e, app.Upstream())
	require.Equal(t, "draining", status.State)
	require.Contains(t, status.Why, "taken out of rotation by rolling-restart@")
	return process
}

// A rolling restart that is killed leaves no replica out.
func TestARollingRestartThatIsKilled(t *testing.T) {
	t.Parallel()
	apps, e, l := startReplicas(t, 3)
	left := t.TempDir() + "/pid"
	process := startRestart(t, e, apps[0], "echo $$ > "+left+"; echo begun; exec sleep 600")
	t.Cleanup(func() { endByPID(t, left) })
	time.Sleep(16 * time.Second)
	require.Equal(t, "draining", stateIn(t, e, apps[0].Upstream()), "the lease is renewed")
	process.Kill()
	require.Equal(t, "draining", stateIn(t, e, apps[0].Upstream()), "nobody knows yet")
	edgetest.Eventually(t, edgetest.Patience, func() bool { return stateIn(t, e, apps[0].Upstream()) == "healthy" }, "it is put back")
	for _, app := range apps[1:] {
		assert.Equal(t, "healthy", stateIn(t, e, app.Upstream()))
	}
	harness.RequireNoneFailed(t, l.Stop())
}

// endByPID ends the process whose number is in a file.
func endByPID(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	require.NoError(t, err)
	assert.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
}

// One that is told to end tells its command, and waits for it.
func TestARollingRestartThatIsToldToEnd(t *testing.T) {
	t.Parallel()
	apps, e, l := startReplicas(t, 3)
	process := startRestart(t, e, apps[0], "trap 'echo told; exit 0' INT; echo begun; sleep 600")
	require.NoError(t, process.Cmd.Process.Signal(syscall.SIGINT))
	edgetest.Receive(t, process.Done, "it ends")
	assert.Equal(t, 1, process.Cmd.ProcessState.ExitCode())
	said := process.Log.Since(0)
	assert.Contains(t, said, apps[0].Upstream()+" | told\n")
	assert.Contains(t, said, "ended by the signal: interrupt\n")
	assert.Contains(t, said, fmt.Sprintf("Not begun: %s, %s", apps[1].Upstream(), apps[2].Upstream()))
	edgetest.Eventually(t, edgetest.Patience, func() bool { return stateIn(t, e, apps[0].Upstream()) == "healthy" }, "it is put back")
	harness.RequireNoneFailed(t, l.Stop())
}

// The only replica of a zone is restarted so, too: requests wait meanwhile.
func TestARollingRestartOfTheOnlyReplica(t *testing.T) {
	t.Parallel()
	apps, e, l := startReplicas(t, 1, "queue 1000 30s")
	time.Sleep(time.Second)
	command(t, e, "rolling-restart", "root", "--exec", supervise(t, apps).command())
	time.Sleep(time.Second)
	harness.RequireNoneFailed(t, l.Stop())
}
