package imageopt

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
)

// Local asks serve for the image at href, a path with or without a query, within this process. The request is a GET without
// headers, without an address of a client and with an empty Host: what the site is called is for serve to say. A redirect is
// not followed. Local returns when serve does; its limit of time is that of ctx. All errors are *FetchError.
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

// handlerPanic is the panic of a handler.
type handlerPanic struct {
	value any
	stack []byte
}

func (p *handlerPanic) Error() string { return fmt.Sprintf("the handler panicked: %v", p.value) }

// serveSafely runs a handler outside net/http, which would take care of its panics. http.ErrAbortHandler, by which a proxy says that the
// rest of a body will not come, is returned as it is.
func serveSafely(serve http.Handler, w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		switch value := recover(); value {
		case nil:
		case http.ErrAbortHandler:
			err = http.ErrAbortHandler
		default:
			err = &handlerPanic{value: value, stack: debug.Stack()}
		}
	}()
	serve.ServeHTTP(w, r)
	return nil
}
