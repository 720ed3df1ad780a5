// Package keeping passes answers on to their clients and into a store at once.
package keeping

import (
	"net/http"
	"strconv"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/internal/httpwriter"
)

// Writer passes an answer on and keeps a copy of it, if its head allows that. What it keeps ends by Commit or Abort.
type Writer struct {
	httpwriter.Wrapper
	// begin decides on the head of an answer, and begins its entry.
	begin func(status int, h http.Header, head []byte) *blobstore.Writer
	// before are the names of headers that were there before the answer came: they are not its own.
	before map[string]bool

	entry   *blobstore.Writer // nil: not kept
	written int64
	length  int64 // what the head has said, -1 if nothing
}

// NewWriter returns a writer. begin is given the status and the headers of an answer, and those of its headers that are
// its own as FormatHead writes them; it returns nil for one that is not kept.
func NewWriter(w http.ResponseWriter, begin func(status int, h http.Header, head []byte) *blobstore.Writer) *Writer {
	keeping := &Writer{begin: begin, before: make(map[string]bool, len(w.Header()))}
	keeping.Wrapper = httpwriter.Wrapper{ResponseWriter: w, Head: keeping}
	for header := range w.Header() {
		keeping.before[header] = true
	}
	return keeping
}

// OnHead implements httpwriter.Head.
func (w *Writer) OnHead(status int) {
	h := w.Header()
	w.length = -1
	if lengths := h["Content-Length"]; len(lengths) > 0 {
		length, err := strconv.ParseInt(lengths[0], 10, 64)
		if err != nil {
			return
		}
		w.length = length
	}
	w.entry = w.begin(status, h, FormatHead(h, w.before))
}

// Write implements io.Writer.
func (w *Writer) Write(p []byte) (int, error) {
	n, err := w.Wrapper.Write(p)
	if w.entry != nil {
		w.written += int64(n)
		if _, keepErr := w.entry.Write(p[:n]); err != nil || keepErr != nil {
			w.Abort()
		}
	}
	return n, err
}

// Commit keeps what was passed on, if it is complete, and reports whether it is kept.
func (w *Writer) Commit() bool {
	if w.entry == nil || w.length >= 0 && w.length != w.written {
		return false
	}
	err := w.entry.Commit()
	w.entry = nil
	return err == nil
}

// Abort keeps nothing. After Commit it does nothing.
func (w *Writer) Abort() {
	if w.entry != nil {
		w.entry.Abort()
		w.entry = nil
	}
}
