package pagecache

import (
	"fmt"
	"hash/maphash"
	"io"
	"net/http"
)

// sent is what a client has got of a body: how much, and a sum of it.
type sent struct {
	size int64
	sum  maphash.Hash
}

func (s *sent) add(p []byte) {
	s.size += int64(len(p))
	_, _ = s.sum.Write(p) // never fails
}

// sendRest sends a client what it does not have yet of an answer from which it has been detached
// (sharedBody.detachReaders, sharedBody.giveWay): from what has been kept of it, or by asking the upstream once more.
// The error is errBrokeOff if that is no longer the same answer, or broke off itself.
func (q *query) sendRest(fl *fetch, had *sent, ask func(http.ResponseWriter) error) (err error) {
	if q.sendKept(fl, had) {
		return nil
	}
	q.c.counts.detached.Add(1)
	rest := &restWriter{client: q.w, header: http.Header{}, status: fl.status, had: had}
	rest.repeated.sum.SetSeed(had.sum.Seed())
	defer func() {
		if recover() != nil || err != nil || !rest.matches {
			err = fmt.Errorf("%w: it cannot be asked for once more", errBrokeOff)
		}
	}()
	if err = ask(rest); err == nil && !rest.matches {
		_, err = rest.Write(nil)
	}
	return err
}

// sendKept sends the rest of what a fetch has left in the store, and reports whether it has left something.
func (q *query) sendKept(fl *fetch, had *sent) bool {
	entry, ok := q.c.store.Get(q.c.ctx, fl.storeKey)
	if !ok {
		return false
	}
	defer func() { _ = entry.Close() }() // it was only read
	m, err := parseMeta(entry.Meta())
	if err != nil || m.begun != fl.begun || m.era != q.c.ledger.era {
		return false
	}
	body := entry.Reader()
	if _, err := body.Seek(had.size, io.SeekStart); err != nil {
		return false
	}
	_, _ = io.Copy(q.w, body) // who has left needs nothing
	return true
}

// restWriter is a writer that lets through what a client does not have yet.
type restWriter struct {
	client   http.ResponseWriter
	header   http.Header // nobody sees it: the client has one
	status   int
	had      *sent
	repeated sent // what has come once more
	begun    bool
	differs  bool // it is another answer
	// matches: all that the client has has come once more.
	matches bool
}

// Header is that of the answer, which the client has had already.
func (r *restWriter) Header() http.Header { return r.header }

// Unwrap lets http.ResponseController find the client's other abilities.
func (r *restWriter) Unwrap() http.ResponseWriter { return r.client }

// WriteHeader compares the status.
func (r *restWriter) WriteHeader(status int) {
	if status >= http.StatusOK && !r.begun {
		r.begun, r.differs = true, status != r.status
	}
}

// Write compares what the client has, and hands it the rest.
func (r *restWriter) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	known := int(min(r.had.size-r.repeated.size, int64(len(p))))
	if !r.matches {
		r.repeated.add(p[:known])
		if r.repeated.size == r.had.size {
			r.matches = r.repeated.sum.Sum64() == r.had.sum.Sum64()
			r.differs = r.differs || !r.matches
		}
	}
	if r.differs {
		return 0, errBrokeOff
	}
	if known == len(p) {
		return len(p), nil
	}
	n, err := r.client.Write(p[known:])
	return known + n, err
}

// Flush implements http.Flusher.
func (r *restWriter) Flush() { _ = r.FlushError() }

// FlushError sends on what was written, if the client has some of it to get.
func (r *restWriter) FlushError() error {
	if !r.matches {
		return nil
	}
	return http.NewResponseController(r.client).Flush()
}
