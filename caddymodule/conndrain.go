package caddymodule

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// drainTime is how long a configuration that is about to stop asks HTTP/1.1 clients to leave before its servers
// close idle connections. It makes a reload that much longer, and nobody waits for it: the next configuration serves
// already.
const drainTime = 300 * time.Millisecond

// connDrain empties the kept HTTP/1.1 connections of a configuration before it stops. Go's servers then close every
// connection that is idle, also one on which a request is just arriving; a POST on it cannot be repeated and is lost.
// So every answer says `Connection: close` for a while before, and clients that are at work have gone by then. (HTTP/2
// and 3 need none of this: they tell clients which requests will still be answered.)
type connDrain struct{ begun atomic.Bool }

// subscribe has Caddy tell when all of the configuration runs, and before its servers are stopped.
func subscribe(ctx caddy.Context, started, stopping func()) (*caddyevents.App, error) {
	mod, err := ctx.App("events")
	if err != nil {
		return nil, fmt.Errorf("getting the events app: %w", err)
	}
	events := mod.(*caddyevents.App)
	for event, handler := range map[string]when{"started": started, "stopping": stopping} {
		if err := events.On(event, handler); err != nil {
			return nil, fmt.Errorf("subscribing to the %s event: %w", event, err)
		}
	}
	return events, nil
}

// when is what is done when an event of Caddy comes.
type when func()

// Handle implements caddyevents.Handler.
func (w when) Handle(context.Context, caddy.Event) error {
	w()
	return nil
}

// begin has connections leave the configuration. Caddy stops the servers when it returns.
func (h *connDrain) begin() {
	h.begun.Store(true)
	time.Sleep(drainTime)
}

// setConnectionClose marks the answer as the last one on its connection if the configuration is about to stop.
func (h *connDrain) setConnectionClose(w http.ResponseWriter, r *http.Request, kind zones.Kind) {
	if h.begun.Load() && r.ProtoMajor == 1 && kind != zones.KindUpgrade {
		w.Header().Set("Connection", "close")
	}
}

// Interface guard
var _ caddyevents.Handler = when(nil)
