package streaming

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// Body is a watched stream: what the upstream sends, until it ends or is ended. Like any reader it is read by one
// goroutine at a time; the other methods may be called from anywhere.
type Body struct {
	io.ReadCloser
	kind    Kind
	owner   any
	streams *Streams

	comesBack bool // its client connects again by itself
	encoded   bool // nothing can be put in

	ended    atomic.Bool
	endOnce  sync.Once
	frames   frames
	farewell []byte // what is left of it
	parting  bool   // the stream goes on with the farewell

	mu       sync.Mutex // guards what follows
	events   events
	draining bool // timers run, or have
	timers   []*time.Timer
	due      bool // the stream ends when it stands between two events
	told     bool // it has ended, and there its client is told when to come back
}

// Read implements io.Reader. After the stream was ended it reports io.EOF instead of the error of the closed
// connection.
func (b *Body) Read(p []byte) (int, error) {
	if b.parting {
		return b.sayFarewell(p)
	}
	n, err := b.ReadCloser.Read(p)
	switch {
	case b.kind == WebSocket:
		b.frames.pass(p[:n])
	case b.kind == EventStream && b.comesBack && !b.encoded:
		whole, told := b.passEvents(p[:n])
		if told {
			return b.part(p, n, whole)
		}
	}
	if err == nil || !b.ended.Load() {
		return n, err
	}
	if b.kind == WebSocket && b.frames.betweenFrames() {
		b.farewell, b.parting = goingAway(), true
		if n == 0 {
			return b.sayFarewell(p)
		}
		return n, nil
	}
	return n, io.EOF
}

func (b *Body) sayFarewell(p []byte) (int, error) {
	n := copy(p, b.farewell)
	b.farewell = b.farewell[n:]
	if len(b.farewell) == 0 && n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Write implements io.Writer for upgraded connections.
func (b *Body) Write(p []byte) (int, error) {
	w, ok := b.ReadCloser.(io.Writer)
	if !ok {
		return 0, errors.ErrUnsupported
	}
	n, err := w.Write(p)
	if err != nil && b.ended.Load() {
		// The client's side stays open for its answer to the close frame; nobody is left to hear what else it says.
		return len(p), nil
	}
	return n, err
}

// CloseWrite half-closes an upgraded connection towards the upstream.
func (b *Body) CloseWrite() error {
	if c, ok := b.ReadCloser.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return errors.ErrUnsupported
}

// Close implements io.Closer.
func (b *Body) Close() error {
	b.streams.forget(b) // first: a drain that begins later does not find it
	b.stay()
	return b.ReadCloser.Close()
}

// end closes the connection to the upstream; the reader finds out by its next Read.
func (b *Body) end() {
	b.endOnce.Do(func() {
		b.ended.Store(true)
		_ = b.ReadCloser.Close() // the connection is given up, there is nobody to tell
	})
}
