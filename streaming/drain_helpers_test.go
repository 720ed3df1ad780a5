package streaming

import (
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// watched is a stream with somebody at each end. Its clock is that of a synctest bubble.
type watched struct {
	t        *testing.T
	upstream net.Conn
	opened   time.Time
	open     chan struct{} // closed at its end
	got      []byte
	err      error
	lasted   time.Duration
}

// open begins a stream whose answer has the given header, as answer takes it.
func open(t *testing.T, streams *Streams, kind Kind, owner any, fields ...string) *watched {
	upstream, body := net.Pipe()
	return begin(t, streams, kind, owner, upstream, answer(body, fields...))
}

func begin(t *testing.T, streams *Streams, kind Kind, owner any, upstream net.Conn, res *http.Response) *watched {
	w := &watched{t: t, upstream: upstream, opened: time.Now(), open: make(chan struct{})}
	b := streams.Watch(kind, res, owner)
	go func() {
		defer close(w.open)
		w.got, w.err = io.ReadAll(b)
		w.lasted = time.Since(w.opened)
		_ = b.Close()
	}()
	return w
}

// send has the upstream write, and returns when it was passed on.
func (w *watched) send(text string) {
	_, err := w.upstream.Write([]byte(text))
	require.NoError(w.t, err)
	synctest.Wait()
}

// isOpen reports whether the stream goes on at this moment.
func (w *watched) isOpen() bool {
	select {
	case <-w.open:
		return false
	default:
		return true
	}
}

// end waits for the end of the stream and returns what came, and after what time from its begin it ended.
func (w *watched) end() (string, time.Duration) {
	<-w.open
	require.NoError(w.t, w.err)
	return string(w.got), w.lasted
}

// close ends the stream from the upstream's side.
func (w *watched) close() {
	require.NoError(w.t, w.upstream.Close())
	<-w.open
}

// assertToldToComeBack checks that the stream is what was sent and a retry field within its bounds, and that a browser
// understands it so.
func assertToldToComeBack(t *testing.T, sent, stream string) {
	t.Helper()
	heard, before := browse(stream), browse(sent)
	assert.Regexp(t, `^retry: \d+\n\n$`, stream[min(len(sent), len(stream)):])
	assert.GreaterOrEqual(t, heard.retry, 500)
	assert.LessOrEqual(t, heard.retry, 2500)
	assert.Equal(t, before.events, heard.events)
	assert.Equal(t, before.lastID, heard.lastID)
}

// lateBody is a body whose last read was on its way when it was closed.
type lateBody struct {
	first, late string
	reads       int
	closed      chan struct{}
	once        sync.Once
}

func (b *lateBody) Read(p []byte) (int, error) {
	b.reads++
	if b.reads == 1 {
		return copy(p, b.first), nil
	}
	<-b.closed
	if b.reads == 2 {
		return copy(p, b.late), nil
	}
	return 0, net.ErrClosed
}

func (b *lateBody) Close() error {
	b.once.Do(func() { close(b.closed) })
	return nil
}

// countedCloses counts how often a body is closed.
type countedCloses struct {
	io.ReadCloser
	closes *int
}

func (b countedCloses) Close() error {
	*b.closes++
	return b.ReadCloser.Close()
}
