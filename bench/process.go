package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// fleet owns every process of the run, so that none outlives it.
type fleet struct {
	dir string

	mu      sync.Mutex
	started int
	running []*process
}

// process is a server, with its own process group: what it starts is counted with it and ends with it.
type process struct {
	name string
	addr string
	cmd  *exec.Cmd
	log  string
	done chan struct{}
	ends sync.Once
}

// group is the id of the process and of its process group.
func (p *process) group() int { return p.cmd.Process.Pid }

// serve starts a server on a free port of host and waits until it accepts connections. The port is free when it is
// chosen; if somebody takes it before the server does, another one is tried.
func (f *fleet) serve(ctx context.Context, name, host string, command func(addr string) (*exec.Cmd, error)) (*process, error) {
	const attempts = 3
	var errs []error
	for range attempts {
		addr, err := freeAddress(ctx)
		if err != nil {
			return nil, err
		}
		_, port, err := splitAddress(addr)
		if err != nil {
			return nil, err
		}
		addr = net.JoinHostPort(host, port)
		cmd, err := command(addr)
		if err != nil {
			return nil, fmt.Errorf("preparing %s: %w", name, err)
		}
		p, err := f.start(name, cmd)
		if err != nil {
			return nil, err
		}
		if p.addr, err = p.listening(ctx, addr); err == nil {
			return p, nil
		}
		p.stop()
		errs = append(errs, fmt.Errorf("starting %s: %w\n%s", name, err, p.lastWords()))
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(errs...)
}

func (f *fleet) start(name string, cmd *exec.Cmd) (*process, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.started++
	p := &process{name: name, cmd: cmd, done: make(chan struct{})}
	p.log = filepath.Join(f.dir, fmt.Sprintf("%d.log", f.started))
	output, err := os.Create(p.log)
	if err != nil {
		return nil, fmt.Errorf("creating the log of %s: %w", name, err)
	}
	defer output.Close() // the process has a handle of its own
	cmd.Stdout, cmd.Stderr = output, output
	cmd.SysProcAttr = ownGroup()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	f.running = append(f.running, p)
	go func() {
		_ = cmd.Wait() // it ends by our signal
		close(p.done)
	}()
	return p, nil
}

// listening waits until the server accepts connections, and returns the address that did: a name has more than one.
func (p *process) listening(ctx context.Context, addr string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	var dialer net.Dialer
	for {
		conn, err := dialer.DialContext(ctx, "tcp", addr)
		if err == nil {
			defer conn.Close() // nothing was sent
			return conn.RemoteAddr().String(), nil
		}
		select {
		case <-p.done:
			return "", errors.New("it ended at once")
		case <-ctx.Done():
			return "", fmt.Errorf("waiting for %s: %w", addr, ctx.Err())
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// stop ends the process and everything it started. There is nothing to save, so nothing is asked politely. Only the
// first call kills: later the id may be that of somebody else.
func (p *process) stop() {
	p.ends.Do(func() { killGroup(p.group()) })
	<-p.done
}

// lastWords returns the end of what the process printed, for messages.
func (p *process) lastWords() []byte {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return nil
	}
	return bytes.TrimSpace(text[max(0, len(text)-2000):])
}

func (f *fleet) stopAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.running {
		p.stop()
	}
	f.running = nil
}

// freeAddress returns a loopback address whose port is free now.
func freeAddress(ctx context.Context) (string, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	addr := listener.Addr().String()
	return addr, listener.Close()
}

// splitAddress is net.SplitHostPort with the address in its error.
func splitAddress(addr string) (host, port string, err error) {
	if host, port, err = net.SplitHostPort(addr); err != nil {
		err = fmt.Errorf("reading address %s: %w", addr, err)
	}
	return host, port, err
}
