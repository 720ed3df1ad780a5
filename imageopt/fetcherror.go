package imageopt

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"

	"go.uber.org/zap/zapcore"

	"github.com/caddy-nextjs/caddy-nextjs/internal/flight"
)

// What Next.js answers when there is no source image (fetchExternalImage and fetchInternalImage of image-optimizer.js).
const (
	textNotAllowed      = `"url" parameter is not allowed`
	textTimedOut        = `"url" parameter is valid but upstream response timed out`
	textUpstreamInvalid = `"url" parameter is valid but upstream response is invalid`
	textInternalInvalid = `"url" parameter is valid but internal response is invalid`
	textInternalServer  = "Internal Server Error"
)

// FetchCause says in one word why there is no source image. The set is closed, so it may be the label of a metric.
type FetchCause string

// The causes.
const (
	CauseAddress   FetchCause = "special_address"    // the name has an address that is not public
	CausePattern   FetchCause = "not_in_patterns"    // neither domains nor remotePatterns name the URL
	CauseScheme    FetchCause = "scheme"             // neither http nor https
	CauseLookup    FetchCause = "lookup"             // the name has no addresses
	CauseNetwork   FetchCause = "network"            // no connection, or it broke
	CauseTimeout   FetchCause = "timeout"            // a hop took longer than the limit
	CauseStatus    FetchCause = "status"             // an answer that is no success
	CauseRedirects FetchCause = "too_many_redirects" // more hops than maximumRedirects
	CauseTooLarge  FetchCause = "too_large"          // more bytes than maximumResponseBody
	CauseEmpty     FetchCause = "empty"              // a success without a body
	CauseEncoding  FetchCause = "content_encoding"   // too many content codings, or a corrupt one
	CauseHandler   FetchCause = "handler"            // the handler of a local image panicked or left its answer unfinished
	CauseURL       FetchCause = "url"                // no request can be made of the URL
	CauseCanceled  FetchCause = "canceled"           // nobody waits for the image any more
)

// FetchError says why there is no source image: what to answer, and what to log. It never holds a query, nor the path
// of a remote image: both may be secrets.
type FetchError struct {
	Status int    // what Next.js answers
	Text   string // the body of that answer
	Cause  FetchCause
	Target string // host of the remote image that was asked for last, or path of the local one
	Hop    int    // how many redirects had been followed
	Reason error
}

func (e *FetchError) Error() string {
	return fmt.Sprintf("fetching the source image from %q after %d redirects: %s: %v", e.Target, e.Hop, e.Cause, e.Reason)
}

func (e *FetchError) Unwrap() error { return e.Reason }

// MarshalLogObject writes the fields of one log line.
func (e *FetchError) MarshalLogObject(line zapcore.ObjectEncoder) error {
	line.AddString("cause", string(e.Cause))
	line.AddString("target", e.Target)
	line.AddInt("redirects", e.Hop)
	line.AddInt("status", e.Status)
	line.AddString("error", e.Reason.Error())
	if crash, ok := errors.AsType[*flight.PanicError](e.Reason); ok {
		line.AddByteString("stack", crash.Stack)
	}
	return nil
}

// networkFailure is the error of a connection, a lookup or a body that broke. client is the context of those who wait
// for the image, hop that of the one exchange.
func networkFailure(client, hop context.Context, cause FetchCause, err error) *FetchError {
	failed := &FetchError{Status: http.StatusInternalServerError, Text: textInternalServer, Cause: cause, Reason: err}
	switch {
	case errors.Is(client.Err(), context.Canceled):
		failed.Cause = CauseCanceled
		failed.Reason = fmt.Errorf("%w: %w", context.Canceled, err)
	case client.Err() != nil, hop.Err() != nil, isTimeout(err):
		failed.Status, failed.Text, failed.Cause = http.StatusGatewayTimeout, textTimedOut, CauseTimeout
	}
	return failed
}

func isTimeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// statusFailure is the error of an answer that is no success. Next.js repeats the status if it is that of an error.
func statusFailure(status int, text string) *FetchError {
	failed := &FetchError{Status: status, Text: text, Cause: CauseStatus, Reason: fmt.Errorf("the answer has status %d", status)}
	if status < http.StatusBadRequest {
		failed.Status = http.StatusInternalServerError
	}
	return failed
}

// emptyFailure is the error of a success without a body.
func emptyFailure(text string) *FetchError {
	return &FetchError{Status: http.StatusBadRequest, Text: text, Cause: CauseEmpty, Reason: errors.New("the answer has no body")}
}

// sizeFailure is the error of a body over the limit, in bytes.
func sizeFailure(limit int64, text string) *FetchError {
	return &FetchError{
		Status: http.StatusRequestEntityTooLarge, Text: text, Cause: CauseTooLarge,
		Reason: fmt.Errorf("%w of %d bytes (images.maximumResponseBody of next.config)", errBodyTooLarge, limit),
	}
}
