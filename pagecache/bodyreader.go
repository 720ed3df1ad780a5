package pagecache

import (
	"context"
	"io"
)

// bodyReader reads a shared body from its first byte on. It is for one goroutine, which leaves when it is done.
type bodyReader struct {
	body     *sharedBody
	at       int64
	leads    bool // the body is fetched for this one
	detached bool
}

// join adds a reader. It is nil if the beginning is not held any more.
func (g *sharedBody) join(leads bool) *bodyReader {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.windowed || g.ended && !g.needed && len(g.readers) == 0 {
		return nil
	}
	r := &bodyReader{body: g, leads: leads}
	g.readers[r] = struct{}{}
	return r
}

// next returns what comes next. The bytes are not to be modified. The error is io.EOF at the end of a whole body, that
// of finish at the end of one that broke off, errDetached, or ctx's. It calls idle, which sends on what was buffered,
// before it waits.
func (r *bodyReader) next(ctx context.Context, idle func()) (p []byte, err error) {
	g := r.body
	g.mu.Lock()
	defer g.mu.Unlock()
	for {
		if r.detached {
			return nil, errDetached
		}
		if r.at < g.end {
			return r.read(), nil
		}
		if g.ended && g.err == nil {
			return nil, io.EOF
		}
		if g.ended {
			return nil, g.err
		}
		if idle != nil {
			g.mu.Unlock()
			idle()
			g.mu.Lock()
			idle = nil
			continue // it may have grown
		}
		if err := g.wait(ctx, &g.more); err != nil {
			return nil, err
		}
	}
}

// read takes what there is of one chunk. The caller holds the lock, and there is something.
func (r *bodyReader) read() []byte {
	g := r.body
	at := g.start
	for _, chunk := range g.chunks {
		if r.at < at+int64(len(chunk)) {
			p := chunk[r.at-at:]
			r.at += int64(len(p))
			wake(&g.progress)
			return p
		}
		at += int64(len(chunk))
	}
	return nil
}

// leave ends the reading.
func (r *bodyReader) leave() {
	g := r.body
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, there := g.readers[r]; !there {
		return
	}
	delete(g.readers, r)
	wake(&g.progress)
	g.free()
	if len(g.readers) == 0 && g.unread != nil && !g.ended {
		g.unread()
	}
}
