//go:build e2e

package image_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// Next.js never answers an image again whose first client left at the wrong moment (vercel/next.js#98402). Through the
// edge it does.
func TestImagesAreAnsweredThoughTheirFirstClientLeft(t *testing.T) {
	e, _ := harness.SharedEdge(t)
	client := edgetest.PlainClient(t)
	widths := []int{16, 32, 48, 64, 96, 128, 256, 384, 640, 750, 828, 1080, 1200, 1920, 2048, 3840}
	prints := []string{"comet", "crossing", "flags", "lantern"}
	for _, name := range prints[:harness.LongOr(1, len(prints))] {
		var group sync.WaitGroup
		for i, width := range widths {
			url := e.URL(fmt.Sprintf("/shop/_next/image?url=%%2Fshop%%2Fprints%%2F%s.jpg&w=%d&q=75", name, width))
			// The moment lies a few milliseconds after the request; it is hit by trying several.
			ctx, leave := context.WithTimeout(t.Context(), time.Duration(1+i%8)*time.Millisecond)
			if res, err := client.Do(edgetest.Request(t, ctx, http.MethodGet, url, nil)); err == nil {
				_ = res.Body.Close()
			}
			leave()
			group.Go(func() {
				res, err := client.Do(edgetest.Request(t, edgetest.Within(t, edgetest.Patience), http.MethodGet, url, nil))
				if assert.NoError(t, err, "%s at width %d", name, width) {
					_ = res.Body.Close()
					assert.Equal(t, http.StatusOK, res.StatusCode)
				}
			})
		}
		group.Wait()
	}
}
