package blobstore

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// childRoles are what the test binary does in place of tests when it is another process. Each gets a directory.
var childRoles = map[string]func(dir string){"write": writeForEver, "hold": holdOpen}

// child is the test binary as another process.
type child struct {
	process *exec.Cmd
	lines   *bufio.Scanner // of its standard output
	stdin   io.Closer      // ends the role "hold"
}

func start(t *testing.T, role, dir string) *child {
	t.Helper()
	c := &child{process: exec.Command(os.Args[0], dir)}
	c.process.Env = append(os.Environ(), roleEnv+"="+role)
	c.process.Stderr = os.Stderr
	out, err := c.process.StdoutPipe()
	require.NoError(t, err)
	c.lines = bufio.NewScanner(out)
	c.stdin, err = c.process.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, c.process.Start())
	t.Cleanup(func() {
		_ = c.process.Process.Kill() // it may have ended
		_ = c.process.Wait()
	})
	return c
}

// line is the next line of the child.
func (c *child) line(t *testing.T) string {
	t.Helper()
	require.True(t, c.lines.Scan(), "the child has ended")
	return c.lines.Text()
}

// kill ends the child as kill -9 does, and returns what it had said before.
func (c *child) kill(t *testing.T) (lines []string) {
	t.Helper()
	require.NoError(t, c.process.Process.Kill())
	for c.lines.Scan() {
		lines = append(lines, c.lines.Text())
	}
	require.Error(t, c.process.Wait())
	return lines
}

// holdOpen is a process that has the directory until its standard input ends.
func holdOpen(dir string) {
	s := must(Open(Settings{Dir: dir}))
	fmt.Println(s.Stats().Attached)
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = s.Close()
}

// Keys of writeForEver: small ones first.
const (
	smallKeys = 40
	allKeys   = 50
)

// writeForEver puts and streams entries, small and of several MB, and says so before and after each: "begin KEY TURN",
// "done KEY TURN".
func writeForEver(dir string) {
	s := must(Open(Settings{Dir: dir}))
	if !s.Stats().Attached {
		panic("the directory is held")
	}
	turn := 0
	for {
		turn++
		n := rand.IntN(allKeys)
		what, size := killBody(n, turn)
		fmt.Println("begin", n, turn)
		if turn%2 == 0 {
			check(s.Put(context.Background(), key(name(n)), []byte(what), body(what, size)))
		} else {
			w := must(s.Create(key(name(n)), []byte(what)))
			for data := body(what, size); len(data) > 0; {
				part := data[:min(len(data), 100_000)]
				must(w.Write(part))
				data = data[len(part):]
				fmt.Println("part")
			}
			check(w.Commit())
		}
		fmt.Println("done", n, turn)
	}
}

// killBody is what writeForEver writes under a key in a turn.
func killBody(n, turn int) (what string, size int) {
	what = fmt.Sprint(n, " ", turn)
	size = int(body(what, 1)[0]) * 100
	if n >= smallKeys {
		size = size*100 + smallBody
	}
	return what, size
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
