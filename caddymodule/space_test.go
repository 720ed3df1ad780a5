package caddymodule

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"image"
	"image/png"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/files"
	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/codingtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/keeping"
)

// An application has a name of its own in what is kept. What is told apart by it and what is not:
func TestSpacesOfZones(t *testing.T) {
	t.Setenv("CADDY_NEXTJS_TEST_A", "a:3000")
	t.Setenv("CADDY_NEXTJS_TEST_A_TOO", "http://a:3000")
	t.Setenv("CADDY_NEXTJS_TEST_B", "b:3000")
	t.Setenv("TEST_DIR", "/srv/a")
	here, err := os.Getwd()
	require.NoError(t, err)
	spaceOf := func(name string, c ZoneConfig) string {
		sources, err := c.sources(caddy.NewReplacer())
		require.NoError(t, err)
		space, err := c.space(name, sources)
		require.NoError(t, err)
		return space
	}
	of := func(upstreams ...string) ZoneConfig { return ZoneConfig{Upstreams: upstreams} }
	resolved := func(server string) ZoneConfig {
		c := of("dns+http://a")
		c.Resolvers = []string{server}
		return c
	}
	built := func(dir string, upstreams ...string) ZoneConfig { return ZoneConfig{Build: dir, Upstreams: upstreams} }
	for name, c := range map[string]struct {
		one, other ZoneConfig
		same       bool
	}{
		"other hosts":                          {of("a:3000"), of("b:3000"), false},
		"other ports":                          {of("a:3000"), of("a:3001"), false},
		"http and https":                       {of("http://a:3000"), of("https://a:3000"), false},
		"http and https by default ports":      {of("http://a"), of("https://a"), false},
		"an address and its URL":               {of("a:3000"), of("http://a:3000"), true},
		"a default port":                       {of("https://a"), of("https://a:443"), true},
		"a name and what DNS tells of it":      {of("http://a:3000"), of("dns+http://a:3000"), false},
		"names of DNS":                         {of("dns+http://a:3000"), of("dns+http://b:3000"), false},
		"a name of DNS":                        {of("dns+http://a"), of("dns+http://a:80"), true},
		"one name, other servers":              {resolved("10.0.0.1"), resolved("10.0.0.2"), false},
		"one name, one server":                 {resolved("10.0.0.1"), resolved("10.0.0.1"), true},
		"services of DNS":                      {of("srv+http://_a._tcp.x"), of("srv+https://_a._tcp.x"), false},
		"other sockets":                        {of("unix//run/a"), of("unix//run/b"), false},
		"a socket":                             {of("unix//run/a"), of("unix//run/a"), true},
		"one socket with a space, two":         {of("unix//run/a unix//run/b"), of("unix//run/a", "unix//run/b"), false},
		"one more upstream":                    {of("a:3000"), of("a:3000", "b:3000"), false},
		"another order":                        {of("b:3000", "a:3000"), of("a:3000", "b:3000"), true},
		"one that is named twice":              {of("a:3000", "a:3000"), of("a:3000"), true},
		"placeholders for others":              {of("{env.CADDY_NEXTJS_TEST_A}"), of("{env.CADDY_NEXTJS_TEST_B}"), false},
		"placeholders for one":                 {of("{env.CADDY_NEXTJS_TEST_A}"), of("{env.CADDY_NEXTJS_TEST_A_TOO}"), true},
		"a placeholder and what it stands for": {of("{env.CADDY_NEXTJS_TEST_A}"), of("a:3000"), true},
		"one build, other upstreams":           {built("/srv/a", "a:3000"), built("/srv/a", "b:3000"), false},
		"other builds, one upstream":           {built("/srv/a", "a:3000"), built("/srv/b", "a:3000"), false},
		"a build and none":                     {built("/srv/a", "a:3000"), of("a:3000"), false},
		"a build by a placeholder":             {built("{env.TEST_DIR}", "a:3000"), built("/srv/a", "a:3000"), true},
		"a relative path of a build":           {built(".next", "a:3000"), built(here+"/.next", "a:3000"), true},
		"exports":                              {ZoneConfig{Export: "/srv/a"}, ZoneConfig{Export: "/srv/b"}, false},
		"an export and a build":                {ZoneConfig{Export: "/srv/a"}, ZoneConfig{Build: "/srv/a"}, false},
	} {
		assert.Equal(t, c.same, spaceOf("root", c.one) == spaceOf("root", c.other), name)
	}
	assert.NotEqual(t, spaceOf("shop", of("a:3000")), spaceOf("root", of("a:3000")), "another name")
}

// In the archive of files an application is told by its name and by where it is served.
func TestSpacesInTheArchive(t *testing.T) {
	t.Setenv("CADDY_NEXTJS_TEST_NAME", "shop")
	one, other := []string{"a.example :443"}, []string{"b.example :443"}
	shop := archiveSpace("shop", "by upstream a", one)
	assert.True(t, shop.Is(archiveSpace("shop", "by upstream b", one)), "other upstreams")
	assert.True(t, shop.Is(archiveSpace("{env.CADDY_NEXTJS_TEST_NAME}", "", one)), "a name by a placeholder")
	assert.False(t, shop.Is(archiveSpace("shop", "by upstream a", other)), "elsewhere")
	assert.False(t, shop.Is(archiveSpace("web", "by upstream a", one)), "another name")
	unplaced := archiveSpace("shop", "by upstream a", nil)
	assert.True(t, unplaced.Is(archiveSpace("shop", "by upstream a", nil)))
	assert.False(t, unplaced.Is(archiveSpace("shop", "by upstream b", nil)), "upstreams tell where nothing else does")
}

// application is an upstream that says in all it answers who it is, and counts. Its pictures tell by their shape.
type application struct {
	name, address string
	mu            sync.Mutex
	asked         map[string]int // by path
}

func newApplication(t *testing.T, name string) *application {
	app := &application{name: name, asked: map[string]int{}}
	var picture bytes.Buffer
	size := image.Rect(0, 0, 60, 30)
	if name == "B" {
		size = image.Rect(0, 0, 30, 60)
	}
	require.NoError(t, png.Encode(&picture, image.NewRGBA(size)))
	app.address = edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		app.mu.Lock()
		app.asked[strings.Clone(r.URL.Path)]++
		app.mu.Unlock()
		h := w.Header()
		switch {
		case r.Method == http.MethodPost:
			_, _ = io.WriteString(w, "done")
		case strings.Contains(r.URL.Path, "/_next/static/"):
			h.Set("Content-Type", "application/javascript; charset=UTF-8")
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
			h.Set("Etag", `W/"2cec-19a"`)
			_, _ = io.WriteString(w, "/* made by "+name+" */\n"+chunk)
		case strings.HasSuffix(r.URL.Path, ".png"), strings.HasSuffix(r.URL.Path, "/_next/image"):
			h.Set("Content-Type", "image/png")
			h.Set("Cache-Control", "public, max-age=600")
			_, _ = w.Write(picture.Bytes())
		default:
			h.Set("Content-Type", "text/html; charset=utf-8")
			h.Set("X-Nextjs-Cache", "HIT")
			h.Set("Cache-Control", "s-maxage=31536000")
			h.Set("Etag", `"abc"`)
			_, _ = io.WriteString(w, "<p>made by "+name+"</p>"+strings.Repeat("<p>a page</p>", 200))
		}
	})
	return app
}

func (app *application) count(path string) int {
	app.mu.Lock()
	defer app.mu.Unlock()
	return app.asked[path]
}

// madeBy says which application has made an answer.
func madeBy(t *testing.T, res *http.Response, body []byte) string {
	if res.Header.Get("Content-Type") == "image/png" {
		config, err := png.DecodeConfig(bytes.NewReader(body))
		require.NoError(t, err)
		if config.Width > config.Height {
			return "A"
		}
		return "B"
	}
	text := string(body)
	if coding := res.Header.Get("Content-Encoding"); coding != "" {
		text = codingtest.Decode(t, coding, body)
	}
	_, rest, found := strings.Cut(text, "made by ")
	require.True(t, found, text)
	return rest[:1]
}

// twins are two sites that are alike in all but their upstreams, their host included: clients tell them apart by the
// port.
type twins struct {
	ports [2]map[string]string // of each site, by scheme
	state string
}

func (s *twins) load(t *testing.T, site string, apps [2]*application) {
	t.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "{\n admin off\n persist_config off\n auto_https off\n nextjs {\n state %s\n }\n}\n", s.state)
	for i, app := range apps {
		own := strings.ReplaceAll(site, "UPSTREAM", app.address)
		fmt.Fprintf(&text, "http://:%s {\n %s\n}\n", s.ports[i]["http"], own)
		fmt.Fprintf(&text, "https://:%s {\n tls {env.SSL_CERT_FILE} {env.SSL_CERT_FILE}\n %s\n}\n", s.ports[i]["https"], own)
	}
	config, err := edgetest.Adapt(text.String())
	require.NoError(t, err)
	require.NoError(t, caddy.Load(config, true))
}

// ask sends a request for one host to a site.
func (s *twins) ask(t *testing.T, site int, scheme, method, target string) (*http.Response, []byte) {
	t.Helper()
	transport := &http.Transport{
		DisableCompression: true, ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, "localhost:"+s.ports[site][scheme])
		},
	}
	defer transport.CloseIdleConnections()
	var res *http.Response
	edgetest.AfterReload(t, func() bool {
		req, err := http.NewRequest(method, scheme+"://app.example"+target, nil)
		require.NoError(t, err)
		req.Header.Set("Accept-Encoding", browser)
		req.Header.Set("Accept", "image/png")
		res, err = transport.RoundTrip(req)
		return err == nil
	})
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode, target)
	return res, body
}

// Two sites that are alike in all but the upstream never get an answer of each other, wherever it was kept.
func TestSitesThatAreAlikeShareNothingThatIsKept(t *testing.T) {
	dir := t.TempDir()
	buildtest.Write(t, filepath.Join(dir, ".next"), buildtest.Build{
		Config: buildtest.JSON{"basePath": "/built"},
		App:    map[string]string{"/page": "/", "/about/page": "/about", "/items/[id]/page": "/items/[id]"},
		Prerenders: buildtest.JSON{"routes": buildtest.JSON{
			"/about": buildtest.JSON{"srcRoute": "/about", "dataRoute": "/about.rsc"},
		}},
		Routes: buildtest.JSON{"dynamicRoutes": []any{
			buildtest.JSON{"page": "/items/[id]", "regex": "^/items/([^/]+?)(?:/)?$"},
		}},
	})
	third := newApplication(t, "C")
	site := fmt.Sprintf(`nextjs {
		zone / UPSTREAM
		zone made /made UPSTREAM {
			image {
				local /**
			}
		}
		zone docs /docs UPSTREAM
		zone common /common %s {
			image {
				local /**
			}
		}
		zone built UPSTREAM {
			build %s
		}
		cache {
			recheck off
		}
	}`, third.address, dir)
	stores := map[string]struct {
		target string
		path   string // of the request to the upstream, if it is another
		copied bool   // the answer comes to be a compressed copy
	}{
		"a file":                               {target: "/_next/static/chunks/a.js"},
		"a copy of a file":                     {target: "/_next/static/chunks/b.js", copied: true},
		"a picture of the application":         {target: "/_next/image?url=%2Fa.png&w=32&q=75"},
		"a picture made here":                  {target: "/made/_next/image?url=%2Fmade%2Fa.png&w=32&q=75", path: "/made/a.png"},
		"a picture of another zone":            {target: "/common/_next/image?url=%2Fdocs%2Fa.png&w=32&q=75", path: "/docs/a.png"},
		"a page":                               {target: "/page"},
		"a copy of a page":                     {target: "/copied", copied: true},
		"a prerendered page of a build":        {target: "/built/about?x=1"},
		"a page of a build by a known verdict": {target: "/built/items/42"},
		"a route of a build":                   {target: "/built"},
	}
	apps := [2]*application{newApplication(t, "A"), newApplication(t, "B")}
	s := &twins{state: t.TempDir()}
	for i := range s.ports {
		s.ports[i] = map[string]string{"http": edgetest.FreePort(t), "https": edgetest.FreePort(t)}
	}
	t.Cleanup(func() { require.NoError(t, caddy.Stop()) })
	for _, phase := range []string{"at first", "with swapped upstreams", "swapped back"} {
		if phase != "at first" {
			apps[0], apps[1] = apps[1], apps[0]
		}
		s.load(t, site, apps)
		for name, c := range stores {
			t.Run(phase+"/"+name, func(t *testing.T) {
				path, _, _ := strings.Cut(c.target, "?")
				if c.path != "" {
					path = c.path
				}
				before := apps[0].count(path) + apps[1].count(path)
				for range 3 {
					for _, scheme := range []string{"http", "https"} {
						for i, app := range apps {
							res, body := s.ask(t, i, scheme, http.MethodGet, c.target)
							require.Equal(t, app.name, madeBy(t, res, body), "site %d by %s", i, scheme)
						}
					}
				}
				asked := apps[0].count(path) + apps[1].count(path) - before
				if phase != "at first" {
					assert.Zero(t, asked, "what is kept follows the upstream")
				}
				assert.LessOrEqual(t, asked, 4, "it is kept: at most once for each site and scheme")
				if !c.copied {
					return
				}
				for i, app := range apps {
					require.Eventually(t, func() bool {
						res, body := s.ask(t, i, "http", http.MethodGet, c.target)
						require.Equal(t, app.name, madeBy(t, res, body), "site %d", i)
						return res.Header.Get("Content-Encoding") == "br" // else it is compressed on its way, by zstd
					}, edgetest.Patience, edgetest.Patience/1000)
				}
			})
		}
	}
	t.Run("what one site changes is kept for the other", func(t *testing.T) {
		before := apps[1].count("/built/about")
		res, body := s.ask(t, 1, "http", http.MethodGet, "/built/about")
		require.Equal(t, apps[1].name, madeBy(t, res, body))
		require.Equal(t, before, apps[1].count("/built/about"))
		_, _ = s.ask(t, 0, "http", http.MethodPost, "/built/about")
		_, _ = s.ask(t, 1, "http", http.MethodGet, "/built/about")
		assert.Equal(t, before, apps[1].count("/built/about"))
	})
}

// What earlier versions have kept under a zone's name may be another application's.
func TestFilesKeptUnderTheNameOfAZoneAreNotServed(t *testing.T) {
	state, path := t.TempDir(), "/_next/static/chunks/a.js"
	files, err := files.Lease(state, files.Settings{}, zap.NewNop())
	require.NoError(t, err)
	head := keeping.FormatHead(http.Header{
		"Content-Type": {"application/javascript"}, "Cache-Control": {"public, max-age=31536000, immutable"},
	}, nil)
	for _, coding := range []string{"", "br", "zstd"} {
		key := blobstore.Key{Space: "kept/root", Group: path, Name: coding}
		require.NoError(t, files.Blobs.Put(t.Context(), key, head, []byte("somebody else's")))
	}
	require.NoError(t, files.Release())
	address, asked := immutableUpstream(t)
	e := edgetest.Serve(t, "nextjs "+address, edgetest.State(state))
	_, body := getEncoded(t, e, path, "Accept-Encoding", "identity")
	assert.NotContains(t, body, "somebody else's")
	assert.EqualValues(t, 1, asked.Load())
}
