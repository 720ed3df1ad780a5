package pagecache

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// mode is what a tee does with what is written to it.
type mode uint8

const (
	modeUndecided   mode = iota // the head has not come
	modePass                    // to the client, write by write
	modeFill                    // into the shared body, from which the client is sent its own
	modeDiscard                 // nobody wants it
	modeNotModified             // the client has it
)

// tee takes the answer of the upstream. It is for one goroutine.
type tee struct {
	fetch *fetch
	ctx   context.Context
	r     *http.Request
	// client is nil in the background.
	client http.ResponseWriter
	// begin is called when the answer fills: it sends it to the client.
	begin func()
	// replaces says that there is an entry already.
	replaces bool
	// keepOnError says that an answer of the status may be replaced by an older one.
	keepOnError func(status int) bool

	header  http.Header
	before  http.Header // that was there when the answer came
	mode    mode
	hash    *versionHash
	written int64
	reason  policy.Reason
	err     error
}

func newTee(ctx context.Context, fl *fetch, r *http.Request, client http.ResponseWriter) *tee {
	t := &tee{
		fetch: fl, ctx: ctx, r: r, client: client, header: http.Header{}, begin: func() {},
		keepOnError: func(int) bool { return false },
	}
	if client != nil {
		t.before = client.Header().Clone()
		t.header = client.Header().Clone()
	}
	return t
}

// Header is that of the answer to come.
func (t *tee) Header() http.Header { return t.header }

// Unwrap lets http.ResponseController find the client's other abilities.
func (t *tee) Unwrap() http.ResponseWriter { return t.client }

// WriteHeader decides what becomes of the answer.
func (t *tee) WriteHeader(status int) {
	if t.mode != modeUndecided {
		return
	}
	if status >= 100 && status < http.StatusOK {
		if t.client != nil {
			t.giveHeader()
			t.client.WriteHeader(status)
			giveAll(t.client.Header(), t.before)
		}
		return
	}
	fl, c := t.fetch, t.fetch.cache
	if err := fl.lifetime.headCame(t.ctx); err != nil {
		// The fetch was given up before. What is written then is about that, Caddy says 499.
		t.mode = modeDiscard
		fl.err = err
		fl.settle(endsFailed)
		return
	}
	if t.keepOnError(status) {
		t.mode = modeDiscard
		fl.err = errUpstream
		fl.settle(endsFailed)
		fl.lifetime.cancel()
		return
	}
	fl.status = status
	if fl.old != nil && status == http.StatusNotModified {
		t.mode = modeDiscard // freshen looks at it
		return
	}
	fl.decision = c.decide(fl, t.r, status, t.header)
	if !fl.decision.Store {
		t.reason = fl.decision.Reason
		t.pass(status)
		return
	}
	t.mode = modeFill
	t.hash = fl.newHash(t.header.Get("Location"))
	fl.header = keptHeader(t.header, t.before)
	if fl.length == 0 {
		c.commit(fl, t.hash.version())
	}
	fl.settle(endsFilling)
	t.giveHeader()
	t.begin()
}

// pass sends the answer to the client and to nobody else.
func (t *tee) pass(status int) {
	fl, c := t.fetch, t.fetch.cache
	t.mode = modePass
	if saysOfPage(status) {
		c.uncacheable.add(fl.key, fl.facts.Now, t.reason, status)
		switch {
		case t.reason == policy.ReasonDeployment: // it says nothing of the build that is kept
		case t.client == nil: // nothing of a client was asked with, so it is true for all
			c.purgePage(pageOf(fl.key), false)
		case t.replaces:
			c.store.Delete(fl.key) // what was kept is not what the upstream answers now
		}
	}
	fl.settle(endsPassing)
	if t.client == nil {
		t.mode = modeDiscard
		fl.lifetime.cancel()
		return
	}
	fl.lifetime.forClientOnly()
	t.giveHeader()
	tell(t.client.Header(), &fl.facts, policy.Told{Kind: policy.ResultMiss, Reason: t.reason, Status: status})
	if status < http.StatusInternalServerError && notModified(t.r.Header, t.client.Header()) {
		// Next.js, which was asked without the condition, compares whatever the status.
		t.mode = modeNotModified
		writeNotModified(t.client)
		return
	}
	t.client.WriteHeader(status)
}

// isOfRequest reports whether a status is about a single request, or the moment at which it came.
func isOfRequest(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong,
		http.StatusExpectationFailed, http.StatusMisdirectedRequest, http.StatusTooEarly, http.StatusTooManyRequests,
		http.StatusRequestHeaderFieldsTooLarge, statusClientGone:
		return true
	}
	return false
}

// saysOfPage reports whether an answer of a status says something of the page that was asked for, to others too.
func saysOfPage(status int) bool {
	return status < http.StatusInternalServerError && status != http.StatusNotModified && !isOfRequest(status)
}

// giveHeader makes the client's headers those of the answer.
func (t *tee) giveHeader() {
	if t.client == nil {
		return
	}
	giveAll(t.client.Header(), t.header)
}

// giveAll makes headers those of another answer.
func giveAll(to, from http.Header) {
	clear(to)
	maps.Copy(to, from)
}

var errUpstream = errors.New("the upstream has failed")

// Write takes a part of the body.
func (t *tee) Write(p []byte) (int, error) {
	if t.mode == modeUndecided {
		t.WriteHeader(http.StatusOK)
	}
	t.written += int64(len(p))
	switch t.mode {
	case modePass:
		return t.client.Write(p)
	case modeFill:
		return t.fill(p)
	}
	return len(p), nil
}

// fill adds to the shared body. What the answer means for its page is written down before its last byte can go out.
func (t *tee) fill(p []byte) (int, error) {
	fl := t.fetch
	_, _ = t.hash.Write(p) // never fails
	if t.written == fl.length {
		fl.cache.commit(fl, t.hash.version())
	}
	if err := fl.body.append(t.ctx, p); err != nil {
		t.err = err
		return 0, err
	}
	return len(p), nil
}

// Flush implements http.Flusher.
func (t *tee) Flush() { _ = t.FlushError() }

// FlushError sends on what was written. What fills is sent as it comes.
func (t *tee) FlushError() error {
	if t.mode == modeUndecided {
		t.WriteHeader(http.StatusOK)
	}
	if t.mode == modePass {
		return http.NewResponseController(t.client).Flush()
	}
	return nil
}

// end is called when the upstream has nothing more to say. It reports why a body that fills is not whole.
func (t *tee) end(err error) error {
	fl := t.fetch
	switch {
	case t.mode != modeFill:
		return err
	case err == nil:
		err = t.err
	}
	if err == nil && fl.length >= 0 && fl.length != t.written {
		err = errIncomplete
	}
	if err == nil && hasTrailers(t.header) {
		t.reason = policy.ReasonTrailers
	}
	return err
}

var errIncomplete = errors.New("the answer of the upstream is shorter or longer than it said")

// hasTrailers reports whether headers were set that come after the body.
func hasTrailers(h http.Header) bool {
	for name := range h {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			return true
		}
	}
	return false
}
