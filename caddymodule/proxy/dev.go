package proxy

import (
	"context"
	"errors"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

const (
	// devPatience is how long a request waits for a dev server that takes no connections: long enough for one that is
	// started again, short enough for a person who has forgotten to start it.
	devPatience = 10 * time.Second
	// devKnockEvery is how often such a dev server is tried.
	devKnockEvery = 100 * time.Millisecond
)

// waitForDev waits, once for each request, until the dev server of its zone takes connections, if err says that it did
// not: it is being started again, and the next try of reverse_proxy will reach it. Nothing was sent, and nothing is
// sent here.
func waitForDev(a *edge.Request, ctx context.Context, err error) {
	if _, isDial := errors.AsType[reverseproxy.DialError](err); !isDial || !a.Zone.Dev || a.Waited {
		return
	}
	a.Waited = true
	upstream := a.Try.Upstream
	ctx, cancel := context.WithTimeout(ctx, devPatience)
	defer cancel()
	ticker := time.NewTicker(devKnockEvery)
	defer ticker.Stop()
	for !takesConnections(ctx, upstream) {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// takesConnections opens a connection to an upstream, and closes it.
func takesConnections(ctx context.Context, upstream *deploy.Upstream) bool {
	conn, err := upstream.DialContext(ctx)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}
