package proxy

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// maxKept bounds what is kept of one body (bytes): what Next.js takes of an action where nothing else is said
	// (serverActions.bodySizeLimit).
	maxKept = 1 << 20
	// maxKeptOfAll bounds what is kept of all bodies at one time (bytes).
	maxKeptOfAll = 64 << 20
	// leastKept is what is allocated for a body first (bytes).
	leastKept = 512
)

// keepers are the bytes that are kept of the bodies of all requests.
type keepers struct {
	most int64
	used atomic.Int64
}

// take reserves bytes, if there is room for them. A negative number gives some back.
func (k *keepers) take(bytes int) bool {
	if used := k.used.Add(int64(bytes)); used <= k.most || bytes <= 0 {
		return true
	}
	k.used.Add(int64(-bytes))
	return false
}

// processKept are those of the process.
var processKept = keepers{most: maxKeptOfAll}

// keptBody is the body of a request that goes to its upstream as it comes, and is kept beside, so that it can be sent
// from its beginning to another one. What has not come by then is read on. It never closes the body of the client, which
// lasts as long as the request.
type keptBody struct {
	source  io.ReadCloser
	keepers *keepers

	reading sync.Mutex // held while the source is read, which may take as long as its client likes

	mu      sync.Mutex // guards what follows, and the fields of the cursors
	kept    []byte
	partial bool  // it is too large: nothing is kept of it
	ended   bool  // it is not sent again
	err     error // of the source
	last    *keptCursor
}

// keepBody returns what keeps the body of a request. nil: it has none.
func keepBody(req *http.Request, of *keepers) *keptBody {
	if req.Body == nil || req.Body == http.NoBody {
		return nil
	}
	return &keptBody{source: req.Body, keepers: of, partial: req.ContentLength > maxKept}
}

// fromStart returns the body from its beginning. Who has read it so far gets nothing more. It is called again only
// while canRestart.
func (b *keptBody) fromStart() io.ReadCloser {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last != nil {
		b.last.over = true
	}
	b.last = &keptCursor{body: b}
	return b.last
}

// canRestart reports whether all that was read is kept. A request without a body can be sent again.
func (b *keptBody) canRestart() bool {
	if b == nil {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.partial
}

// begin returns what was read so far. It must not be changed.
func (b *keptBody) begin() []byte {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.kept[:len(b.kept):len(b.kept)]
}

// end says that the body is not sent again. Its reader goes on; what it has read already is given back.
func (b *keptBody) end() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	b.dropRead()
}

// dropRead gives back what nobody will read any more. b.mu is held.
func (b *keptBody) dropRead() {
	if b.ended && (b.last.closed || b.last.at == len(b.kept)) {
		b.drop()
	}
}

// drop gives back what is kept. b.mu is held.
func (b *keptBody) drop() {
	b.keepers.take(-cap(b.kept))
	b.kept, b.last.at = nil, 0
}

// keep adds what was read, and reports whether it did. Bytes that a reader has still read that is over are for who comes
// after it, so there is no bound for them: it is one buffer at most. b.mu is held.
func (b *keptBody) keep(p []byte, by *keptCursor) bool {
	switch {
	case by.over && b.ended && b.last.closed, !by.over && (b.partial || b.ended):
		return false
	case by.over:
		b.grow(len(p))
	case len(b.kept)+len(p) > maxKept || !b.mayGrow(len(p)):
		b.partial = true
		b.drop()
		return false
	}
	b.kept = append(b.kept, p...)
	return true
}

// mayGrow makes room for more bytes within the bounds of the process.
func (b *keptBody) mayGrow(more int) bool {
	size := b.sizeFor(more)
	if !b.keepers.take(size - cap(b.kept)) {
		return false
	}
	b.resize(size)
	return true
}

// grow makes room for more bytes in any case.
func (b *keptBody) grow(more int) {
	size := b.sizeFor(more)
	b.keepers.used.Add(int64(size - cap(b.kept)))
	b.resize(size)
}

// sizeFor is how large the buffer is to be that takes more bytes.
func (b *keptBody) sizeFor(more int) int {
	need := len(b.kept) + more
	if need <= cap(b.kept) {
		return cap(b.kept)
	}
	return max(leastKept, need, min(2*cap(b.kept), maxKept))
}

func (b *keptBody) resize(size int) {
	if size > cap(b.kept) {
		b.kept = append(make([]byte, 0, size), b.kept...)
	}
}

// errOver ends the reading of a body that is sent to another upstream now.
var errOver = errors.New("the body is sent to another upstream now")

// keptCursor reads a keptBody once.
type keptCursor struct {
	body   *keptBody
	at     int
	over   bool // another one reads
	closed bool
}

// Read implements io.Reader.
func (c *keptCursor) Read(p []byte) (int, error) {
	if n, done, err := c.readKept(p); done {
		return n, err
	}
	b := c.body
	b.reading.Lock()
	defer b.reading.Unlock()
	if n, done, err := c.readKept(p); done { // what came while it waited
		return n, err
	}
	n, err := b.source.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = err
	if b.keep(p[:n], c) && !c.over {
		c.at += n
	}
	if c.over {
		return 0, errOver
	}
	return n, err //nolint:wrapcheck // io.EOF is compared
}

// readKept reads what is kept. It is not done where the source must be read.
func (c *keptCursor) readKept(p []byte) (n int, done bool, err error) {
	b := c.body
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case c.over || c.closed:
		return 0, true, errOver
	case c.at < len(b.kept):
		n = copy(p, b.kept[c.at:])
		c.at += n
		b.dropRead()
		return n, true, nil
	}
	return 0, b.err != nil, b.err
}

// Close implements io.Closer.
func (c *keptCursor) Close() error {
	b := c.body
	b.mu.Lock()
	defer b.mu.Unlock()
	c.closed = true
	b.dropRead()
	return nil
}

var keptBytes = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
	Namespace: "caddy", Subsystem: "nextjs", Name: "kept_action_bytes",
	Help: "Bytes of the bodies of server actions that are kept until their upstream has answered.",
}, func() float64 { return float64(processKept.used.Load()) })
