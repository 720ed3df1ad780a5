//go:build e2e

package e2e_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
	g := startDoor(t, a)
	e := startEdge(t, nil, setup{zones: "\t\tzone / " + g.upstream() + "\n"})
	endpoint := "/_next/image?"

	var group sync.WaitGroup
	bodies := make(chan string, 30)
	client := plainClient(t)
	for i := range 30 {
		accept := []string{acceptOfChrome, acceptOfFirefox}[i%2]
		cookie := []string{"", "who=me"}[i/2%2]
		group.Go(func() {
			got := get(t, client, e.url(endpoint+imageQuery("/contract/photo.jpg", 640, 75)), "Accept", accept, "Cookie", cookie)
			assert.Equal(t, []any{http.StatusOK, "image/webp"}, []any{got.StatusCode, got.Header.Get("Content-Type")})
			bodies <- got.body
		})
	}
	group.Wait()
	close(bodies)
	same := map[string]bool{}
	for body := range bodies {
		same[body] = true
	}
	assert.Len(t, same, 1)
	assert.Equal(t, 1, g.count(endpoint), "asked once")
	through := get(t, client, e.url(endpoint+imageQuery("/contract/photo.jpg", 640, 75)), "Accept", acceptOfFirefox)
	direct := get(t, client, a.url(endpoint+imageQuery("/contract/photo.jpg", 640, 75)), "Accept", acceptOfFirefox)
	assert.Empty(t, differences(through, direct))
	plain := get(t, client, e.url(endpoint+imageQuery("/contract/photo.jpg", 640, 75)))
	assert.Equal(t, []string{"200 MISS", "image/jpeg"}, []string{cacheOf(plain), plain.Header.Get("Content-Type")}, "another format")

	// What Next.js refuses it refuses each time.
	before := g.count(endpoint)
	for range 2 {
		assert.Equal(t, http.StatusBadRequest, e.askImage(t, "", "/contract/words.txt").StatusCode)
		assert.Equal(t, http.StatusBadRequest, get(t, client, e.url(endpoint+imageQuery("/contract/photo.jpg", 641, 75))).StatusCode)
	}
	assert.Equal(t, before+4, g.count(endpoint))
	assert.InDelta(t, 1, e.metric(t, `caddy_nextjs_image_requests_total{result="hit",zone="root"}`)-29, 0.5, "29 of the 30, and one more")

	// Nobody answers any more: what is kept is there.
	g.Close()
	assert.Equal(t, "200 HIT", cacheOf(get(t, client, e.url(endpoint+imageQuery("/contract/photo.jpg", 640, 75)), "Accept", acceptOfChrome)))
	assert.Equal(t, http.StatusBadGateway, e.askImage(t, "", "/contract/small.jpg").StatusCode)
}

// Of Next.js it depends how long a picture is fresh. A stale one is asked for again, behind the client's back, and never with its cookies.
func TestStalePassingPicturesAreAskedForAgain(t *testing.T) {
	f := fixtures(t).next14
	var mu sync.Mutex
	cookies := map[string]int{}
	g := startDoor(t, f.app)
	g.hold(func(r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		cookies[r.Header.Get("Cookie")]++
	})
	const picture = "/_next/image?url=%2Fphoto.jpg&w=64&q=75"
	// Only the edge's view of the time that is left is shortened.
	e := startEdge(t, nil, setup{zones: fmt.Sprintf("\t\tzone / %s\n\t\tproxy {\n\t\t\theader_down Cache-Control max-age=[0-9]+ max-age=1\n\t\t}\n", g.upstream())})
	client := plainClient(t)
	require.Equal(t, http.StatusOK, get(t, client, e.url(picture), "Cookie", "who=me").StatusCode)
	stale := false
	eventually(t, patience, func() bool {
		got := get(t, client, e.url(picture), "Cookie", "who=me")
		stale = stale || got.Header.Get("X-Nextjs-Cache") == "STALE"
		return g.count(picture) >= 3
	}, "it is asked for again and again")
	assert.True(t, stale)
	mu.Lock()
	defer mu.Unlock()
	assert.Zero(t, cookies["who=me"])
}
