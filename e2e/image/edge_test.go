//go:build e2e

package image_test

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg" // what the tests decode
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// startImageApp starts a copy of the fixture for images that has every source, and allows every source of its own and
// of the remote.
func startImageApp(t *testing.T, remote *imageRemote, sources string) *harness.App {
	t.Helper()
	site := &imageSite{remote: remote, imageVariant: imageVariant{name: "app", fixture: "images", images: func(r *imageRemote) map[string]any {
		return map[string]any{
			"formats": []string{"image/webp"}, "dangerouslyAllowLocalIP": true, "localPatterns": []map[string]string{pattern("pathname", "**")},
			"remotePatterns": []map[string]string{pattern("hostname", "localhost", "port", r.port)},
		}
	}}}
	a := site.copyOfTheFixture(t, "alone", sources)
	a.Serve(t)
	return a
}

// askImage asks the optimizer of a zone for a picture, 64 pixels wide.
func askImage(t testing.TB, e *harness.Edge, basePath, source string, headers ...string) edgetest.Answer {
	t.Helper()
	return edgetest.Get(t, edgetest.PlainClient(t), e.URL(basePath+"/_next/image?"+imageQuery(source, 64, 75)), headers...)
}

// cacheOf is what an answer says of itself: its status, and where it came from.
func cacheOf(a edgetest.Answer) string {
	return fmt.Sprint(a.StatusCode, " ", a.Header.Get("X-Nextjs-Cache"))
}

func widthOf(t *testing.T, a edgetest.Answer) int {
	t.Helper()
	config, _, err := image.DecodeConfig(bytes.NewReader([]byte(a.Text)))
	require.NoError(t, err)
	return config.Width
}

// Every zone has its own pictures, and those of its neighbours where these claim the path. All comes from the builds:
// nobody answers at the upstreams.
func TestPicturesOfSeveralZones(t *testing.T) {
	e, _ := harness.FilesEdge(t, "")
	for _, c := range []struct{ basePath, source string }{
		{"", "/harbour.jpg"},
		{"/blog", "/blog/comet.jpg"},
		{"/shop", "/shop/prints/comet.jpg"},
		{"", "/shop/prints/comet.jpg"}, // another zone's
		{"/shop", "/harbour.jpg"},
	} {
		first := askImage(t, e, c.basePath, c.source)
		require.Equal(t, "200 MISS", cacheOf(first), "%s%s: %s", c.basePath, c.source, first.Text)
		assert.Equal(t, 64, widthOf(t, first))
		assert.Equal(t, "image/jpeg", first.Header.Get("Content-Type"))
		again := askImage(t, e, c.basePath, c.source)
		assert.Equal(t, "200 HIT", cacheOf(again))
		assert.Equal(t, first.Text, again.Text)
	}
	own, others := askImage(t, e, "/shop", "/shop/prints/comet.jpg"), askImage(t, e, "", "/shop/prints/comet.jpg")
	assert.Equal(t, own.Text, others.Text, "the same picture by either optimizer")
	blogs := askImage(t, e, "/blog", "/blog/comet.jpg")
	assert.NotEqual(t, own.Text, blogs.Text, "a file of the same name is another picture")
	for zone, series := range map[string]float64{"home": 3, "blog": 2, "shop": 3} {
		assert.InDelta(t, series, e.Metric(t, fmt.Sprintf(`caddy_nextjs_image_requests_total{result="hit",zone=%q}`, zone)),
			0, zone)
	}
	assert.Positive(t, e.Metric(t, `caddy_nextjs_store_bytes{store="images",tier="disk"}`))
}

// Middleware that looks at requests for pictures decides each one, also after somebody was let in. Where the edge does
// not know the build, what one client is shown is not kept for the others.
func TestMiddlewareDecidesOnPictures(t *testing.T) {
	set := harness.Fixtures(t)
	for _, f := range []*harness.Fixture{set.Next15, set.Next16, set.Monorepo} {
		blind := harness.StartEdge(t, nil, harness.Setup{Zones: fmt.Sprintf("\t\tzone %s / %s\n", f.Zone, f.Upstream())})
		for name, root := range map[string]string{"with build": f.EdgeURL(""), "without": blind.URL("")} {
			t.Run(f.Zone+" "+name, func(t *testing.T) {
				endpoint := "/_next/image"
				if f.Build.TrailingSlash {
					endpoint += "/"
				}
				target := root + f.Path(endpoint) + "?" + imageQuery(f.Path("/files/private.jpg"), 64, 75)
				for range 2 {
					assert.Equal(t, http.StatusUnauthorized, edgetest.Get(t, edgetest.PlainClient(t), target).StatusCode)
					shown := edgetest.Get(t, edgetest.PlainClient(t), target, "Cookie", "pass=1")
					assert.Equal(t, http.StatusOK, shown.StatusCode)
					assert.Equal(t, "yes", shown.Header.Get("X-Image"), "headers() of next.config")
				}
			})
		}
	}
}

// headers() of next.config, compression, and who may do what.
func TestWhatIsAroundPictures(t *testing.T) {
	sources := makeImageSources(t)
	a := startImageApp(t, startImageRemote(t, sources), sources)
	e := harness.StartEdge(t, nil, harness.Setup{Zones: fmt.Sprintf("\t\tzone / %s {\n\t\t\tbuild %s\n\t\t\timage {\n\t\t\t\tsvg\n\t\t\t}\n\t\t}\n", a.Upstream(), filepath.Join(a.Dir, ".next"))})
	for _, want := range []string{"200 MISS", "200 HIT"} {
		got := askImage(t, e, "", "/contract/photo.jpg")
		assert.Equal(t, []string{want, "yes"}, []string{cacheOf(got), got.Header.Get("X-Image")})
	}
	for source, want := range map[string]string{"/contract/large.svg": "image/svg+xml", "/contract/big.bmp": "image/bmp"} {
		for _, coding := range []string{"zstd", "br", "gzip"} {
			got := askImage(t, e, "", source, "Accept-Encoding", coding)
			compressed := map[bool]string{true: coding}[want == "image/svg+xml"]
			assert.Equal(t, []any{200, want, compressed}, []any{got.StatusCode, got.Header.Get("Content-Type"), got.Header.Get("Content-Encoding")})
		}
	}
	asked := "/_next/image?" + imageQuery("/contract/photo.jpg", 64, 75)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		refused := edgetest.Do(t, edgetest.PlainClient(t), edgetest.Request(t, t.Context(), method, e.URL(asked), nil))
		assert.Equal(t, []any{http.StatusMethodNotAllowed, "GET, HEAD"}, []any{refused.StatusCode, refused.Header.Get("Allow")})
	}
	options := edgetest.Do(t, edgetest.PlainClient(t), edgetest.Request(t, t.Context(), http.MethodOptions, e.URL(asked),
		nil))
	assert.Equal(t, []any{http.StatusNoContent, "GET, HEAD, OPTIONS", "yes", ""},
		[]any{options.StatusCode, options.Header.Get("Allow"), options.Header.Get("X-Image"), options.Text})
	head := edgetest.Do(t, edgetest.PlainClient(t), edgetest.Request(t, t.Context(), http.MethodHead, e.URL(asked), nil))
	assert.Equal(t, "200 HIT", cacheOf(head))
}
