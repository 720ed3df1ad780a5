package proxy

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

func TestWhatWaitsForADevServer(t *testing.T) {
	refused := reverseproxy.NewDialError(errors.New("connection refused"))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	nobody := &deploy.Upstream{Address: deploy.Address{Dial: "localhost:" + edgetest.FreePort(t)}}
	for _, c := range []struct {
		name   string
		dev    bool
		err    error
		waited bool
	}{
		{"a request that could not connect", true, refused, true},
		{"one that was sent", true, io.ErrUnexpectedEOF, false},
		{"one of a zone without dev", false, refused, false},
	} {
		a := &edge.Request{Zone: &edge.Zone{Zone: &zones.Zone{Dev: c.dev}}, Try: deploy.Try{Upstream: nobody}}
		waitForDev(a, ended, c.err)
		assert.Equal(t, c.waited, a.Waited, c.name)
	}
	// The second time it does not wait, or this would take as long as devPatience.
	a := &edge.Request{Zone: &edge.Zone{Zone: &zones.Zone{Dev: true}}, Try: deploy.Try{Upstream: nobody}, Waited: true}
	waitForDev(a, t.Context(), refused)
}

// A client that leaves takes its wait with it.
func TestTheWaitForADevServerEndsWithItsRequest(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	nobody := &deploy.Upstream{Address: deploy.Address{Dial: "localhost:" + edgetest.FreePort(t)}}
	a := &edge.Request{Zone: &edge.Zone{Zone: &zones.Zone{Dev: true}}, Try: deploy.Try{Upstream: nobody}}
	done := make(chan struct{})
	go func() {
		waitForDev(a, ctx, reverseproxy.NewDialError(errors.New("connection refused")))
		close(done)
	}()
	cancel()
	select {
	case <-done:
	case <-time.After(edgetest.Patience):
		require.Fail(t, "it waits for ever")
	}
}
