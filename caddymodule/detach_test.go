package caddymodule

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnImageIsMadeAlsoWhenItsClientLeaves(t *testing.T) {
	asked, finish, left := make(chan struct{}, 1), make(chan struct{}), make(chan error, 1)
	address := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("url") == "/second.jpg" {
			_, _ = io.WriteString(w, "second")
			return
		}
		asked <- struct{}{}
		<-finish
		left <- r.Context().Err()
	})
	e := serve(t, "nextjs "+address)
	for _, front := range fronts {
		t.Run(front, func(t *testing.T) {
			client, base := e.client(t, front)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/_next/image?url=/first.jpg", nil)
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
			// Were the edge to hand the news on, it would have done so before it answers another request.
			res, err := client.Get(base + "/_next/image?url=/second.jpg")
			require.NoError(t, err)
			body, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			require.Equal(t, "second", string(body))
			time.Sleep(50 * time.Millisecond)
			finish <- struct{}{}
			assert.NoError(t, <-left)
		})
	}
}
