package caddymodule

import (
	"io"
	"net/http"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// minHeaderSize is the least that max_header_size can be: a browser's own headers need about half of it (bytes).
const minHeaderSize = 1 << 10

// isTooLarge reports whether Node.js would refuse the head of an outgoing request, or drop headers of it. It refuses a head that
// reaches the limit.
func isTooLarge(req *http.Request, limit int) bool {
	size, lines := zones.HeaderSize(req)
	return size >= limit || lines > zones.MaxHeaderLines
}

// refuseTooLarge answers in place of the upstream, which is not asked: neither its connections nor the client's need to close.
func refuseTooLarge(req *http.Request) *http.Response {
	if req.Body != nil {
		_ = req.Body.Close()
	}
	const text = "Request header fields too large\n"
	return &http.Response{
		Status:     "431 " + http.StatusText(http.StatusRequestHeaderFieldsTooLarge),
		StatusCode: http.StatusRequestHeaderFieldsTooLarge,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{
			"Cache-Control": {"private, no-store"},
			"Content-Type":  {"text/plain; charset=utf-8"},
		},
		Body:          io.NopCloser(strings.NewReader(text)),
		ContentLength: int64(len(text)),
		Request:       req,
	}
}
