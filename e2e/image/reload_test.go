//go:build e2e

package image_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// The configuration is loaded again and again while pictures are asked for: none fails, and what was made stays, also
// for the next process.
func TestPicturesOverReloadsAndRestarts(t *testing.T) {
	state := t.TempDir()
	global := func(image string) string {
		return fmt.Sprintf("\tnextjs {\n\t\tstate %s\n\t\timage {\n\t\t\t%s\n\t\t}\n\t}\n", state, image)
	}
	site := startImageEdge(t, global("queue 500"), "min_ttl 1h")
	e := site.edge
	const kept = "/api/cached/max-age=0/photo.jpg"
	first := askImage(t, e, "", kept)
	require.Equal(t, "200 MISS", cacheOf(first))
	config := func(image, block string) harness.Setup { return site.setup(global(image), block) }
	sizes := []int{32, 48, 64, 96, 128, 256, 384, 640, 750, 828, 1080}
	names := []string{"photo.jpg", "alpha.png", "grey.jpg", "photo.webp", "exif-6.jpg"}
	var asked atomic.Int64
	over := make(chan struct{})
	var group sync.WaitGroup
	for worker := range 4 {
		client := edgetest.PlainClient(t)
		group.Go(func() {
			for i := worker; ; i++ {
				select {
				case <-over:
					return
				default:
				}
				source := []string{"/contract/", "/api/cached/max-age=0/"}[i%2] + names[i%len(names)]
				got := edgetest.Get(t, client, e.URL("/_next/image?"+imageQuery(source, sizes[i%len(sizes)], 75)), "Accept",
					acceptOfChrome)
				if !assert.Equal(t, http.StatusOK, got.StatusCode, "%s: %.100s", source, got.Text) {
					return
				}
				asked.Add(1)
			}
		})
	}
	for i := range 6 {
		before := asked.Load()
		require.Empty(t, e.Load(t, e.Caddyfile(t, nil, config(fmt.Sprintf("concurrency %d", 1+i%2), fmt.Sprintf("min_ttl %dh",
			1+i)))))
		edgetest.Eventually(t, edgetest.Patience, func() bool { return asked.Load() > before+5 }, "pictures are answered after reload %d", i)
	}
	assert.Contains(t, e.Load(t, e.Caddyfile(t, nil, config("concurrency 1", "qualities 500"))), "qualities")
	close(over)
	group.Wait()
	again := askImage(t, e, "", kept)
	assert.Equal(t, "200 HIT", cacheOf(again))
	assert.Equal(t, first.Text, again.Text)

	e.Kill()
	next := harness.StartEdge(t, nil, config("queue 500", "min_ttl 1h"))
	site.door.Close()
	found := askImage(t, next, "", kept)
	assert.Equal(t, "200 HIT", cacheOf(found))
	assert.Equal(t, first.Text, found.Text)
}
