package streaming

import (
	"cmp"
	"time"
)

// What the fields of DrainLimits mean when they are 0.
const (
	DefaultSpread  = 2 * time.Second
	DefaultEvents  = 5 * time.Second
	DefaultSockets = 10 * time.Second
)

// DrainLimits says when the streams of an owner end. All times count from the call of Drain; of a negative one nothing
// is waited for.
type DrainLimits struct {
	// Spread is the time over which the ends of event streams are scattered, so that not all clients come back at once.
	// Each ends at the first moment between two events after its own. 0: DefaultSpread.
	Spread time.Duration
	// Events is when an event stream ends though it is inside an event. 0: DefaultEvents.
	Events time.Duration
	// Sockets is when WebSockets and tunnels end, and event streams whose clients do not come back. 0: DefaultSockets.
	Sockets time.Duration
}

// drain is the drain of one owner.
type drain struct {
	DrainLimits
	begun time.Time
}

// Drain begins to end the streams of an owner and returns at once; Owned tells how many are left. Those that are
// watched later for the same owner, as answers to requests that were in flight, end as if they had been open when
// Drain was called. An owner that drains already goes on as it does, whatever the limits. Until Undrain the owner is
// remembered, with or without streams.
//
// The client of an event stream is told to come back by a retry field of 500 to 2500 ms, then the stream ends cleanly.
// Nothing is put into a body with a content coding; it ends at its own moment. An event stream that was not asked for
// by GET, as EventSource does, or that has a length, is an answer whose client waits for its end: it has the time of
// sockets. A WebSocket ends after a close frame with code 1001 if it stands between two frames.
func (s *Streams) Drain(owner any, limits DrainLimits) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	o := s.owned(owner)
	if o.drain != nil {
		return
	}
	o.drain = &drain{begun: time.Now(), DrainLimits: DrainLimits{
		Spread:  cmp.Or(limits.Spread, DefaultSpread),
		Events:  cmp.Or(limits.Events, DefaultEvents),
		Sockets: cmp.Or(limits.Sockets, DefaultSockets),
	}}
	for b := range o.open {
		b.leave(o.drain)
	}
}

// Undrain lets the streams of an owner that have not ended go on, and forgets that it drained. It may be called for
// any owner.
func (s *Streams) Undrain(owner any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.owners[owner]
	if o == nil || o.drain == nil {
		return
	}
	o.drain = nil
	for b := range o.open {
		b.stay()
	}
	s.tidy(owner)
}

// Owned returns how many event streams, and how many WebSockets and tunnels, of an owner are open. A stream that was
// ended is open until its reader, who may wait for a slow client, has closed it.
func (s *Streams) Owned(owner any) (events, sockets int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.owners[owner]
	if o == nil {
		return 0, 0
	}
	return o.events, len(o.open) - o.events
}
