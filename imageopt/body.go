package imageopt

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"

	"github.com/andybalholm/brotli"
)

// errBodyTooLarge ends the reading of a body.
var errBodyTooLarge = errors.New("the body exceeds the limit")

// firstAllocation bounds what a Content-Length alone can make us allocate (bytes).
const firstAllocation = 1 << 20

// boundedBody keeps what is written to it, up to limit bytes, in memory that never grows beyond them.
type boundedBody struct {
	limit int64
	bytes []byte
	over  bool // more was written
}

// expect prepares for a body of size bytes; a size that is not known is negative.
func (b *boundedBody) expect(size int64) {
	if size = min(size, b.limit, firstAllocation); size > int64(cap(b.bytes)) {
		b.bytes = make([]byte, 0, size)
	}
}

// reserve prepares for a body whose announced size can be relied on.
func (b *boundedBody) reserve(size int64) {
	if size <= b.limit && size > int64(cap(b.bytes)) {
		b.bytes = make([]byte, 0, size)
	}
}

// Write appends p or, when that is too much, none of it.
func (b *boundedBody) Write(p []byte) (int, error) {
	size := int64(len(b.bytes)) + int64(len(p))
	if b.over || size > b.limit {
		b.over, b.bytes = true, nil
		return 0, errBodyTooLarge
	}
	if size > int64(cap(b.bytes)) {
		grown := make([]byte, len(b.bytes), min(max(size, 2*int64(cap(b.bytes))), b.limit))
		copy(grown, b.bytes)
		b.bytes = grown
	}
	b.bytes = append(b.bytes, p...)
	return len(p), nil
}

// maxCodings is how many content codings may be stacked, as in Next.js and in fetch.
const maxCodings = 5

// layerSlack is what a coding may add to bytes that it cannot compress, besides doubling them.
const layerSlack = 64 << 10

// errTooManyCodings refuses a body before anything of it is decoded.
var errTooManyCodings = errors.New("too many content codings")

// parseCodings returns the content codings of an answer in the order in which they are undone. A coding that Next.js
// does not know leaves the whole body as it is.
func parseCodings(header []string) ([]string, error) {
	joined := strings.Join(header, ",")
	if joined == "" {
		return nil, nil
	}
	names := strings.Split(strings.ToLower(joined), ",")
	if len(names) > maxCodings {
		return nil, fmt.Errorf("%w: %d, of which at most %d are undone", errTooManyCodings, len(names), maxCodings)
	}
	undone := make([]string, 0, len(names))
	for i := len(names) - 1; i >= 0; i-- {
		name := strings.TrimSpace(names[i])
		if _, known := decoders[name]; !known {
			return nil, nil
		}
		undone = append(undone, name)
	}
	return undone, nil
}

// decoders undo one coding each. They read nothing before they are read from.
var decoders = map[string]func(*bufio.Reader) io.Reader{
	"gzip":    func(source *bufio.Reader) io.Reader { return &gunzip{source: source} },
	"x-gzip":  func(source *bufio.Reader) io.Reader { return &gunzip{source: source} },
	"deflate": func(source *bufio.Reader) io.Reader { return &inflate{source: source} },
	"br":      func(source *bufio.Reader) io.Reader { return &unbrotli{brotli.NewReader(source)} },
}

// decodeBody undoes the content codings of an answer while it is read. No layer, from the bytes of the connection on,
// may be longer than twice the limit of what comes out at the end: a bomb within a bomb ends where it begins to grow.
func decodeBody(answer *http.Response, limit int64) (io.Reader, error) {
	codings, err := parseCodings(answer.Header.Values("Content-Encoding"))
	if err != nil {
		return nil, err
	}
	layerLimit := int64(math.MaxInt64)
	if limit < (math.MaxInt64-layerSlack)/2 {
		layerLimit = 2*limit + layerSlack
	}
	var body io.Reader = &wire{answer.Body}
	for _, name := range codings {
		bounded := &layer{source: body, left: layerLimit}
		body = &lenient{decoders[name](bufio.NewReader(bounded))}
	}
	return body, nil
}

// wireError is the error of a connection, told apart from that of a coding.
type wireError struct{ error }

func (e wireError) Unwrap() error { return e.error }

// wire reads from the connection.
type wire struct{ body io.Reader }

func (w *wire) Read(p []byte) (int, error) {
	n, err := w.body.Read(p)
	if err != nil && err != io.EOF {
		err = wireError{err}
	}
	return n, err
}

// layer bounds the encoded bytes that a decoder is given.
type layer struct {
	source io.Reader
	left   int64
}

func (l *layer) Read(p []byte) (int, error) {
	n, err := l.source.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, errBodyTooLarge
	}
	return n, err
}

// lenient takes encoded bytes that end too soon for all there is, as Next.js, fetch and browsers do (Z_SYNC_FLUSH). A
// connection that ends too soon is a wireError, and stays one.
type lenient struct{ decoder io.Reader }

func (l *lenient) Read(p []byte) (int, error) {
	n, err := l.decoder.Read(p)
	if err == io.ErrUnexpectedEOF { //nolint:errorlint // wrapped in a wireError it is another one
		err = io.EOF
	}
	return n, err
}

// gunzip reads gzip members up to the end or to a zero byte, which is padding, as Node.js does.
type gunzip struct {
	source *bufio.Reader
	member *gzip.Reader // nil before the first one
	within bool         // member is being read
}

func (g *gunzip) Read(p []byte) (int, error) {
	for {
		if !g.within {
			if err := g.begin(); err != nil {
				return 0, err
			}
		}
		n, err := g.member.Read(p)
		if err != io.EOF { //nolint:errorlint // an io.Reader ends with io.EOF itself
			return n, err
		}
		g.within = false
		if n > 0 {
			return n, nil
		}
	}
}

// begin reads the head of a member, and returns io.EOF if there is none. What does not begin as a member is corrupt,
// however short it is.
func (g *gunzip) begin() error {
	magic, err := g.source.Peek(2)
	if g.member != nil && len(magic) > 0 && magic[0] == 0 {
		return io.EOF
	}
	if len(magic) > 0 && magic[0] != 0x1f || len(magic) > 1 && magic[1] != 0x8b {
		return gzip.ErrHeader
	}
	if len(magic) < 2 {
		return err
	}
	if g.member == nil {
		g.member = new(gzip.Reader)
	}
	if err := g.member.Reset(g.source); err != nil {
		return err
	}
	g.member.Multistream(false)
	g.within = true
	return nil
}

// inflate reads zlib or, as some servers send it, raw deflate: the first byte tells (RFC 1950 section 2.2).
type inflate struct {
	source  *bufio.Reader
	decoder io.Reader
}

func (i *inflate) Read(p []byte) (int, error) {
	if i.decoder == nil {
		first, err := i.source.Peek(1)
		if err != nil {
			return 0, err
		}
		if first[0]&0x0f != 0x08 {
			i.decoder = flate.NewReader(i.source)
		} else if i.decoder, err = zlib.NewReader(i.source); err != nil {
			i.decoder = nil
			return 0, err
		}
	}
	return i.decoder.Read(p)
}

// unbrotli reads Brotli and, as Node.js does, leaves alone what follows it.
type unbrotli struct{ decoder *brotli.Reader }

func (u *unbrotli) Read(p []byte) (int, error) {
	n, err := u.decoder.Read(p)
	if err != nil && err.Error() == "brotli: excessive input" { // the library has no name for it
		err = io.EOF
	}
	return n, err
}
