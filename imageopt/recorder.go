package imageopt

import (
	"context"
	"net/http"
	"strconv"
	"strings"
)

// recorder takes the answer of a handler: the body of a success, up to a limit, and the headers that an image is kept by. Before
// 16 Next.js did not look at the status: what the bytes are decides there.
type recorder struct {
	anyStatus    bool
	header       http.Header
	body         boundedBody
	stop         context.CancelFunc // tells the handler that no more is wanted
	status       int                // 0: not written yet
	length       int64              // as announced; -1: not
	cacheControl string
	etag         string
	contentType  string
}

func newRecorder(limits FetchLimits, stop context.CancelFunc) *recorder {
	return &recorder{anyStatus: limits.Before16, header: http.Header{}, body: boundedBody{limit: limits.MaxBytes}, stop: stop, length: -1}
}

// Header is that of the answer to come.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader ends the head, if its status is not one of those that announce another.
func (r *recorder) WriteHeader(status int) {
	informational := status >= 100 && status <= 199 && status != http.StatusSwitchingProtocols
	if r.status != 0 || informational {
		return
	}
	r.status = status
	r.cacheControl = strings.Join(r.header.Values("Cache-Control"), ", ")
	r.etag = r.header.Get("ETag")
	r.contentType = r.header.Get("Content-Type")
	if length, err := strconv.ParseInt(r.header.Get("Content-Length"), 10, 64); err == nil && length >= 0 {
		r.length = length
		if r.wanted() {
			r.body.reserve(length)
		}
	}
}

// Write keeps p if it is of an image.
func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	if !r.wanted() {
		return len(p), nil
	}
	n, err := r.body.Write(p)
	if err != nil {
		r.stop()
	}
	return n, err
}

// Flush has nothing to do; handlers that stream ask for it.
func (r *recorder) Flush() { r.WriteHeader(http.StatusOK) }

// wanted reports whether the body may be an image.
func (r *recorder) wanted() bool { return r.anyStatus || r.status >= 200 && r.status <= 299 }

// whole reports whether the body has the length that was announced.
func (r *recorder) whole() bool { return r.length < 0 || r.length == int64(len(r.body.bytes)) }
