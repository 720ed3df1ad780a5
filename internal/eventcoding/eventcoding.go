// Package eventcoding compresses event streams in little memory.
//
// An event stream is open for hours and says little. The encoders for pages hold hash tables and buffers of up to
// 2.8 MB for each open stream. Those of this package hold at most 32 KiB of text, 16 KiB of hash table, and nothing
// that has to do with entropy coding between two events: each flush ends a block that a decoder can read by itself,
// and what it takes to make one is shared by all streams. Events resemble the ones before, so what counts for their
// size is that history, which is kept.
package eventcoding

import (
	"io"
	"slices"
	"sync"

	"github.com/andybalholm/brotli/matchfinder"
	"github.com/klauspost/compress/huff0"
)

const (
	// maxHistory is how far back repetitions are found at least (bytes).
	maxHistory = 16 << 10
	// maxBlock is the largest text of one block (bytes). zstd.go depends on it being less than 16 KiB.
	maxBlock = 8 << 10
	// maxText is the most text that a stream holds: history, and what was not yet encoded (bytes). No distance is
	// longer, and the frames of zstd.go promise that.
	maxText = 32 << 10
)

// Names are the codings that there are encoders for, as in Content-Encoding.
var Names = [...]string{"zstd", "br", "gzip"}

// Encoder compresses one stream at a time. Nothing is written before Flush but blocks that are full.
type Encoder struct {
	format format
	w      io.Writer
	text   []byte // history, then what was not yet encoded from start on
	start  int
	finder finder
	err    error
}

// format is a compressed format. It holds what must be known from one block to the next.
type format interface {
	// reset begins a stream.
	reset()
	// block appends a block of text[start:], which is not empty, to dst. What stands before start has been encoded
	// before. Everything that was appended so far can be decoded then.
	block(dst, text []byte, start int, f *finder, s *scratch) ([]byte, error)
	// end appends what ends a stream, also an empty one.
	end(dst []byte) ([]byte, error)
}

// scratch is what it takes to encode one block.
type scratch struct {
	out      []byte
	literals []byte
	matches  []matchfinder.Match
	huffman  huff0.Scratch
}

var scratches = sync.Pool{New: func() any { return &scratch{huffman: huff0.Scratch{Reuse: huff0.ReusePolicyNone}} }}

// Has reports whether there is an encoder for a coding.
func Has(coding string) bool { return slices.Contains(Names[:], coding) }

// New returns an encoder for a coding of Names, and nil for any other. It is to be Reset first.
func New(coding string) *Encoder {
	switch coding {
	case "zstd":
		return &Encoder{format: &zstdFormat{}}
	case "br":
		return &Encoder{format: &brotliFormat{}}
	case "gzip":
		return &Encoder{format: &gzipFormat{}}
	}
	return nil
}

// Reset begins a new stream. The text of the one before is let go.
func (e *Encoder) Reset(w io.Writer) {
	e.format.reset()
	e.finder.reset()
	e.w, e.text, e.start, e.err = w, nil, 0, nil
}

// Write implements io.Writer.
func (e *Encoder) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		room := maxBlock - (len(e.text) - e.start)
		if room == 0 {
			if err := e.encode(false); err != nil {
				return n, err
			}
			continue
		}
		part := p[:min(room, len(p))]
		if len(e.text)+len(part) > maxText {
			e.slide()
		}
		e.text = append(e.grown(len(part)), part...)
		n += len(part)
		p = p[len(part):]
	}
	return n, e.err
}

// grown returns the text with room for n more bytes. Doubling it ends at maxText.
func (e *Encoder) grown(n int) []byte {
	size := max(cap(e.text), 1<<10)
	for size < len(e.text)+n {
		size *= 2
	}
	if size == cap(e.text) {
		return e.text
	}
	return append(make([]byte, 0, size), e.text...)
}

// slide lets the oldest text go.
func (e *Encoder) slide() {
	by := e.start - maxHistory
	e.text = e.text[:copy(e.text, e.text[by:])]
	e.start -= by
	e.finder.slide(by)
}

// Flush writes all there is, so that a client can read it.
func (e *Encoder) Flush() error { return e.encode(false) }

// Close ends the stream, also an empty one.
func (e *Encoder) Close() error { return e.encode(true) }

// encode writes what was not yet encoded.
func (e *Encoder) encode(last bool) error {
	if e.err != nil {
		return e.err
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	out := s.out[:0]
	if len(e.text) > e.start {
		out, e.err = e.format.block(out, e.text, e.start, &e.finder, s)
		e.start = len(e.text)
	}
	if last && e.err == nil {
		out, e.err = e.format.end(out)
	}
	s.out = out[:0]
	if e.err == nil && len(out) > 0 {
		_, e.err = e.w.Write(out)
	}
	return e.err
}
