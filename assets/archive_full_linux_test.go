package assets

import (
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A disk that takes no more costs what would be kept, and nothing of what is.
func TestAFullDisk(t *testing.T) {
	a := openArchive(t, t.TempDir())
	a.addNamed(t, "a", 2_000_000)
	set, _ := newTestSet(t, nil, map[string]string{"static/chunks/b.js": contentOf("b", 2_000_000)})
	full := limitFileSize(t, 1_000_000) // above what go test itself writes
	a.Add(shop, "", set)
	for range 3 {
		a.work(t.Context())
	}
	assert.Equal(t, []string{notArchived}, a.messages())
	assert.Equal(t, "a", a.has("a", "b"))
	assert.Equal(t, contentOf("a", 2_000_000), a.get(t, shop, "chunks/a.js"))
	a.requireConsistent(t)
	full()
	a.retry = time.Time{}
	a.work(t.Context())
	assert.Equal(t, "ab", a.has("a", "b"))
	assert.Equal(t, []string{"files of builds are archived now"}, a.messages())
	a.requireConsistent(t)
}

// limitFileSize makes large writes fail until the limit is lifted.
func limitFileSize(t *testing.T, bytes uint64) (lift func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ) // the error is enough
	var before syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before))
	lift = func() { require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before)) }
	t.Cleanup(func() {
		lift()
		signal.Reset(syscall.SIGXFSZ)
	})
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: bytes, Max: before.Max}))
	return lift
}
