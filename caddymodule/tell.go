package caddymodule

import (
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/fleet"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/proxy"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// tellChange has all who must know learn of a change: the streams of its upstream, the log, and who subscribes to
// Caddy's events.
func tellChange(state *fleet.State, c deploy.Change) {
	if c.IsOfPause() {
		state.Tell(c)
		return
	}
	upstream := c.Upstream()
	switch {
	case !state.IsKnown(upstream):
		proxy.Forget(upstream)
	case state.IsDrained(upstream):
		proxy.Drain(upstream)
	default:
		proxy.Undrain(upstream)
	}
	state.Tell(c)
}
