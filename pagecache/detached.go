package pagecache

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"net/http"
	"time"
)

// errParted says to a reader that it gets no more from here.
var errDetached = errors.New("this answer is too large to be shared any longer")

// makeRoom waits until the slowest reader has got on. Readers that have all there is must not wait for the others for
// long: beyond the patience they are detached. The caller holds the lock, and holds it again afterwards.
func (g *sharedBody) makeRoom(ctx context.Context) error {
	if !g.holdsUp() {
		return g.wait(ctx, &g.progress)
	}
	left := g.patience - g.heldUp
	if left <= 0 && g.detachReaders() {
		g.heldUp = 0
		return nil
	}
	began := time.Now()
	limited, cancel := context.WithTimeout(ctx, max(left, 0))
	defer cancel()
	err := g.wait(limited, &g.progress)
	g.heldUp += time.Since(began)
	if ctx.Err() == nil {
		return nil // somebody has got on, or the patience is over
	}
	return err
}

// holdsUp reports whether a reader has all there is, and could be detached from one that is late. The caller holds the
// lock.
func (g *sharedBody) holdsUp() bool {
	waits, helps, late := false, false, g.leaderIsLate()
	for r := range g.readers {
		waits = waits || r.at == g.end
		helps = helps || g.wouldDetach(r, late)
	}
	return waits && helps
}

// leaderIsLate reports whether the one for whom the body is fetched holds up others. The caller holds the lock.
func (g *sharedBody) leaderIsLate() bool {
	for r := range g.readers {
		if r.leads {
			return g.end-r.at > g.room
		}
	}
	return false
}

// wouldDetach reports whether a reader would be detached: one that is late, or, if the one for whom the body is fetched
// is late, one that waits for it. That one stays in any case, so nobody is detached who is alone. The caller holds the
// lock.
func (g *sharedBody) wouldDetach(r *bodyReader, leaderIsLate bool) bool {
	switch {
	case r.leads:
		return false
	case leaderIsLate:
		return r.at == g.end
	}
	return g.end-r.at > g.room
}

// detachReaders sends readers off, and reports whether there were some. They ask for themselves from then on. The
// caller holds the lock.
func (g *sharedBody) detachReaders() (some bool) {
	late := g.leaderIsLate()
	for r := range g.readers {
		if g.wouldDetach(r, late) {
			r.detached, some = true, true
			delete(g.readers, r)
		}
	}
	wake(&g.more)
	return some
}

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
func (q *query) sendRest(fl *flight, had *sent, ask func(http.ResponseWriter) error) (err error) {
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
func (q *query) sendKept(fl *flight, had *sent) bool {
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
