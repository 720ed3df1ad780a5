//go:build e2e

package image_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

const (
	acceptOfChrome  = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
	acceptOfFirefox = "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
)

// The edge knows neither build nor settings: Next.js makes the pictures, each once for all who would get the same.
func TestPicturesThatPassThroughAreKept(t *testing.T) {
	sources := makeImageSources(t)
	remote := startImageRemote(t, sources)
	a := startImageApp(t, remote, sources)
	g := harness.StartDoor(t, a)
	e := harness.StartEdge(t, nil, harness.Setup{Zones: "\t\tzone / " + g.Upstream() + " {\n\t\t\tqueue off\n\t\t}\n"})
	endpoint := "/_next/image?"

	var group sync.WaitGroup
	bodies := make(chan string, 30)
	client := edgetest.PlainClient(t)
	for i := range 30 {
		accept := []string{acceptOfChrome, acceptOfFirefox}[i%2]
		cookie := []string{"", "who=me"}[i/2%2]
		group.Go(func() {
			got := edgetest.Get(t, client, e.URL(endpoint+imageQuery("/contract/photo.jpg", 640, 75)), "Accept", accept,
				"Cookie", cookie)
			assert.Equal(t, []any{http.StatusOK, "image/webp"}, []any{got.StatusCode, got.Header.Get("Content-Type")})
			bodies <- got.Text
		})
	}
	group.Wait()
	close(bodies)
	same := map[string]bool{}
	for body := range bodies {
		same[body] = true
	}
	assert.Len(t, same, 1)
	assert.Equal(t, 1, g.Count(endpoint), "asked once")
	through := edgetest.Get(t, client, e.URL(endpoint+imageQuery("/contract/photo.jpg", 640, 75)), "Accept",
		acceptOfFirefox)
	direct := edgetest.Get(t, client, a.URL(endpoint+imageQuery("/contract/photo.jpg", 640, 75)), "Accept",
		acceptOfFirefox)
	assert.Empty(t, harness.Differences(through, direct))
	plain := edgetest.Get(t, client, e.URL(endpoint+imageQuery("/contract/photo.jpg", 640, 75)))
	assert.Equal(t, []string{"200 MISS", "image/jpeg"}, []string{cacheOf(plain), plain.Header.Get("Content-Type")}, "another format")

	// What Next.js refuses it refuses each time.
	before := g.Count(endpoint)
	for range 2 {
		assert.Equal(t, http.StatusBadRequest, askImage(t, e, "", "/contract/words.txt").StatusCode)
		assert.Equal(t, http.StatusBadRequest, edgetest.Get(t, client, e.URL(endpoint+imageQuery("/contract/photo.jpg", 641,
			75))).StatusCode)
	}
	assert.Equal(t, before+4, g.Count(endpoint))
	assert.InDelta(t, 1, e.Metric(t, `caddy_nextjs_image_requests_total{result="hit",zone="root"}`)-29, 0.5,
		"29 of the 30, and one more")

	// Nobody answers any more: what is kept is there.
	g.Close()
	assert.Equal(t, "200 HIT", cacheOf(edgetest.Get(t, client, e.URL(endpoint+imageQuery("/contract/photo.jpg", 640, 75)),
		"Accept", acceptOfChrome)))
	assert.Equal(t, http.StatusBadGateway, askImage(t, e, "", "/contract/small.jpg").StatusCode)
}

// Of Next.js it depends how long a picture is fresh. A stale one is asked for again, behind the client's back, and
// never with its cookies.
func TestStalePassingPicturesAreAskedForAgain(t *testing.T) {
	f := harness.Fixtures(t).Next14
	var mu sync.Mutex
	cookies := map[string]int{}
	g := harness.StartDoor(t, f.App)
	g.Hold(func(r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		cookies[r.Header.Get("Cookie")]++
	})
	const picture = "/_next/image?url=%2Fphoto.jpg&w=64&q=75"
	// Only the edge's view of the time that is left is shortened.
	e := harness.StartEdge(t, nil, harness.Setup{Zones: fmt.Sprintf("\t\tzone / %s\n\t\tproxy {\n\t\t\theader_down Cache-Control max-age=[0-9]+ max-age=1\n\t\t}\n", g.Upstream())})
	client := edgetest.PlainClient(t)
	require.Equal(t, http.StatusOK, edgetest.Get(t, client, e.URL(picture), "Cookie", "who=me").StatusCode)
	stale := false
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		got := edgetest.Get(t, client, e.URL(picture), "Cookie", "who=me")
		stale = stale || got.Header.Get("X-Nextjs-Cache") == "STALE"
		return g.Count(picture) >= 3
	}, "it is asked for again and again")
	assert.True(t, stale)
	mu.Lock()
	defer mu.Unlock()
	assert.Zero(t, cookies["who=me"])
}
