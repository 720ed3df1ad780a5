package caddymodule

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

func TestAnImageIsMadeAlsoWhenItsClientLeaves(t *testing.T) {
	asked, finish, left, noticed := make(chan struct{}, 1), make(chan struct{}), make(chan error, 1), make(chan struct{}, 1)
	address := edgetest.Upstream(t, func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		if r.URL.Path == "/page" {
			<-r.Context().Done()
			noticed <- struct{}{}
			return
		}
		<-finish
		left <- r.Context().Err()
	})
	e := edgetest.Serve(t, "nextjs "+address)
	for _, front := range edgetest.Protocols {
		t.Run(front, func(t *testing.T) {
			client, base := e.Client(t, front)
			for _, path := range []string{"/_next/image?url=/first.jpg", "/page"} {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
				require.NoError(t, err)
				gone := make(chan error, 1)
				go func() {
					res, err := client.Do(req)
					if err == nil {
						_ = res.Body.Close()
					}
					gone <- err
				}()
				<-asked
				cancel()
				require.ErrorIs(t, <-gone, context.Canceled)
			}
			// The news of the client that left later has arrived; that of the first would have, too.
			<-noticed
			finish <- struct{}{}
			assert.NoError(t, <-left)
		})
	}
}
