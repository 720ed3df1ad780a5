package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"
)

const (
	// keptLines is how many of the last lines of a command are said again where it fails.
	keptLines = 20
	// longestLine bounds a line of a command: what is longer is several (bytes).
	longestLine = 4096
	// outputPatience is how long the output of a command is read that has ended: what it has left running may have it.
	outputPatience = time.Second
)

// interruption is the cause of a context that a signal has ended.
type interruption struct{ signal syscall.Signal }

func (i interruption) Error() string { return "ended by the signal: " + i.signal.String() }

// untilSignal returns a context that ends by the first signal that is to end the process. The next one ends the
// process.
func untilSignal(ctx context.Context) (limited context.Context, stop func()) {
	limited, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		defer signal.Stop(signals)
		select {
		case came := <-signals:
			number, _ := came.(syscall.Signal)
			cancel(interruption{number})
		case <-limited.Done():
		}
	}()
	return limited, func() { cancel(nil) }
}

// runCommand runs the command for an upstream, whose lease is held meanwhile, and returns its last lines.
func (r *rollingRestart) runCommand(ctx context.Context, upstream string) (lines []string, err error) {
	output := &commandOutput{to: r.out, prefix: upstream + " | "}
	release := r.holdLease(ctx, upstream)
	err = runGroup(ctx, r.commandFor(upstream, output))
	output.end()
	return output.last, errors.Join(err, release())
}

// commandFor is the command as it runs for an upstream.
func (r *rollingRestart) commandFor(upstream string, output io.Writer) *exec.Cmd {
	host, port := hostAndPort(upstream)
	cmd := exec.Command("sh", "-c", r.command) //nolint:gosec // it is the operator's own
	cmd.Env = append(os.Environ(),
		"NEXTJS_UPSTREAM="+upstream, "NEXTJS_HOST="+host, "NEXTJS_PORT="+port, "NEXTJS_ZONE="+r.zone)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = output, output, outputPatience
	return cmd
}

// runGroup runs a command with all that it starts. When ctx ends, these get the signal that has ended it, and the
// command is awaited.
func runGroup(ctx context.Context, cmd *exec.Cmd) error {
	leadGroup(cmd)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting its command: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		told := syscall.SIGTERM
		if cause, ok := errors.AsType[interruption](context.Cause(ctx)); ok {
			told = cause.signal
		}
		signalGroup(cmd, told)
		err = <-ended
	}
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return fmt.Errorf("its command has failed: %w", err)
	}
	return nil
}

// commandOutput writes what a command says line by line, and keeps the last lines.
type commandOutput struct {
	to     *sharedOutput
	prefix string
	part   []byte // of a line that has not ended
	last   []string
}

// Write implements io.Writer.
func (o *commandOutput) Write(text []byte) (int, error) {
	o.part = append(o.part, text...)
	for {
		line, rest, isEnded := bytes.Cut(o.part, []byte("\n"))
		if !isEnded && len(line) < longestLine {
			return len(text), nil
		}
		if len(line) > longestLine {
			line, rest = o.part[:longestLine], o.part[longestLine:]
		}
		o.line(string(bytes.TrimSuffix(line, []byte("\r"))))
		o.part = rest
	}
}

func (o *commandOutput) line(text string) {
	o.to.line(o.prefix, text)
	if o.last = append(o.last, text); len(o.last) > keptLines {
		o.last = slices.Delete(o.last, 0, 1)
	}
}

// end writes a last line that nothing ends.
func (o *commandOutput) end() {
	if len(o.part) > 0 {
		o.line(string(o.part))
		o.part = nil
	}
}

// sharedOutput is where several commands write their lines.
type sharedOutput struct {
	mu sync.Mutex
	to io.Writer
}

// line writes a line.
func (o *sharedOutput) line(prefix, text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, _ = io.WriteString(o.to, prefix+text+"\n") // a restart that nobody reads of goes on
}
