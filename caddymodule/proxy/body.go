package proxy

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/streaming"
)

// watchBody wraps the body of an answer, so that the request counts as in flight until its end, and so that a stream
// can be ended when the upstream is drained or the process stops. Streams keep no upstream busy.
func watchBody(res *http.Response, a *edge.Request) io.ReadCloser {
	upstream, try := a.Try.Upstream, a.Try
	switch {
	case res.StatusCode == http.StatusSwitchingProtocols:
		try.Release()
		kind := streaming.Tunnel
		if strings.EqualFold(res.Header.Get("Upgrade"), "websocket") {
			kind = streaming.WebSocket
		}
		return &countedTunnel{Body: processStreams.Watch(kind, res, upstream), counted: counted{try: try}}
	case streaming.IsEventStream(res.Header):
		try.Release()
		return &countedBody{ReadCloser: processStreams.Watch(streaming.EventStream, res, upstream), counted: counted{try: try}}
	}
	return &countedBody{ReadCloser: res.Body, counted: counted{try: try}, yields: a.Zone.Upstreams.IsLimited()}
}

// counted is the count of a request whose answer is being read.
type counted struct {
	try  deploy.Try
	once sync.Once
}

func (c *counted) end() { c.once.Do(c.try.End) }

// countedBody ends the request's count when it is closed.
type countedBody struct {
	io.ReadCloser
	counted
	yields bool // between two reads its client is waited for, which keeps no upstream busy
}

// Read implements io.Reader.
func (b *countedBody) Read(p []byte) (int, error) {
	if b.yields {
		b.try.Occupy()
		defer b.try.Release()
	}
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.try.Upstream.NoteReceived()
	}
	return n, err //nolint:wrapcheck // io.EOF is compared
}

// Close implements io.Closer.
func (b *countedBody) Close() error {
	b.end()
	return b.ReadCloser.Close()
}

// countedTunnel does the same for an upgraded connection, which reverse_proxy also writes to and half-closes.
type countedTunnel struct {
	*streaming.Body
	counted
}

// Close implements io.Closer.
func (t *countedTunnel) Close() error {
	t.end()
	return t.Body.Close()
}

// clientBody is the body of a request on its way to the upstream.
type clientBody struct {
	io.ReadCloser
	failed atomic.Bool
	read   atomic.Bool // some of it was asked for

	mu       sync.Mutex       // guards what follows: another goroutine reads the body than the answer
	upstream *deploy.Upstream // of the try that waits for its answer; nil: the client's slowness need not be counted
	waits    bool             // for the client, which keeps no upstream busy
}

// watchClient has it known whether a client breaks off its body, which is no fault of the upstream, and counts the
// upstream as busy only while it need not wait for the client. nil: there is no body.
func watchClient(req *http.Request, a *edge.Request) *clientBody {
	if req.Body == nil || req.Body == http.NoBody {
		return nil
	}
	body, isNextTry := req.Body.(*clientBody)
	if !isNextTry {
		body = &clientBody{ReadCloser: req.Body}
	}
	if a.Zone.Upstreams.IsLimited() {
		body.mu.Lock()
		body.upstream = a.Try.Upstream
		body.mu.Unlock()
	}
	req.Body = body
	return body
}

// hasFailed reports whether the client has broken off.
func (b *clientBody) hasFailed() bool { return b != nil && b.failed.Load() }

// wasRead reports whether some of the body may be gone.
func (b *clientBody) wasRead() bool { return b.read.Load() }

// leaveCount says that the try has its answer, or has failed. From now on the answer says whether the upstream is busy:
// if the body said so too, a client that holds back its end would count twice, and the upstream seem to have less than
// nothing to do.
func (b *clientBody) leaveCount() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopWaiting()
	b.upstream = nil
}

// Read implements io.Reader.
func (b *clientBody) Read(p []byte) (int, error) {
	b.read.Store(true)
	b.mu.Lock()
	if b.upstream != nil {
		b.waits = true
		b.upstream.Yield()
	}
	b.mu.Unlock()
	n, err := b.ReadCloser.Read(p)
	b.mu.Lock()
	b.stopWaiting()
	b.mu.Unlock()
	if err != nil && !errors.Is(err, io.EOF) {
		b.failed.Store(true)
	}
	return n, err //nolint:wrapcheck // io.EOF is compared
}

// stopWaiting undoes what Read has counted. b.mu is held.
func (b *clientBody) stopWaiting() {
	if b.waits {
		b.waits = false
		b.upstream.Resume()
	}
}

// streamGauge reports the open streams of the process at the moment it is asked.
type streamGauge struct{ streams *streaming.Streams }

func (streamGauge) Describe(ch chan<- *prometheus.Desc) { ch <- openStreamsDesc }

func (g streamGauge) Collect(ch chan<- prometheus.Metric) {
	for kind := range streaming.Kind(streaming.Kinds) {
		ch <- prometheus.MustNewConstMetric(openStreamsDesc, prometheus.GaugeValue, float64(g.streams.Open(kind)), kind.String())
	}
}

var openStreamsDesc = prometheus.NewDesc("caddy_nextjs_open_streams",
	"Open server-sent event streams, WebSockets and other upgraded connections, by type.", []string{"type"}, nil)
