//go:build e2e

package e2e_test

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg" // what the tests decode
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// startImageApp starts a copy of the fixture for images that has every source, and allows every source of its own and of the remote.
func startImageApp(t *testing.T, remote *imageRemote, sources string) *app {
	t.Helper()
	site := &imageSite{remote: remote, imageVariant: imageVariant{name: "app", fixture: "images", images: func(r *imageRemote) map[string]any {
		return map[string]any{
			"formats": []string{"image/webp"}, "dangerouslyAllowLocalIP": true, "localPatterns": []map[string]string{pattern("pathname", "**")},
			"remotePatterns": []map[string]string{pattern("hostname", "localhost", "port", r.port)},
		}
	}}}
	a := site.copyOfTheFixture(t, "alone", sources)
	require.NoError(t, a.start())
	t.Cleanup(a.kill)
	require.NoError(t, a.waitUntilReady())
	a.showLogOnFailure(t)
	return a
}

// door is a proxy before an application: it knows what the application is asked, and can be closed.
type door struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string              // targets
	holds func(r *http.Request) // what happens to a request before it goes on
}

func startDoor(t *testing.T, a *app) *door {
	t.Helper()
	target, err := url.Parse(a.url(""))
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	g := &door{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		g.asked = append(g.asked, r.URL.RequestURI())
		holds := g.holds
		g.mu.Unlock()
		if holds != nil {
			holds(r)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *door) hold(how func(r *http.Request)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.holds = how
}

// upstream is the door's address as it stands in a Caddyfile.
func (g *door) upstream() string { return strings.TrimPrefix(g.URL, "http://") }

// count returns how often the application was asked for what begins like this.
func (g *door) count(prefix string) (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, target := range g.asked {
		if strings.HasPrefix(target, prefix) {
			n++
		}
	}
	return n
}

// askImage asks the optimizer of a zone for a picture, 64 pixels wide.
func (e *edge) askImage(t testing.TB, basePath, source string, headers ...string) answer {
	t.Helper()
	return get(t, plainClient(t), e.url(basePath+"/_next/image?"+imageQuery(source, 64, 75)), headers...)
}

// cacheOf is what an answer says of itself: its status, and where it came from.
func cacheOf(a answer) string { return fmt.Sprint(a.StatusCode, " ", a.Header.Get("X-Nextjs-Cache")) }

func widthOf(t *testing.T, a answer) int {
	t.Helper()
	config, _, err := image.DecodeConfig(bytes.NewReader([]byte(a.body)))
	require.NoError(t, err)
	return config.Width
}

// Every zone has its own pictures, and those of its neighbours where these claim the path. All comes from the builds: nobody answers at the
// upstreams.
func TestPicturesOfSeveralZones(t *testing.T) {
	e, _ := filesEdge(t, "")
	for _, c := range []struct{ basePath, source string }{
		{"", "/harbour.jpg"},
		{"/blog", "/blog/comet.jpg"},
		{"/shop", "/shop/prints/comet.jpg"},
		{"", "/shop/prints/comet.jpg"}, // another zone's
		{"/shop", "/harbour.jpg"},
	} {
		first := e.askImage(t, c.basePath, c.source)
		require.Equal(t, "200 MISS", cacheOf(first), "%s%s: %s", c.basePath, c.source, first.body)
		assert.Equal(t, 64, widthOf(t, first))
		assert.Equal(t, "image/jpeg", first.Header.Get("Content-Type"))
		again := e.askImage(t, c.basePath, c.source)
		assert.Equal(t, "200 HIT", cacheOf(again))
		assert.Equal(t, first.body, again.body)
	}
	own, others := e.askImage(t, "/shop", "/shop/prints/comet.jpg"), e.askImage(t, "", "/shop/prints/comet.jpg")
	assert.Equal(t, own.body, others.body, "the same picture by either optimizer")
	blogs := e.askImage(t, "/blog", "/blog/comet.jpg")
	assert.NotEqual(t, own.body, blogs.body, "a file of the same name is another picture")
	for zone, series := range map[string]float64{"home": 3, "blog": 2, "shop": 3} {
		assert.InDelta(t, series, e.metric(t, fmt.Sprintf(`caddy_nextjs_image_requests_total{result="hit",zone=%q}`, zone)), 0, zone)
	}
	assert.Positive(t, e.metric(t, `caddy_nextjs_store_bytes{store="images",tier="disk"}`))
}

// Middleware that looks at requests for pictures decides each one, also after somebody was let in. Where the edge does not know the build, what one
// client is shown is not kept for the others.
func TestMiddlewareDecidesOnPictures(t *testing.T) {
	set := fixtures(t)
	for _, f := range []*fixture{set.next15, set.next16, set.monorepo} {
		blind := startEdge(t, nil, setup{zones: fmt.Sprintf("\t\tzone %s / %s\n", f.zone, f.upstream())})
		for name, root := range map[string]string{"with build": f.edgeURL(""), "without": blind.url("")} {
			t.Run(f.zone+" "+name, func(t *testing.T) {
				endpoint := "/_next/image"
				if f.build.TrailingSlash {
					endpoint += "/"
				}
				target := root + f.path(endpoint) + "?" + imageQuery(f.path("/files/private.jpg"), 64, 75)
				for range 2 {
					assert.Equal(t, http.StatusUnauthorized, get(t, plainClient(t), target).StatusCode)
					shown := get(t, plainClient(t), target, "Cookie", "pass=1")
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
	e := startEdge(t, nil, setup{zones: fmt.Sprintf("\t\tzone / %s {\n\t\t\tbuild %s\n\t\t\timage {\n\t\t\t\tsvg\n\t\t\t}\n\t\t}\n", a.upstream(), filepath.Join(a.dir, ".next"))})
	for _, want := range []string{"200 MISS", "200 HIT"} {
		got := e.askImage(t, "", "/contract/photo.jpg")
		assert.Equal(t, []string{want, "yes"}, []string{cacheOf(got), got.Header.Get("X-Image")})
	}
	for source, want := range map[string]string{"/contract/large.svg": "image/svg+xml", "/contract/big.bmp": "image/bmp"} {
		for _, coding := range []string{"zstd", "br", "gzip"} {
			got := e.askImage(t, "", source, "Accept-Encoding", coding)
			compressed := map[bool]string{true: coding}[want == "image/svg+xml"]
			assert.Equal(t, []any{200, want, compressed}, []any{got.StatusCode, got.Header.Get("Content-Type"), got.Header.Get("Content-Encoding")})
		}
	}
	asked := "/_next/image?" + imageQuery("/contract/photo.jpg", 64, 75)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		refused := do(t, plainClient(t), request(t, t.Context(), method, e.url(asked), nil))
		assert.Equal(t, []any{http.StatusMethodNotAllowed, "GET, HEAD"}, []any{refused.StatusCode, refused.Header.Get("Allow")})
	}
	options := do(t, plainClient(t), request(t, t.Context(), http.MethodOptions, e.url(asked), nil))
	assert.Equal(t, []any{http.StatusNoContent, "GET, HEAD, OPTIONS", "yes", ""},
		[]any{options.StatusCode, options.Header.Get("Allow"), options.Header.Get("X-Image"), options.body})
	head := do(t, plainClient(t), request(t, t.Context(), http.MethodHead, e.url(asked), nil))
	assert.Equal(t, "200 HIT", cacheOf(head))
}
