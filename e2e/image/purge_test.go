//go:build e2e

package image_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// purgeSite is an edge before the applications: it makes the pictures of home and blog, and keeps those that shop
// makes.
type purgeSite struct {
	*harness.Edge
	client *http.Client
	token  string // the file
	remote string // a picture elsewhere
	grey   *atomic.Uint32
}

func startPurgeSite(t *testing.T) *purgeSite {
	t.Helper()
	f := harness.NextApps(t)
	s := &purgeSite{client: edgetest.PlainClient(t), token: filepath.Join(t.TempDir(), "token"), grey: new(atomic.Uint32)}
	s.grey.Store(40)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=3600")
		_, _ = w.Write(greyPNG(uint8(s.grey.Load())))
	}))
	t.Cleanup(elsewhere.Close)
	s.remote = elsewhere.URL + "/picture.png"
	require.NoError(t, os.WriteFile(s.token, []byte("s3cret\n"), 0o600))
	s.Edge = harness.StartEdge(t, nil, harness.Setup{
		Global: fmt.Sprintf("\tnextjs {\n\t\tstate %s\n\t}\n", t.TempDir()),
		Site:   fmt.Sprintf("\thandle_path /_edge/* {\n\t\tnextjs_control {\n\t\t\ttoken_file %s\n\t\t}\n\t}\n", s.token),
		Zones: fmt.Sprintf("\t\tzone home %s {\n\t\t\tbuild %s\n\t\t\timage {\n\t\t\t\tremote %s/**\n\t\t\t\tprivate_addresses\n\t\t\t}\n\t\t}\n\t\tzone blog %s {\n\t\t\tbuild %s\n\t\t}\n\t\tzone /shop %s\n",
			f.Home.Upstream(), f.Home.Dir, elsewhere.URL, f.Blog.Upstream(), f.Blog.Dir, f.Shop.Upstream()),
	})
	return s
}

// pictures are one of each way in which the edge comes to them, by a short name.
func (s *purgeSite) pictures() map[string]string {
	return map[string]string{
		"home":        "/_next/image?" + imageQuery("/lantern.jpg", 640, 75),
		"home, small": "/_next/image?" + imageQuery("/lantern.jpg", 128, 75),
		"home, other": "/_next/image?" + imageQuery("/crossing.jpg", 640, 75),
		"remote":      "/_next/image?" + imageQuery(s.remote, 640, 75),
		"blog":        "/blog/_next/image?" + imageQuery("/blog/comet.jpg", 640, 75),
		"shop":        "/shop/_next/image?" + imageQuery("/shop/prints/comet.jpg", 640, 75),
		"shop, other": "/shop/_next/image?" + imageQuery("/shop/prints/flags.jpg", 640, 75),
	}
}

// hit asks for a picture, and reports whether the edge has it. What Next.js says of its own cache is no answer to that;
// what comes from there has a Via.
func (s *purgeSite) hit(t *testing.T, path string) bool {
	t.Helper()
	answer := edgetest.Get(t, s.client, s.URL(path), "Accept", "image/webp")
	require.Equal(t, http.StatusOK, answer.StatusCode, answer.Text)
	return answer.Header.Get("X-Nextjs-Cache") == "HIT" && answer.Header.Get("Via") == ""
}

// keepAll asks until all pictures are kept.
func (s *purgeSite) keepAll(t *testing.T) {
	t.Helper()
	for name, path := range s.pictures() {
		s.hit(t, path)
		require.True(t, s.hit(t, path), name)
	}
}

// gone are the pictures that are not kept any more.
func (s *purgeSite) gone(t *testing.T) (names []string) {
	t.Helper()
	for name, path := range s.pictures() {
		if !s.hit(t, path) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// The same orders, given in each of the four ways, remove what they say and nothing else.
func TestPurgingPicturesOfRealApplications(t *testing.T) {
	s := startPurgeSite(t)
	admin := fmt.Sprintf("localhost:%d", s.AdminPort)
	byControl := func(t *testing.T, order string) {
		answer := edgetest.Post(t, s.client, s.URL("/_edge/v1/purge"), "application/json", order, "Authorization",
			"Bearer s3cret")
		require.Equal(t, http.StatusOK, answer.StatusCode, answer.Text)
	}
	byAdmin := func(t *testing.T, order string) {
		answer := edgetest.Post(t, s.client, "http://"+admin+"/nextjs/v1/purge", "application/json", order)
		require.Equal(t, http.StatusOK, answer.StatusCode, answer.Text)
	}
	byCommand := func(way ...string) func(*testing.T, ...string) string {
		return func(t *testing.T, flags ...string) string {
			text, failure := harness.NextjsCommand(t, slices.Concat([]string{"purge", "images"}, flags, way)...)
			require.Empty(t, failure)
			return text
		}
	}
	throughAdmin, throughControl := byCommand("--address", admin), byCommand("--control", s.URL("/_edge"), "--token-file",
		s.token)
	for _, c := range []struct {
		name string
		do   func(*testing.T)
		gone []string
	}{
		{"a source, by the control handler", func(t *testing.T) { byControl(t, `{"cache": "images", "source": "/lantern.jpg"}`) }, []string{"home", "home, small"}},
		{"a source of one zone, by the admin endpoint", func(t *testing.T) {
			byAdmin(t, `{"cache": "images", "zone": "shop", "source": "/shop/prints/comet.jpg"}`)
		}, []string{"shop"}},
		{"a source that another zone has", func(t *testing.T) { byAdmin(t, `{"cache": "images", "zone": "blog", "source": "/lantern.jpg"}`) }, nil},
		{"a source elsewhere, by a command", func(t *testing.T) {
			text := throughAdmin(t, "--source", strings.Replace(s.remote, "http", "HTTP", 1))
			assert.Equal(t, "Purged from zones blog, home, shop: 1 picture made of "+s.remote+"\n", text)
		}, []string{"remote"}},
		{"a zone, by a command with the token", func(t *testing.T) {
			assert.Equal(t, "Purged from zone shop: all pictures\n", throughControl(t, "--zone", "/shop"))
		}, []string{"shop", "shop, other"}},
		{"a zone, by the control handler", func(t *testing.T) { byControl(t, `{"cache": "images", "zone": "blog"}`) }, []string{"blog"}},
		{"all, by a command", func(t *testing.T) {
			assert.JSONEq(t, `{"purged": [{"zone": "blog", "cache": "images"}, {"zone": "home", "cache": "images"}, {"zone": "shop", "cache": "images"}]}`, throughAdmin(t, "--all", "--json"))
		}, []string{"blog", "home", "home, other", "home, small", "remote", "shop", "shop, other"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.keepAll(t)
			c.do(t)
			assert.Equal(t, c.gone, s.gone(t))
		})
	}
	assert.InDelta(t, 4, s.Metric(t, `caddy_nextjs_purges_total{cache="images",scope="source"}`), 0)
	assert.InDelta(t, 2, s.Metric(t, `caddy_nextjs_purges_total{cache="images",scope="zone"}`), 0)
	assert.InDelta(t, 1, s.Metric(t, `caddy_nextjs_purges_total{cache="images",scope="all"}`), 0)
	assert.InDelta(t, 7, s.Metric(t, `caddy_nextjs_purge_seconds_count{cache="images"}`), 0)
	assert.Equal(t, 7, strings.Count(s.Log.Since(0), `"msg":"purged"`))
}

// Whoever replaces a picture purges it, and sees the new one.
func TestAReplacedPictureIsServedAfterItsPurge(t *testing.T) {
	s := startPurgeSite(t)
	ask := func() string { return edgetest.Get(t, s.client, s.URL(s.pictures()["remote"])).Text }
	old := ask()
	s.grey.Store(200)
	require.Equal(t, old, ask(), "nobody has told the edge")
	_, failure := harness.NextjsCommand(t, "purge", "images", "--source", s.remote, "--control", s.URL("/_edge"),
		"--token-file", s.token)
	require.Empty(t, failure)
	fresh := ask()
	assert.NotEqual(t, old, fresh)
	assert.Equal(t, fresh, ask())
}

func TestNobodyPurgesWithoutTheToken(t *testing.T) {
	s := startPurgeSite(t)
	s.keepAll(t)
	const all = `{"cache": "images", "all": true}`
	purge := func(headers ...string) edgetest.Answer {
		return edgetest.Post(t, s.client, s.URL("/_edge/v1/purge"), "application/json", all, headers...)
	}
	for _, headers := range [][]string{
		nil, {"Authorization", "Bearer wrong"}, {"Authorization", "Bearer "}, {"Authorization", "s3cret"}, {
			"Cookie",
			"token=s3cret",
		}, {"Origin", s.URL("")},
	} {
		answer := purge(headers...)
		assert.Equal(t, http.StatusUnauthorized, answer.StatusCode, headers)
		assert.Equal(t, "Bearer", answer.Header.Get("Www-Authenticate"))
		assert.JSONEq(t, `{"error": "a token that is known here is needed, as Authorization: Bearer and the token"}`, answer.Text)
	}
	answer := purge("Authorization", "Bearer s3cret", "Origin", "https://evil.example")
	assert.Equal(t, http.StatusForbidden, answer.StatusCode)
	answer = edgetest.Post(t, s.client, fmt.Sprintf("http://localhost:%d/nextjs/v1/purge", s.AdminPort), "application/json",
		all, "Origin", "https://evil.example")
	assert.Equal(t, http.StatusForbidden, answer.StatusCode, "the admin endpoint")

	wrong := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(wrong, []byte("wrong"), 0o600))
	text, failure := harness.NextjsCommand(t, "purge", "images", "--all", "--control", s.URL("/_edge"), "--token-file",
		wrong)
	assert.Empty(t, text)
	assert.Contains(t, failure, "refuses the token in "+wrong)
	text, failure = harness.NextjsCommand(t, "purge", "images", "--zone", "nowhere", "--address",
		fmt.Sprintf("localhost:%d", s.AdminPort))
	assert.Empty(t, text)
	assert.Contains(t, failure, `refuses: unknown zone "nowhere"; the configuration has: blog, home, shop`)
	assert.Empty(t, s.gone(t))
	assert.Zero(t, strings.Count(s.Log.Since(0), `"msg":"purged"`))

	// The token is changed by writing the file.
	require.NoError(t, os.WriteFile(s.token, []byte("another"), 0o600))
	edgetest.Eventually(t, edgetest.Patience, func() bool { return purge("Authorization", "Bearer another").StatusCode == http.StatusOK }, "the new token counts")
	assert.Equal(t, http.StatusUnauthorized, purge("Authorization", "Bearer s3cret").StatusCode)
	assert.NotEmpty(t, s.gone(t))
	assert.NotContains(t, s.Log.Since(0), "s3cret")
	accessed, err := os.ReadFile(s.AccessLog())
	require.NoError(t, err)
	assert.NotContains(t, string(accessed), "s3cret")
}
