package imageopt

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/flight"
	"github.com/caddy-nextjs/caddy-nextjs/internal/httpwriter"
)

// Local asks serve for the image at href, a path with or without a query, within this process. The request is a GET
// without headers, without an address of a client and with an empty Host: what the site is called is for serve to say.
// A redirect is not followed. Local returns when serve does; its limit of time is that of ctx. All errors are
// *FetchError.
func (f *Fetcher) Local(ctx context.Context, href string, serve http.Handler) (Source, error) {
	target, text, err := LocalURL(href)
	if err != nil {
		return Source{}, &FetchError{Status: http.StatusInternalServerError, Text: textInternalServer, Cause: CauseURL, Reason: err}
	}
	source, failed := f.serveLocal(ctx, serve, &http.Request{
		Method:     http.MethodGet,
		URL:        target,
		RequestURI: text,
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     http.Header{},
		Body:       http.NoBody,
	})
	if failed != nil {
		failed.Target = target.Path
		return Source{}, failed
	}
	return source, nil
}

func (f *Fetcher) serveLocal(client context.Context, serve http.Handler, r *http.Request) (Source, *FetchError) {
	ctx, cancel := context.WithCancel(valueless{client})
	defer cancel()
	answer := newRecorder(f.limits, cancel)
	err := serveSafely(serve, answer, r.WithContext(ctx)) //nolint:contextcheck // valueless ends with client
	switch {
	case answer.body.over:
		return Source{}, sizeFailure(f.limits.MaxBytes, textInternalInvalid)
	case client.Err() != nil:
		return Source{}, networkFailure(client, ctx, CauseHandler, errors.Join(client.Err(), err))
	case err != nil:
		return Source{}, handlerFailure(err)
	}
	answer.WriteHeader(http.StatusOK) // if it has no status yet
	if !answer.wanted() {
		return Source{}, statusFailure(answer.status, textInternalInvalid)
	}
	if !answer.whole() {
		return Source{}, handlerFailure(fmt.Errorf("the answer has %d of %d bytes", len(answer.body.bytes), answer.length))
	}
	if len(answer.body.bytes) == 0 {
		return Source{}, emptyFailure(textInternalInvalid)
	}
	return Source{
		Body: answer.body.bytes, CacheControl: answer.cacheControl, ETag: answer.etag,
		Status: answer.status, ContentType: answer.contentType,
	}, nil
}

// handlerFailure is the error of a handler that panicked or left its answer unfinished.
func handlerFailure(err error) *FetchError {
	return &FetchError{Status: http.StatusInternalServerError, Text: textInternalInvalid, Cause: CauseHandler, Reason: err}
}

// serveSafely runs a handler outside net/http, which would take care of its panics. http.ErrAbortHandler, by which a
// proxy says that the rest of a body will not come, is returned as it is.
func serveSafely(serve http.Handler, w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		switch value := recover(); value {
		case nil:
		case http.ErrAbortHandler:
			err = http.ErrAbortHandler
		default:
			err = fmt.Errorf("the handler %w", &flight.PanicError{Value: value, Stack: debug.Stack()})
		}
	}()
	serve.ServeHTTP(w, r)
	return nil
}

// recorder takes the answer of a handler: the body of a success, up to a limit, and the headers that an image is kept
// by. Before 16 Next.js did not look at the status: what the bytes are decides there.
type recorder struct {
	httpwriter.Wrapper
	anyStatus    bool
	body         boundedBody
	stop         context.CancelFunc // tells the handler that no more is wanted
	status       int                // 0: not written yet
	length       int64              // as announced; -1: not
	cacheControl string
	etag         string
	contentType  string
}

func newRecorder(limits FetchLimits, stop context.CancelFunc) *recorder {
	r := &recorder{anyStatus: limits.Before16, body: boundedBody{limit: limits.MaxBytes}, stop: stop, length: -1}
	r.Wrapper = httpwriter.Wrapper{ResponseWriter: httpwriter.NewDiscard(), Head: r}
	return r
}

// OnHead implements httpwriter.Head.
func (r *recorder) OnHead(status int) {
	h := r.Header()
	r.status = status
	r.cacheControl = strings.Join(h.Values("Cache-Control"), ", ")
	r.etag = h.Get("ETag")
	r.contentType = h.Get("Content-Type")
	if length, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64); err == nil && length >= 0 {
		r.length = length
		if r.wanted() {
			r.body.reserve(length)
		}
	}
}

// Write keeps p if it is of an image.
func (r *recorder) Write(p []byte) (int, error) {
	n, err := r.Wrapper.Write(p)
	if !r.wanted() {
		return n, err
	}
	n, err = r.body.Write(p)
	if err != nil {
		r.stop()
	}
	return n, err
}

// wanted reports whether the body may be an image.
func (r *recorder) wanted() bool { return r.anyStatus || r.status >= 200 && r.status <= 299 }

// whole reports whether the body has the length that was announced.
func (r *recorder) whole() bool { return r.length < 0 || r.length == int64(len(r.body.bytes)) }

// valueless is a context that ends when the other one does and knows nothing else of it: an image is made for all who
// ask for it, so nothing of the one who asked first may reach its source.
type valueless struct{ context.Context }

// Value has nothing.
func (valueless) Value(any) any { return nil }
