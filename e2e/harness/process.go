//go:build e2e

package harness

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Process is a server that the tests started. It leads a process group, so that nothing it started outlives it.
type Process struct {
	Name string
	Cmd  *exec.Cmd
	Log  *LogBuffer
	Done chan struct{} // closed when it has ended
}

var (
	processesMu sync.Mutex
	processes   []*Process
)

// spawner starts every process from one thread that lives as long as the tests: the kernel kills the children of a
// thread that ends (see dieWithParent).
var spawner = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})

// StartProcess starts a program in dir, with env added to the environment of the tests. It runs until Kill or the end
// of the package's tests.
func StartProcess(name, dir string, env []string, bin string, args ...string) (*Process, error) {
	p := &Process{Name: name, Cmd: exec.Command(bin, args...), Log: new(LogBuffer), Done: make(chan struct{})}
	p.Cmd.Dir = dir
	p.Cmd.Env = append(os.Environ(), env...)
	p.Cmd.Stdout, p.Cmd.Stderr = p.Log, p.Log
	p.Cmd.WaitDelay = time.Second
	p.Cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(p.Cmd.SysProcAttr)
	started := make(chan error)
	spawner() <- func() { started <- p.Cmd.Start() }
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	processesMu.Lock()
	processes = append(processes, p)
	processesMu.Unlock()
	go func() {
		_ = p.Cmd.Wait()
		close(p.Done)
	}()
	return p, nil
}

// Terminate asks the process to stop, as an orchestrator does.
func (p *Process) Terminate(t testing.TB) {
	t.Helper()
	require.NoError(t, p.Cmd.Process.Signal(syscall.SIGTERM), "sending SIGTERM to %s", p.Name)
}

// Kill ends the process and all it started.
func (p *Process) Kill() {
	select {
	case <-p.Done:
	default:
		_ = syscall.Kill(-p.Cmd.Process.Pid, syscall.SIGKILL)
		<-p.Done
	}
}

// Running reports whether the process has not ended.
func (p *Process) Running() bool {
	select {
	case <-p.Done:
		return false
	default:
		return true
	}
}

func killAll() {
	processesMu.Lock()
	defer processesMu.Unlock()
	for _, p := range processes {
		p.Kill()
	}
	processes = nil
}
