//go:build e2e

package e2e_test

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

// process is a server that the tests started. It leads a process group, so that nothing it started outlives it.
type process struct {
	name string
	cmd  *exec.Cmd
	log  *logBuffer
	done chan struct{} // closed when it has ended
}

var (
	processesMu sync.Mutex
	processes   []*process
)

// spawner starts every process from one thread that lives as long as the tests: the kernel kills the children of a thread that
// ends (see dieWithParent).
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

func startProcess(name, dir string, env []string, bin string, args ...string) (*process, error) {
	p := &process{name: name, cmd: exec.Command(bin, args...), log: new(logBuffer), done: make(chan struct{})}
	p.cmd.Dir = dir
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	p.cmd.WaitDelay = time.Second
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(p.cmd.SysProcAttr)
	started := make(chan error)
	spawner() <- func() { started <- p.cmd.Start() }
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	processesMu.Lock()
	processes = append(processes, p)
	processesMu.Unlock()
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// terminate asks the process to stop, as an orchestrator does.
func (p *process) terminate(t testing.TB) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM), "sending SIGTERM to %s", p.name)
}

// kill ends the process and all it started.
func (p *process) kill() {
	select {
	case <-p.done:
	default:
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.done
	}
}

func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

func killAll() {
	processesMu.Lock()
	defer processesMu.Unlock()
	for _, p := range processes {
		p.kill()
	}
	processes = nil
}

// logBuffer keeps what a process wrote.
type logBuffer struct {
	mu   sync.Mutex
	text []byte
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text = append(b.text, p...)
	return len(p), nil
}

func (b *logBuffer) mark() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.text)
}

func (b *logBuffer) since(mark int) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.text[mark:])
}

// showLogOnFailure prints what the process writes from now on if the test fails.
func (p *process) showLogOnFailure(t testing.TB) {
	mark := p.log.mark()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of %s:\n%s", p.name, p.log.since(mark))
		}
	})
}
