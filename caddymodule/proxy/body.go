package proxy

import (
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/streaming"
)

// watchBody wraps the body of an answer, so that the request counts as in flight until its end, and so that a stream
// can be ended when the upstream drains or the process stops.
func watchBody(res *http.Response, upstream *deploy.Upstream) io.ReadCloser {
	switch {
	case res.StatusCode == http.StatusSwitchingProtocols:
		kind := streaming.Tunnel
		if strings.EqualFold(res.Header.Get("Upgrade"), "websocket") {
			kind = streaming.WebSocket
		}
		return &countedTunnel{Body: processStreams.Watch(kind, res, upstream), upstream: upstream}
	case streaming.IsEventStream(res.Header):
		return &countedBody{ReadCloser: processStreams.Watch(streaming.EventStream, res, upstream), upstream: upstream}
	default:
		return &countedBody{ReadCloser: res.Body, upstream: upstream}
	}
}

// countedBody ends the request's count when it is closed.
type countedBody struct {
	io.ReadCloser
	upstream *deploy.Upstream
	once     sync.Once
}

// Close implements io.Closer.
func (b *countedBody) Close() error {
	b.once.Do(b.upstream.End)
	return b.ReadCloser.Close()
}

// countedTunnel does the same for an upgraded connection, which reverse_proxy also writes to and half-closes.
type countedTunnel struct {
	*streaming.Body
	upstream *deploy.Upstream
	once     sync.Once
}

// Close implements io.Closer.
func (t *countedTunnel) Close() error {
	t.once.Do(t.upstream.End)
	return t.Body.Close()
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
