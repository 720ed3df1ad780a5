package imageopt

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/internal/flight"
	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
	"github.com/caddy-nextjs/caddy-nextjs/internal/httpwriter"
	"github.com/caddy-nextjs/caddy-nextjs/internal/keeping"
)

// passingPatience is how long a request waits for another one that asks for the same picture; then it asks the
// application itself.
const passingPatience = 10 * time.Second

// Passing keeps pictures that an application has made itself: those of a zone of which the edge does not know what is
// allowed. It is safe for concurrent use.
type Passing struct {
	store *blobstore.Store
	now   func() time.Time
	// flights are requests that ask the application for others, too, and what is refreshed in the background.
	flights flight.Group[blobstore.Key, struct{}]
}

// NewPassing returns what keeps pictures in store, which it does not close.
func NewPassing(store *blobstore.Store) *Passing {
	p := &Passing{store: store, now: time.Now}
	p.flights.Timeout = makeTime
	return p
}

// Close cancels what is done in the background, with ErrClosed as the cause, and waits for it.
func (p *Passing) Close() { p.flights.Close(ErrClosed) }

// Pass is how the application is asked.
type Pass struct {
	// Next answers the request itself.
	Next func(w http.ResponseWriter) error
	// Again asks for the same as by nobody, with a GET that has no header but Accept, when the request may have ended.
	Again func(ctx context.Context, accept string, w http.ResponseWriter) error
}

// PassKey is the key of what an application answers to a request for a picture, in the group of its source
// (SourceHref); ok is false for one that it would refuse. Accept counts only as far as it chooses a format, whichever
// formats the application has configured.
func PassKey(space, path, rawQuery, accept string) (key blobstore.Key, ok bool) {
	q := readParameters(rawQuery)
	for _, p := range [...]parameter{q.url, q.width, q.quality} {
		if p.count != 1 || p.value == "" {
			return key, false
		}
	}
	if !isDigits(q.width.value) || !isDigits(q.quality.value) || utf16Length(q.url.value) > maxURL {
		return key, false
	}
	format := ""
	for _, formats := range [...][]string{{avif, webp}, {avif}, {webp}} {
		format += " " + strings.TrimPrefix(preferredFormat(accept, formats), "image/")
	}
	group := q.url.value
	if href, err := SourceHref(group); err == nil {
		group = href
	}
	return blobstore.Key{Space: space, Group: group, Name: strings.Join([]string{"passed", path, q.width.value, q.quality.value, format, q.url.value}, "\x00")}, true
}

// Serve answers a GET or HEAD with the picture that is kept under a key, or lets the application answer and keeps that.
// Requests for one picture that come while it is asked for wait for it.
func (p *Passing) Serve(w http.ResponseWriter, r *http.Request, key blobstore.Key, pass Pass) (Result, error) {
	if result, ok := p.serveKept(w, r, key, pass); ok {
		return result, nil
	}
	if r.Method != http.MethodGet || httpheader.HasCondition(r.Header) {
		return ResultMiss, pass.Next(w) // what comes may not be the whole picture
	}
	leader, landed := p.flights.Lead(r.Context(), key, passingPatience)
	switch {
	case leader != nil:
		//nolint:contextcheck // the request has it
		if answered, err := p.lead(leader, w, r, key, pass); answered || err != nil {
			return ResultMiss, err
		}
	case landed:
		if result, ok := p.serveKept(w, r, key, pass); ok {
			return result, nil
		}
	case r.Context().Err() != nil:
		return ResultGone, nil
	}
	return ResultMiss, pass.Next(w) // for this client alone
}

// lead asks the application for a picture that others wait for. What is kept must be for everybody, though the client
// may have shown who it is: then the application is asked as by nobody. answered is false if it has nothing for nobody.
func (p *Passing) lead(
	leader *flight.Flight[blobstore.Key, struct{}], w http.ResponseWriter, r *http.Request, key blobstore.Key, pass Pass,
) (answered bool, err error) {
	defer leader.End()
	if len(r.Header["Cookie"]) == 0 && len(r.Header["Authorization"]) == 0 {
		return true, p.fill(w, key, pass.Next)
	}
	public := newPublicOnly(w)
	err = p.fill(public, key, func(w http.ResponseWriter) error {
		return pass.Again(r.Context(), joined(r.Header["Accept"]), w)
	})
	if !public.passed {
		return false, nil // what has failed is asked for again, in the client's name
	}
	return true, err
}

// fill asks the application and keeps what it answers, if that may be kept.
func (p *Passing) fill(w http.ResponseWriter, key blobstore.Key, next func(http.ResponseWriter) error) error {
	promise := p.store.Promise(key) // what the application begins to answer before a purge is not kept after it
	defer promise.End()
	keeper := keeping.NewWriter(w, func(status int, h http.Header, head []byte) *blobstore.Writer {
		age, ok := keepTime(status, h)
		if !ok {
			return nil
		}
		expires := strconv.FormatInt(p.now().Add(age).UnixMilli(), 10)
		// A store that cannot take it has said so itself.
		entry, _ := promise.Create(append([]byte("Expires\x00"+expires+"\n"), head...))
		return entry
	})
	defer keeper.Abort() // unless it is complete by then
	err := next(keeper)
	if err == nil {
		keeper.Commit()
	}
	return err
}

// serveKept answers with what is kept, if there is something.
func (p *Passing) serveKept(w http.ResponseWriter, r *http.Request, key blobstore.Key, pass Pass) (Result, bool) {
	entry, ok := p.store.Get(r.Context(), key)
	if !ok {
		return 0, false
	}
	defer func() { _ = entry.Close() }() // it was only read
	head, err := keeping.ParseHead(entry.Meta())
	if err != nil {
		return 0, false
	}
	expires, err := strconv.ParseInt(head.Get("Expires"), 10, 64)
	if err != nil {
		return 0, false
	}
	result := ResultHit
	if p.now().UnixMilli() >= expires {
		result = ResultStale
		p.refresh(key, joined(r.Header["Accept"]), pass) //nolint:contextcheck // it outlives the request
	}
	delete(head, "Expires")
	h := w.Header()
	for name, values := range head {
		h[name] = values
	}
	h["Vary"] = append(h["Vary"], "Accept")
	h["X-Nextjs-Cache"] = []string{cacheNames[result]}
	if NotModified(r.Header, head.Get("Etag")) {
		KeepFor304(h)
		w.WriteHeader(http.StatusNotModified)
		return result, true
	}
	h["Content-Length"] = []string{strconv.FormatInt(entry.Size(), 10)}
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = entry.WriteTo(w) // who is gone needs no picture
	}
	return result, true
}

// refresh asks the application for a stale picture again, in the background, once at a time.
func (p *Passing) refresh(key blobstore.Key, accept string, pass Pass) {
	p.flights.Start(key, func(ctx context.Context) (none struct{}, err error) {
		answer := httpwriter.NewDiscard()
		err = p.fill(answer, key, func(w http.ResponseWriter) error { return pass.Again(ctx, accept, w) })
		if err == nil && withdraws(answer) {
			p.store.Delete(key)
		}
		return none, err // what is kept stays: it is replaced now, or better than nothing
	})
}

// keepTime is how long an answer may be given to others: Next.js says so itself. One that it made of a picture that is
// stale there has the age of a fresh one, and is not kept.
func keepTime(status int, h http.Header) (time.Duration, bool) {
	if status != http.StatusOK || len(h["Set-Cookie"]) > 0 || len(h["Content-Encoding"]) > 0 || len(h["Trailer"]) > 0 ||
		!strings.HasPrefix(h.Get("Content-Type"), "image/") || h.Get("X-Nextjs-Cache") == "STALE" {
		return 0, false
	}
	for name := range httpheader.Tokens(h["Vary"]) {
		if !strings.EqualFold(name, "Accept") && !strings.EqualFold(name, "Accept-Encoding") {
			return 0, false
		}
	}
	says := func(name string) bool { return httpheader.HasDirective(h["Cache-Control"], name) }
	if !says("public") || says("private") || says("no-store") || says("no-cache") {
		return 0, false
	}
	seconds := UpstreamMaxAge(joined(h["Cache-Control"]))
	return time.Duration(seconds) * time.Second, seconds > 0
}
