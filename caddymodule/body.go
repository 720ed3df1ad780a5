package caddymodule

import (
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"

	"github.com/caddy-nextjs/caddy-nextjs/streaming"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// watchBody wraps the body of an answer, so that the request counts as in flight until its end, and so that a stream can be
// ended when the process stops.
func watchBody(res *http.Response, upstream *zones.Upstream) io.ReadCloser {
	switch {
	case res.StatusCode == http.StatusSwitchingProtocols:
		kind := streaming.Tunnel
		if strings.EqualFold(res.Header.Get("Upgrade"), "websocket") {
			kind = streaming.WebSocket
		}
		return &countedTunnel{Body: processStreams.Watch(kind, res.Body), upstream: upstream}
	case isEventStream(res.Header):
		return &countedBody{ReadCloser: processStreams.Watch(streaming.EventStream, res.Body), upstream: upstream}
	default:
		return &countedBody{ReadCloser: res.Body, upstream: upstream}
	}
}

func isEventStream(h http.Header) bool {
	value := h["Content-Type"]
	if len(value) == 0 || !strings.Contains(strings.ToLower(value[0]), "event-stream") {
		return false
	}
	mediaType, _, err := mime.ParseMediaType(value[0])
	return err == nil && mediaType == "text/event-stream"
}

// countedBody ends the request's count when it is closed.
type countedBody struct {
	io.ReadCloser
	upstream *zones.Upstream
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
	upstream *zones.Upstream
	once     sync.Once
}

// Close implements io.Closer.
func (t *countedTunnel) Close() error {
	t.once.Do(t.upstream.End)
	return t.Body.Close()
}
