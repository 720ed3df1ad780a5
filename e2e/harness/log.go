//go:build e2e

package harness

import (
	"sync"
	"testing"
)

// LogBuffer keeps what a process wrote.
type LogBuffer struct {
	mu   sync.Mutex
	text []byte
}

// Write keeps what the process writes.
func (b *LogBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text = append(b.text, p...)
	return len(p), nil
}

// Mark returns where the text ends now.
func (b *LogBuffer) Mark() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.text)
}

// Since returns what was written after a mark.
func (b *LogBuffer) Since(mark int) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.text[mark:])
}

// ShowLogOnFailure prints what the process writes from now on if the test fails.
func (p *Process) ShowLogOnFailure(t testing.TB) {
	mark := p.Log.Mark()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of %s:\n%s", p.Name, p.Log.Since(mark))
		}
	})
}
