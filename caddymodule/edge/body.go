package edge

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

const (
	// maxDrain bounds how much of a body that nobody wants is read so that its connection can be used again (bytes);
	// net/http's own bound.
	maxDrain = 256 << 10
	// drainTime bounds how long that may take.
	drainTime = time.Second
)

// Body makes sure that a body which nobody reads to its end is never taken for the next request on its
// connection (request smuggling, CL.0). net/http does so by itself only as long as it sees its own body type, which
// Caddy wraps, and only without full duplex, which streaming uploads need.
//
// A rest that comes to its end within maxDrain and drainTime is read: before the head of an answer that the edge gives
// itself, or after the answer of an upstream. Otherwise the connection ends with the answer. It does so too if the
// client waits for 100 Continue, which it may never get. The head says so, or a client that has sent everything would
// use the connection again and lose a request (RFC 9112, 9.6).
//
// It is the request's body and the writer of its answer at once. There is none on HTTP/2 and 3, where each request has
// a stream of its own.
type Body struct {
	caddyhttp.ResponseWriterWrapper
	source  io.ReadCloser
	expects bool  // the client sends the body once it is told to
	length  int64 // bytes; -1: not known

	reading sync.Mutex // held during a read; guards the fields up to failure
	begun   bool       // something was read, so the client was told to send
	atEnd   bool
	failure error // of the client: not io.EOF

	read   atomic.Int64 // bytes
	closed atomic.Bool  // nobody reads any more but drain

	// Of the goroutine that answers.
	duplex    bool // an upstream has the body
	wroteHead bool
	hijacked  bool
}

// GuardBody takes the place of the request's body. The handler answers by what it returns, and hands its error to
// finish. It is nil where no guard is needed.
func GuardBody(w http.ResponseWriter, r *http.Request) *Body {
	if r.ProtoMajor != 1 || r.ContentLength == 0 || r.Body == nil {
		return nil
	}
	b := &Body{
		ResponseWriterWrapper: caddyhttp.ResponseWriterWrapper{ResponseWriter: w},
		source:                r.Body, length: r.ContentLength, expects: len(r.Header["Expect"]) > 0,
	}
	r.Body = b
	return b
}

// IgnoreUnannouncedBody removes the body of a GET or HEAD over HTTP/3 whose length is not said. HTTP/3 does not tell
// such a request from one without a body before its stream ends, and the content of a GET means nothing (RFC 9110,
// 9.3.1). With it no request over HTTP/3 could be answered with what was kept.
func IgnoreUnannouncedBody(r *http.Request) {
	if r.ProtoMajor == 3 && r.ContentLength < 0 && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		r.ContentLength, r.Body = 0, http.NoBody
	}
}

// Read implements io.Reader.
func (b *Body) Read(p []byte) (int, error) {
	b.reading.Lock()
	defer b.reading.Unlock()
	if b.closed.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	return b.readLocked(p)
}

func (b *Body) readLocked(p []byte) (int, error) {
	b.begun = true
	n, err := b.source.Read(p)
	b.read.Add(int64(n))
	switch {
	case err == io.EOF:
		b.atEnd = true
	case err != nil && b.failure == nil:
		b.failure = err
	}
	return n, err
}

// Close implements io.Closer. It does not close the source: net/http would read on, for as long as the client likes.
func (b *Body) Close() error {
	b.closed.Store(true)
	return nil
}

// AllowFullDuplex lets an upstream answer while the body is still on its way. Without it net/http takes up to 256 KiB
// of the body for itself as soon as the answer begins (ResponseController.EnableFullDuplex), and the upstream waits for
// bytes that never come. It is called in the round trip, on the goroutine that answers, once nothing but the upstream
// can answer.
func (b *Body) AllowFullDuplex() {
	if b != nil && !b.duplex {
		// A writer that cannot do it leaves the body to net/http.
		b.duplex = http.NewResponseController(b.ResponseWriter).EnableFullDuplex() == nil
	}
}

// TakeBack says that the edge answers after all, although an upstream has been given the body.
func (b *Body) TakeBack() {
	if b != nil {
		b.closed.Store(true)
		b.duplex = false
	}
}

// beforeHead takes care of the body before an answer begins. An upstream may go on to read it, so what it leaves is
// read after its answer; but if that may be too much, the head says that the connection ends.
func (b *Body) beforeHead(status int) {
	if b.wroteHead || status < 200 && status != http.StatusSwitchingProtocols {
		return
	}
	b.wroteHead = true
	switch {
	case status == http.StatusSwitchingProtocols:
		b.hijacked = true
	case !b.duplex:
		b.drainOrClose()
	case b.mayBeLeft():
		b.Header().Set("Connection", "close")
	}
}

// mayBeLeft reports whether more of the body may be left after an answer than is read then. It does not wait for a read
// that is still on its way.
func (b *Body) mayBeLeft() bool {
	if b.isAtEnd() {
		return false
	}
	return b.length < 0 || b.length-b.read.Load() > maxDrain || b.expects && b.read.Load() == 0
}

// WriteHeader implements http.ResponseWriter.
func (b *Body) WriteHeader(status int) {
	b.beforeHead(status)
	b.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (b *Body) Write(p []byte) (int, error) {
	b.beforeHead(http.StatusOK)
	return b.ResponseWriter.Write(p)
}

// ReadFrom implements io.ReaderFrom.
func (b *Body) ReadFrom(r io.Reader) (int64, error) {
	b.beforeHead(http.StatusOK)
	return b.ResponseWriterWrapper.ReadFrom(r)
}

// FlushError flushes what has been written.
func (b *Body) FlushError() error {
	b.beforeHead(http.StatusOK)
	return http.NewResponseController(b.ResponseWriter).Flush()
}

// Finish takes care of the body once the handler is done with its request, and returns the error to answer with.
func (b *Body) Finish(err error) error {
	switch {
	case b.hijacked:
		return err
	case err != nil && b.duplex && !b.wroteHead && b.isUntouched():
		// No upstream could be reached. A route for errors may ask another one, so the body stays as it is.
		closeAfterAnswer(b.ResponseWriter)
		return err
	}
	b.closed.Store(true)
	failure := b.failureSoFar() // what is read from now on ends by deadlines of our own
	if b.duplex && b.wroteHead {
		// The answer need not wait for the rest of the body.
		_ = http.NewResponseController(b.ResponseWriter).Flush()
	}
	if b.duplex || !b.wroteHead {
		b.drainOrClose()
	}
	if failure != nil && err != nil && !b.wroteHead {
		return bodyError(failure)
	}
	return err
}

// failureSoFar is how the client has failed to send the body; nil: it has not, or a read is still on its way.
func (b *Body) failureSoFar() error {
	if !b.reading.TryLock() {
		return nil
	}
	defer b.reading.Unlock()
	return b.failure
}

// isUntouched reports whether nothing was read, nor is being read.
func (b *Body) isUntouched() bool {
	if !b.reading.TryLock() {
		return false
	}
	defer b.reading.Unlock()
	return !b.begun
}

// bodyError says that a request has failed by what the client sent, or did not send.
func bodyError(failure error) error {
	status := http.StatusBadRequest
	if errors.Is(failure, os.ErrDeadlineExceeded) {
		status = http.StatusRequestTimeout
	}
	return caddyhttp.Error(status, fmt.Errorf("reading the request's body: %w", failure))
}

// drainOrClose reads the rest of the body, or has the connection closed after the answer.
func (b *Body) drainOrClose() {
	if b.isAtEnd() {
		return
	}
	control := http.NewResponseController(b.ResponseWriter)
	_ = control.SetReadDeadline(time.Now().Add(drainTime)) // also ends a read of the transport that is still on its way
	b.reading.Lock()
	defer b.reading.Unlock()
	if b.drainLocked() {
		_ = control.SetReadDeadline(time.Time{})
		return
	}
	closeAfterAnswer(b.ResponseWriter)
	// net/http reads on when it closes the body, and shall not wait for what will never come.
	_ = control.SetReadDeadline(time.Unix(1, 0))
}

// isAtEnd reports whether all of the body was read. It does not wait for a read that is still on its way.
func (b *Body) isAtEnd() bool {
	if !b.reading.TryLock() {
		return false
	}
	defer b.reading.Unlock()
	return b.atEnd
}

// drainLocked reports whether it has read the rest of the body.
func (b *Body) drainLocked() bool {
	switch {
	case b.atEnd:
		return true
	case b.failure != nil, b.expects && !b.begun, b.length-b.read.Load() > maxDrain:
		return false
	}
	buffer := make([]byte, 32<<10)
	for end := b.read.Load() + maxDrain; b.read.Load() <= end; {
		if _, err := b.readLocked(buffer); err != nil {
			break
		}
	}
	return b.atEnd
}

// closeAfterAnswer has net/http close the connection when the answer has been sent, as it does when a request is too
// large: for a moment the client may still read the answer. Whether the head is out already does not matter.
func closeAfterAnswer(w http.ResponseWriter) {
	for {
		wrapper, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		w = wrapper.Unwrap()
	}
	limited := http.MaxBytesReader(w, io.NopCloser(strings.NewReader("x")), 0)
	_, _ = limited.Read(make([]byte, 1))
}

// Interface guards
var (
	_ io.ReadCloser       = (*Body)(nil)
	_ http.ResponseWriter = (*Body)(nil)
	_ io.ReaderFrom       = (*Body)(nil)
)
