// Package sharp runs the sharp that Next.js uses, by Node.js, for tests and benchmarks that compare with it.
package sharp

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
)

//go:embed sharp.mjs
var program string

// ErrMissing says that the fixture with Next.js 16 is not installed here.
var ErrMissing = errors.New("no sharp in e2e/fixtures/next16/node_modules")

// Sharp is a Node.js process that runs what it is told, one call at a time.
type Sharp struct {
	mu  sync.Mutex
	cmd *exec.Cmd
	in  io.WriteCloser
	out *json.Decoder
}

// Start starts it.
func Start() (*Sharp, error) {
	_, here, _, _ := runtime.Caller(0)
	fixture := filepath.Join(filepath.Dir(here), "..", "..", "e2e", "fixtures", "next16")
	if _, err := os.Stat(filepath.Join(fixture, "node_modules", "sharp", "package.json")); err != nil {
		return nil, ErrMissing
	}
	cmd := exec.Command("node", "--input-type=module", "--eval", program, "--", filepath.Join(fixture, "package.json")) //nolint:gosec // our program
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting node: %w", err)
	}
	return &Sharp{cmd: cmd, in: in, out: json.NewDecoder(bufio.NewReader(out))}, nil
}

// Call runs the body of an async JavaScript function of sharp, fs and args, and reads what it returns into reply,
// unless that is nil.
func (s *Sharp) Call(code string, args, reply any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := json.NewEncoder(s.in).Encode(map[string]any{"code": code, "args": args}); err != nil {
		return fmt.Errorf("asking node: %w", err)
	}
	var answer struct {
		Reply json.RawMessage `json:"reply"`
		Error string          `json:"error"`
	}
	if err := s.out.Decode(&answer); err != nil {
		return fmt.Errorf("reading node's answer: %w", err)
	}
	if answer.Error != "" {
		return errors.New(answer.Error)
	}
	if reply == nil {
		return nil
	}
	return json.Unmarshal(answer.Reply, reply)
}

// Close ends the process.
func (s *Sharp) Close() error {
	if err := s.in.Close(); err != nil {
		return err
	}
	return s.cmd.Wait()
}
