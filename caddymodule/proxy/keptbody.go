package proxy

import (
	"errors"
	"io"
	"net/http"
	"sync"
)

// keptBody is the body of a request that goes to its upstream as it comes, and is kept beside, so that it can be sent
// from its beginning to another one. What has not come by then is read on. It never closes the body of the client,
// which lasts as long as the request.
type keptBody struct {
	source  io.ReadCloser
	most    int64 // bytes that may be kept
	keepers *keepers

	reading sync.Mutex // held while the source is read, which may take as long as its client likes

	mu    sync.Mutex // guards what follows, and the fields of the cursors
	kept  keptBytes
	lost  string // why nothing is kept of it: replayTooLarge or replayNoRoom
	ended bool   // it is not sent again
	err   error  // of the source
	last  *keptCursor
}

// keepBody returns what keeps the body of a request, if it has at most that many bytes. nil: it has none.
func keepBody(req *http.Request, most int64, of *keepers) *keptBody {
	if req.Body == nil || req.Body == http.NoBody {
		return nil
	}
	b := &keptBody{source: req.Body, most: most, keepers: of}
	if req.ContentLength > most {
		b.lost = replayTooLarge
	}
	return b
}

// fromStart returns the body from its beginning. Who has read it so far gets nothing more. false: a part of that is
// lost, and nothing has changed. The first call is never refused.
func (b *keptBody) fromStart() (_ io.ReadCloser, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last != nil {
		if b.lost != "" {
			return nil, false
		}
		b.last.over = true
	}
	b.last = &keptCursor{body: b}
	return b.last, true
}

// whyLost says why what was read is not kept: it cannot be sent again. "": it is kept. So it is of a request without a
// body.
func (b *keptBody) whyLost() string {
	if b == nil {
		return ""
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lost
}

// begin reads what is kept so far, beside who reads the body. It is at its end as soon as nothing is kept.
func (b *keptBody) begin() io.Reader {
	if b == nil {
		return http.NoBody
	}
	return &keptBegin{body: b}
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
	if b.ended && (b.last.closed || b.last.at == b.kept.length) {
		b.drop()
	}
}

// drop gives back what is kept. b.mu is held.
func (b *keptBody) drop() {
	b.keepers.takeAnyway(-b.kept.giveBack())
	b.last.at = 0
}

// keep adds what was read, and reports whether it did. Bytes that a reader has still read that is over are for who
// comes after it, so there is no bound for them: it is one buffer at most. b.mu is held.
func (b *keptBody) keep(p []byte, by *keptCursor) bool {
	missing := b.kept.missing(len(p))
	switch {
	case by.over && b.ended && b.last.closed, !by.over && (b.lost != "" || b.ended):
		return false
	case by.over:
		b.keepers.takeAnyway(missing)
	case int64(b.kept.length+len(p)) > b.most:
		b.lose(replayTooLarge)
		return false
	case !b.keepers.take(missing):
		b.lose(replayNoRoom)
		return false
	}
	b.kept.add(p)
	return true
}

// lose has nothing be kept from now on. b.mu is held.
func (b *keptBody) lose(why string) {
	b.lost = why
	b.drop()
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
	case c.at < b.kept.length:
		n = b.kept.read(p, c.at)
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

// keptBegin reads the beginning of a keptBody.
type keptBegin struct {
	body *keptBody
	at   int
}

// Read implements io.Reader.
func (k *keptBegin) Read(p []byte) (int, error) {
	b := k.body
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended || k.at >= b.kept.length {
		return 0, io.EOF
	}
	n := b.kept.read(p, k.at)
	k.at += n
	return n, nil
}
