//go:build e2e

package image_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/procfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// imageEdge is an edge before a door before an application whose build it knows.
type imageEdge struct {
	edge    *harness.Edge
	door    *harness.Door
	app     *harness.App
	sources string
}

func startImageEdge(t *testing.T, global, block string, words ...string) *imageEdge {
	t.Helper()
	i := &imageEdge{sources: makeImageSources(t)}
	i.app = startImageApp(t, startImageRemote(t, i.sources), i.sources)
	i.door = harness.StartDoor(t, i.app)
	i.edge = harness.StartEdge(t, nil, i.setup(global, block, words...))
	return i
}

// setup has global options, words of the zone's image block, and of the zone.
func (i *imageEdge) setup(global, block string, words ...string) harness.Setup {
	return harness.Setup{Global: global, Zones: fmt.Sprintf("\t\tzone / %s {\n\t\t\tbuild %s\n\t\t\timage {\n\t\t\t\t%s\n\t\t\t}\n\t\t\t%s\n\t\t}\n",
		i.door.Upstream(), i.app.Dir, block, strings.Join(words, "\n\t\t\t"))}
}

// No upstream answers: pictures that were made are served on, stale or not, and those of files are made still.
func TestPicturesWithoutAnUpstream(t *testing.T) {
	i := startImageEdge(t, "", "min_ttl 0s", "queue 512 500ms") // ten seconds by default
	e, g := i.edge, i.door
	const lasting, brief = "/api/cached/max-age=3600/photo.jpg", "/api/cached/max-age=0/photo.jpg"
	for _, source := range []string{lasting, brief} {
		require.Equal(t, "200 MISS", cacheOf(askImage(t, e, "", source)))
	}
	g.Close()
	assert.Equal(t, "200 HIT", cacheOf(askImage(t, e, "", lasting)))
	assert.Equal(t, "200 STALE", cacheOf(askImage(t, e, "", brief)))
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		got := askImage(t, e, "", brief)
		return cacheOf(got) == "200 HIT" && got.Header.Get("Cache-Control") == "public, max-age=3, must-revalidate"
	}, "the old picture is fresh for some seconds")
	assert.Equal(t, "200 MISS", cacheOf(askImage(t, e, "", "/contract/small.jpg")), "a file of the build")
	route := askImage(t, e, "", "/api/cached/max-age=0/small.jpg")
	assert.Equal(t, []any{http.StatusBadGateway, `"url" parameter is valid but internal response is invalid`}, []any{route.StatusCode, route.Text})
}

// Damaged pictures and bombs come back as they are; the edge goes on, and its memory is bounded.
func TestBombsAndDamagedPictures(t *testing.T) {
	i := startImageEdge(t, "", "min_ttl 1h")
	e, sources := i.edge, i.sources
	const before = "/contract/photo.jpg"
	require.Equal(t, "200 MISS", cacheOf(askImage(t, e, "", before)))
	for _, name := range []string{
		"bomb.png", "truncated.jpg", "truncated.png", "truncated.gif", "truncated.webp", "truncated.avif", "truncated.tiff", "scrambled.jpg", "badsum.png",
		"nothing.png", "head.jpg", "head.png", "forged.avif", "forged.gif", "forged.webp", "forged.tiff", "forged.jp2",
	} {
		content, err := os.ReadFile(filepath.Join(sources, name))
		require.NoError(t, err)
		for _, want := range []string{"200 MISS", "200 HIT"} {
			got := askImage(t, e, "", "/contract/"+name, "Accept", acceptOfChrome)
			assert.Equal(t, want, cacheOf(got), name)
			assert.True(t, string(content) == got.Text, "%s comes as it is", name)
			assert.Equal(t, "public, max-age=3600, must-revalidate", got.Header.Get("Cache-Control"), name)
		}
	}
	assert.Equal(t, "200 HIT", cacheOf(askImage(t, e, "", before)))
	assert.Zero(t, e.Metric(t, "caddy_nextjs_image_transforms_running"))
	assert.InDelta(t, 17, e.Metric(t, `caddy_nextjs_image_transforms_total{result="passed",zone="root"}`), 0)
	server, err := procfs.NewProc(e.Cmd.Process.Pid)
	if err != nil {
		t.Skip(err)
	}
	used, err := server.NewStatus()
	require.NoError(t, err)
	assert.Less(t, used.VmHWM, uint64(500<<20), "the bomb alone has 1.6 GB of pixels")
}

// Clients leave while their picture is on its way: its source is not fetched any further, nothing hangs, and who comes
// later gets it.
func TestClientsThatLeaveAPicture(t *testing.T) {
	i := startImageEdge(t, "", "min_ttl 1h")
	e, g := i.edge, i.door
	const source = "/api/cached/max-age=0/photo.jpg"
	begun, ended := make(chan struct{}, 100), make(chan struct{}, 100)
	g.Hold(func(r *http.Request) {
		begun <- struct{}{}
		<-r.Context().Done()
		ended <- struct{}{}
	})
	client := edgetest.PlainClient(t)
	ctx, leave := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			res, err := client.Do(edgetest.Request(t, ctx, http.MethodGet, e.URL("/_next/image?"+imageQuery(source, 64, 75)),
				nil))
			if err == nil {
				_ = res.Body.Close()
			}
			assert.Error(t, err)
		})
	}
	edgetest.Receive(t, begun, "the source is asked for")
	leave()
	group.Wait()
	edgetest.Receive(t, ended, "the source is not asked for any more")
	edgetest.Eventually(t, edgetest.Patience, func() bool { return e.Metric(t, "caddy_nextjs_image_sources_held") == 0 },
		"nothing is held")
	assert.Equal(t, 1, g.Count(source))
	g.Hold(nil)
	assert.Equal(t, "200 MISS", cacheOf(askImage(t, e, "", source)))
}
