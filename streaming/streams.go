// Package streaming keeps account of the answers that have no end of their own, server-sent events and WebSockets, and
// ends them in good order: those of one upstream when it drains, all when the process stops.
package streaming

import (
	"context"
	"net/http"
	"strings"
	"sync"
)

// Kind is what a stream carries.
type Kind int

// The kinds of streams.
const (
	// EventStream is a text/event-stream response; its clients connect again by themselves.
	EventStream Kind = iota
	// WebSocket is a connection that was upgraded to the WebSocket protocol.
	WebSocket
	// Tunnel is a connection that was upgraded to anything else.
	Tunnel

	// Kinds is the number of kinds.
	Kinds = iota
)

// String returns the kind's name as it stands in metrics.
func (k Kind) String() string { return [Kinds]string{"event_stream", "websocket", "tunnel"}[k] }

// Streams is the set of open streams of a process. The zero value is ready for use.
type Streams struct {
	mu     sync.Mutex
	owners map[any]*owned // those that have streams or drain
	counts [Kinds]int
	ended  bool
	idle   chan struct{} // closed when ended and nothing is open
}

// owned is what an owner has.
type owned struct {
	open   map[*Body]struct{}
	events int    // how many of them are event streams
	drain  *drain // nil: it does not drain
}

// Open returns the number of open streams of a kind.
func (s *Streams) Open(kind Kind) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[kind]
}

// Watch wraps the body of an answer that is a stream of the given kind, so that EndAll and Drain can end it: its reader
// then sees a clean end (for WebSockets after a close frame with code 1001), and the upstream sees the connection
// close. The owner, any comparable value, is whom the stream comes from. For an upgraded connection the body must be
// the io.ReadWriteCloser of net/http's 101 response, and so is what Watch returns. The rest of res is read now and not
// kept.
func (s *Streams) Watch(kind Kind, res *http.Response, owner any) *Body {
	b := &Body{
		ReadCloser: res.Body, kind: kind, owner: owner, streams: s,
		comesBack: kind == EventStream && isOfEventSource(res),
		encoded:   isEncoded(res.Header),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		b.end()
		return b
	}
	o := s.owned(owner)
	o.open[b] = struct{}{}
	s.count(o, kind, 1)
	if o.drain != nil {
		b.leave(o.drain)
	}
	return b
}

// isOfEventSource reports whether an event stream can be one of an EventSource, which asks by GET and connects again
// when its stream ends (WHATWG HTML, 9.2.2 and 9.2.3). An answer to a POST, as fetch reads it, is whole only with its
// end, and so is one with a length.
func isOfEventSource(res *http.Response) bool {
	if len(res.Header["Content-Length"]) > 0 {
		return false
	}
	return res.Request == nil || res.Request.Method == http.MethodGet || res.Request.Method == ""
}

// isEncoded reports whether the bytes of a body are not those of its media type.
func isEncoded(h http.Header) bool {
	for _, value := range h["Content-Encoding"] {
		if value != "" && !strings.EqualFold(value, "identity") {
			return true
		}
	}
	return false
}

// EndAll ends every open stream, and at once each one that is watched later. It may be called more than once.
func (s *Streams) EndAll() {
	s.mu.Lock()
	var bodies []*Body
	for _, o := range s.owners {
		for b := range o.open {
			bodies = append(bodies, b)
		}
	}
	if !s.ended {
		s.ended = true
		s.idle = make(chan struct{})
		if len(bodies) == 0 {
			close(s.idle)
		}
	}
	s.mu.Unlock()
	for _, b := range bodies {
		b.end()
	}
}

// Wait returns when the streams that EndAll ended have been closed by their readers, or ctx is done.
func (s *Streams) Wait(ctx context.Context) {
	s.mu.Lock()
	idle := s.idle
	s.mu.Unlock()
	if idle == nil {
		return
	}
	select {
	case <-idle:
	case <-ctx.Done():
	}
}

func (s *Streams) forget(b *Body) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.owners[b.owner]
	if o == nil {
		return
	}
	if _, open := o.open[b]; !open {
		return
	}
	delete(o.open, b)
	s.count(o, b.kind, -1)
	s.tidy(b.owner)
	if s.ended && s.counts == [Kinds]int{} {
		close(s.idle)
	}
}

// owned returns what an owner has; tidy must follow if that may be nothing.
func (s *Streams) owned(owner any) *owned {
	o := s.owners[owner]
	if o == nil {
		if s.owners == nil {
			s.owners = map[any]*owned{}
		}
		o = &owned{open: map[*Body]struct{}{}}
		s.owners[owner] = o
	}
	return o
}

// tidy forgets an owner that has no streams and does not drain.
func (s *Streams) tidy(owner any) {
	if o := s.owners[owner]; len(o.open) == 0 && o.drain == nil {
		delete(s.owners, owner)
	}
}

func (s *Streams) count(o *owned, kind Kind, change int) {
	s.counts[kind] += change
	if kind == EventStream {
		o.events += change
	}
}
