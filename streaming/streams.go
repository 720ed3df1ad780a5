// Package streaming keeps account of the answers that have no end of their own, server-sent events and WebSockets, and
// ends them in good order when the process stops.
package streaming

import (
	"context"
	"io"
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
	open   map[*Body]struct{}
	counts [Kinds]int
	ended  bool
	idle   chan struct{} // closed when ended and nothing is open
}

// Open returns the number of open streams of a kind.
func (s *Streams) Open(kind Kind) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[kind]
}

// Watch wraps the body of a stream of the given kind, so that EndAll can end it: its reader then sees a clean end (for
// WebSockets after a close frame with code 1001), and the upstream sees the connection close. For an upgraded
// connection body must be the io.ReadWriteCloser of net/http's 101 response, and so is what Watch returns.
func (s *Streams) Watch(kind Kind, body io.ReadCloser) *Body {
	b := &Body{ReadCloser: body, kind: kind, streams: s}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		b.end()
		return b
	}
	if s.open == nil {
		s.open = map[*Body]struct{}{}
	}
	s.open[b] = struct{}{}
	s.counts[kind]++
	return b
}

// EndAll ends every open stream, and at once each one that is watched later. It may be called more than once.
func (s *Streams) EndAll() {
	s.mu.Lock()
	bodies := make([]*Body, 0, len(s.open))
	for b := range s.open {
		bodies = append(bodies, b)
	}
	if !s.ended {
		s.ended = true
		s.idle = make(chan struct{})
		if len(s.open) == 0 {
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
	if _, open := s.open[b]; !open {
		return
	}
	delete(s.open, b)
	s.counts[b.kind]--
	if s.ended && len(s.open) == 0 {
		close(s.idle)
	}
}
