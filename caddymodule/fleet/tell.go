package fleet

import (
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// Event is what has become of an upstream, or of a zone, by its name among Caddy's events.
type Event string

// The events.
const (
	EventUnhealthy Event = "unhealthy" // it does not answer
	EventEjected   Event = "ejected"   // its answers are bad
	EventRecovered Event = "recovered" // it is fit again
	EventDrained   Event = "drained"   // it gets no new requests
	EventPanic     Event = "panic"     // none of a zone is fit: all but drained ones are tried
	EventPaused    Event = "paused"    // requests of a zone wait
	EventResumed   Event = "resumed"   // they do no more

	EventStarting Event = "deployment_starting" // a deployment was ordered
	EventLive     Event = "deployment_live"     // documents go to it
	EventFailed   Event = "deployment_failed"   // it could not become live
	EventRetired  Event = "deployment_retired"  // nothing goes to it any more
)

// emit tells who subscribes to Caddy's events.
func emit(event Event, data map[string]any) {
	if now := edge.Current.Load(); now != nil {
		now.Emit(string(event), data)
	}
}

// eventsOf returns what a change is.
func eventsOf(c deploy.Change) (events []Event) {
	if !c.IsNewState() || c.After == nil {
		return nil
	}
	switch c.After.State {
	case deploy.Unhealthy:
		if c.Before == nil { // nobody has asked it yet
			return nil
		}
		events = append(events, EventUnhealthy)
	case deploy.Ejected:
		events = append(events, EventEjected)
	case deploy.Draining:
		events = append(events, EventDrained)
	case deploy.Healthy:
		if c.Before == nil {
			return nil
		}
		events = append(events, EventRecovered)
	}
	if c.After.State != deploy.Healthy && c.Before != nil && c.Before.State == deploy.Healthy && !c.Zone.IsServed() {
		events = append(events, EventPanic)
	}
	return events
}

// Tell counts what a change is, writes it to the log, and tells who subscribes to Caddy's events.
func (s *State) Tell(c deploy.Change) {
	if c.IsOfPause() {
		s.tellPause(c.Zone)
		return
	}
	for _, event := range eventsOf(c) {
		eventsTotal.WithLabelValues(c.Zone.Name, string(event)).Inc()
		s.write(c, event)
		emit(event, map[string]any{
			"zone": c.Zone.Name, "upstream": c.Upstream().String(), "state": c.After.State.String(), "why": c.After.Why,
		})
	}
}

// tellPause tells that requests of a zone wait, or that they do no more.
func (s *State) tellPause(zone *deploy.Zone) {
	event, told := EventResumed, map[string]any{"zone": zone.Name}
	fields := []zap.Field{zap.String("zone", zone.Name)}
	if zone.Paused != nil {
		event, told["until"] = EventPaused, zone.Paused.Until
		fields = append(fields, zap.Time("until", zone.Paused.Until))
	}
	fields = append(fields, zap.String("event", string(event)))
	eventsTotal.WithLabelValues(zone.Name, string(event)).Inc()
	if event == EventPaused {
		s.log.Load().Info("a zone is paused: its requests wait", fields...)
	} else {
		s.log.Load().Info("a zone is paused no more", fields...)
	}
	emit(event, told)
}

// write writes an event to the log.
func (s *State) write(c deploy.Change, event Event) {
	fields := []zap.Field{
		zap.String("event", string(event)), zap.String("zone", c.Zone.Name),
		zap.Stringer("upstream", c.Upstream().Address), zap.Stringer("state", c.After.State),
	}
	if c.After.Why != "" {
		fields = append(fields, zap.String("why", c.After.Why))
	}
	switch log := s.log.Load(); event {
	case EventPanic:
		what := "no upstream of the zone is fit: all that are not drained are tried"
		if c.Zone.IsDown() {
			what = "no upstream of the zone answers: requests wait, as queue allows"
		}
		log.Error(what, fields...)
	case EventUnhealthy, EventEjected:
		log.Warn("an upstream is out of rotation", fields...)
	case EventRecovered, EventDrained:
		log.Info("an upstream has changed", fields...)
	}
}

// IsDrained reports whether an upstream gets no new requests in any zone that has it.
func (s *State) IsDrained(u *deploy.Upstream) bool {
	for _, zone := range s.State().Zones {
		if member := zone.Find(u.String()); member != nil && member.State != deploy.Draining {
			return false
		}
	}
	return true
}

// IsKnown reports whether any zone has an upstream.
func (s *State) IsKnown(u *deploy.Upstream) bool {
	for _, zone := range s.State().Zones {
		if zone.Find(u.String()) != nil {
			return true
		}
	}
	return false
}

// current is that of the configuration that serves, nil without any.
var current atomic.Pointer[State]
