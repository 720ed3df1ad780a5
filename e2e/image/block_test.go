//go:build e2e

package image_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// The settings stand in the Caddyfile: the edge needs no build to make pictures, and the application is asked for
// sources only.
func TestPicturesByTheCaddyfileAlone(t *testing.T) {
	sources := makeImageSources(t)
	remote := startImageRemote(t, sources)
	g := harness.StartDoor(t, startImageApp(t, remote, sources))
	e := harness.StartEdge(t, nil, harness.Setup{Zones: fmt.Sprintf(`		zone / %s {
			image {
				sizes 48 64
				qualities 50
				formats webp
				local /contract/** /api/**?
				remote http://localhost:%s/plain/**
				private_addresses
				max_source 400KB
			}
		}
`, g.Upstream(), remote.port)})
	client := edgetest.PlainClient(t)
	ask := func(source string, width, quality int) edgetest.Answer {
		return edgetest.Get(t, client, e.URL("/_next/image?"+imageQuery(source, width, quality)), "Accept", acceptOfChrome)
	}
	for _, source := range []string{"/contract/photo.jpg", "/api/cached/max-age=5/photo.jpg", remote.url("localhost", "/plain/photo.jpg")} {
		for _, want := range []string{"200 MISS", "200 HIT"} {
			got := ask(source, 48, 50)
			assert.Equal(t, []string{want, "image/webp"}, []string{cacheOf(got), got.Header.Get("Content-Type")}, "%s: %.80s", source, got.Text)
		}
	}
	assert.Zero(t, g.Count("/_next/image"))
	for _, c := range []struct {
		got    edgetest.Answer
		status int
		text   string
	}{
		{ask("/contract/photo.jpg", 640, 50), 400, `"w" parameter (width) of 640 is not allowed`},
		{ask("/contract/photo.jpg", 64, 75), 400, `"q" parameter (quality) of 75 is not allowed`},
		{ask("/elsewhere/photo.jpg", 64, 50), 400, notAllowed},
		{ask("/api/cached/max-age=5/photo.jpg?v=1", 64, 50), 400, notAllowed},
		{ask(remote.url("localhost", "/other/photo.jpg"), 64, 50), 400, notAllowed},
		{ask("/contract/drawing.svg", 64, 50), 400, `"url" parameter is valid but image type is not allowed`},
		{ask("/contract/deep.png", 64, 50), 413, `"url" parameter is valid but internal response is invalid`},
	} {
		assert.Equal(t, []any{c.status, c.text}, []any{c.got.StatusCode, c.got.Text})
	}
	assert.Positive(t, e.Metric(t, `caddy_nextjs_image_sources_total{result="too_large",zone="root"}`))
}

// A picture behind a cookie: who has it sees the picture, and nobody else does, before or after.
func TestForwardedPicturesAreForOneClient(t *testing.T) {
	f := harness.Fixtures(t).Next16
	e := harness.StartEdge(t, nil, harness.Setup{Zones: fmt.Sprintf("\t\tzone / %s {\n\t\t\timage {\n\t\t\t\tforward /private.jpg cookie pass\n\t\t\t}\n\t\t}\n", f.Upstream())})
	for range 2 {
		anybody := askImage(t, e, "", "/private.jpg", "Cookie", "other=1")
		assert.Equal(t, http.StatusUnauthorized, anybody.StatusCode)
		shown := askImage(t, e, "", "/private.jpg", "Cookie", "theme=dark; pass=1")
		assert.Equal(t, "200 MISS", cacheOf(shown), shown.Text)
		assert.True(t, strings.HasPrefix(shown.Header.Get("Cache-Control"), "private, "), shown.Header.Get("Cache-Control"))
		assert.Equal(t, http.StatusNotModified, askImage(t, e, "", "/private.jpg", "Cookie", "pass=1", "If-None-Match", shown.Header.Get("Etag")).StatusCode)
		assert.Equal(t, http.StatusUnauthorized, askImage(t, e, "", "/private.jpg", "If-None-Match", shown.Header.Get("Etag")).StatusCode)
	}
	assert.Equal(t, http.StatusUnauthorized, askImage(t, e, "", "/files/../private.jpg").StatusCode)
	assert.Zero(t, e.Metric(t, `caddy_nextjs_store_entries{store="images",tier="disk"}`))
	assert.InDelta(t, 4, e.Metric(t, `caddy_nextjs_image_requests_total{result="private",zone="root"}`), 0)
}

// Whatever the patterns say, the edge connects to no private address, and the log says why.
func TestPrivateAddressesAreNotAsked(t *testing.T) {
	var connections atomic.Int32
	inside := httptest.NewUnstartedServer(http.NotFoundHandler())
	inside.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	inside.Start()
	t.Cleanup(inside.Close)
	_, port, err := net.SplitHostPort(inside.Listener.Addr().String())
	require.NoError(t, err)
	e := harness.StartEdge(t, nil, harness.Setup{Zones: fmt.Sprintf("\t\tzone / localhost:1 {\n\t\t\tqueue off\n\t\t\timage {\n\t\t\t\tremote http://*:%s/** http://**:%s/**\n\t\t\t}\n\t\t}\n", port, port)})
	for _, host := range []string{"localhost", "127.0.0.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "0"} {
		mark := e.Log.Mark()
		got := askImage(t, e, "", "http://"+host+":"+port+"/secret-path.jpg?token=t0ken")
		assert.Equal(t, []any{http.StatusBadRequest, notAllowed}, []any{got.StatusCode, got.Text}, host)
		var line string
		edgetest.Eventually(t, edgetest.Patience, func() bool {
			for text := range strings.Lines(e.Log.Since(mark)) {
				if strings.Contains(text, "the source of a picture was refused") {
					line = text
				}
			}
			return line != ""
		}, "a line of the log for %s", host)
		assert.Contains(t, line, `"cause":"special_address"`)
		assert.NotContains(t, line, "secret-path")
		assert.NotContains(t, line, "t0ken")
	}
	assert.Zero(t, connections.Load())
}
