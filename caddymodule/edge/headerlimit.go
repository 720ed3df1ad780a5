package edge

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/zones/hygiene"
)

const (
	// MinHeaderSize is the least that max_header_size can be: a browser's own headers need about half of it (bytes).
	MinHeaderSize = 1 << 10
	// DefaultMaxHeaderSize is Node.js's own --max-http-header-size, in bytes.
	DefaultMaxHeaderSize = 16 << 10
	// defaultServerLimit is max_header_bytes of a server that does not set it (caddyhttp.App.Provision).
	defaultServerLimit = 16 << 10
	// ServerRoom is how many bytes a server takes above max_header_size. HTTP/2 and 3 add 32 bytes to each field,
	// 32,000 to the 1000 that Node.js takes; what is left is for larger heads, so that they are answered with 431. A
	// head that is larger than the server takes may end the connection, with every other request on it.
	ServerRoom = 48 << 10
)

// CheckHeaderSize checks a max_header_size. 0 stands for the default.
func CheckHeaderSize(size int) error {
	if size != 0 && (size < MinHeaderSize || size > math.MaxInt32-ServerRoom) {
		return fmt.Errorf("max_header_size %d is not from %d, which browsers need, to %d bytes",
			size, MinHeaderSize, math.MaxInt32-ServerRoom)
	}
	return nil
}

// HeadLimits are what the sites and transports of a configuration say of the heads of requests, by server. They are
// complete before the first server starts, and never change after that.
type HeadLimits map[*caddyhttp.Server]*headLimit

// headLimit is what is said for one server.
type headLimit struct {
	raisedTo  int // what the limit of the server was raised to, 0: it was not
	Transport int // the largest max_header_size of transports, 0: none has one
}

// Of returns the limit of a server.
func (l HeadLimits) Of(server *caddyhttp.Server) *headLimit {
	if l[server] == nil {
		l[server] = new(headLimit)
	}
	return l[server]
}

// Raise lets a server take heads that are larger than size, so that the handler can answer them. What the configuration
// says of the server itself stays.
func (l HeadLimits) Raise(server *caddyhttp.Server, size int, log *zap.Logger) {
	if server == nil {
		return
	}
	limit := l.Of(server)
	switch server.MaxHeaderBytes {
	case defaultServerLimit, limit.raisedTo:
		limit.raisedTo = max(server.MaxHeaderBytes, max(size, DefaultMaxHeaderSize)+ServerRoom)
		server.MaxHeaderBytes = limit.raisedTo
		return
	}
	if server.MaxHeaderBytes <= size {
		log.Warn("the server's own max_header_size is not larger than that of nextjs: larger heads end HTTP/2 connections",
			zap.Int("server_max_header_size", server.MaxHeaderBytes), zap.Int("nextjs_max_header_size", size))
	}
}

// SiteLimit is how large the head of a request to a site may be.
type SiteLimit struct {
	Own    int        // what the site says, 0: nothing
	Server *headLimit // what is said for its server
}

// Bytes returns the limit.
func (l SiteLimit) Bytes() int { return cmp.Or(l.Own, l.Server.Transport, DefaultMaxHeaderSize) }

// IsTooLarge reports whether Node.js would refuse a head, or drop headers of it. It refuses one that reaches the limit.
func IsTooLarge(size, lines, limit int) bool { return size >= limit || lines > hygiene.MaxHeaderLines }

const tooLargeText = "Request header fields too large\n"

// setTooLargeHeader writes the header of an answer whose body is tooLargeText.
func setTooLargeHeader(h http.Header) {
	h["Cache-Control"] = []string{"private, no-store"}
	h["Content-Type"] = []string{"text/plain; charset=utf-8"}
}

// AnswerTooLarge answers a request whose head Node.js would refuse. The client's connection stays.
func AnswerTooLarge(w http.ResponseWriter, zone string) {
	headersTooLargeTotal.WithLabelValues(zone).Inc()
	setTooLargeHeader(w.Header())
	w.WriteHeader(http.StatusRequestHeaderFieldsTooLarge)
	_, _ = io.WriteString(w, tooLargeText)
}

// RefuseTooLarge answers in place of the upstream, which is not asked: neither its connections nor the client's need to
// close.
func RefuseTooLarge(req *http.Request, zone string) *http.Response {
	headersTooLargeTotal.WithLabelValues(zone).Inc()
	if req.Body != nil {
		_ = req.Body.Close()
	}
	res := &http.Response{
		Status:     "431 " + http.StatusText(http.StatusRequestHeaderFieldsTooLarge),
		StatusCode: http.StatusRequestHeaderFieldsTooLarge,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        http.Header{},
		Body:          io.NopCloser(strings.NewReader(tooLargeText)),
		ContentLength: int64(len(tooLargeText)),
		Request:       req,
	}
	setTooLargeHeader(res.Header)
	return res
}

var headersTooLargeTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
	Namespace: "caddy", Subsystem: "nextjs", Name: "headers_too_large_total",
	Help: "Requests answered with 431 because of max_header_size, by zone.",
}, []string{"zone"})

// HeadLimitsOf returns the limits of the configuration that is being loaded, which its app has.
func HeadLimitsOf(ctx caddy.Context) (HeadLimits, error) {
	app, err := ctx.App("nextjs")
	if err != nil {
		return nil, fmt.Errorf("loading the nextjs app: %w", err)
	}
	return app.(interface{ HeadLimits() HeadLimits }).HeadLimits(), nil
}
