//go:build e2e

package zones_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// The start page of the shop redirects to the language of NEXT_LOCALE. What another application means by it is not for
// the shop.
func TestTheLanguageOfOneZoneDoesNotRedirectAnother(t *testing.T) {
	f := harness.NextApps(t)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Set-Cookie", "NEXT_LOCALE=de; Path=/; SameSite=Lax")
	}))
	t.Cleanup(other.Close)
	e := harness.StartEdge(t, f, harness.Setup{Zones: fmt.Sprintf("zone /other %s", other.Listener.Addr())})
	direct := edgetest.Get(t, edgetest.PlainClient(t), f.Shop.URL("/shop"), "Cookie", "NEXT_LOCALE=de")
	require.Equal(t, http.StatusTemporaryRedirect, direct.StatusCode, "without the edge it redirects: this test is sharp")

	for _, protocol := range edgetest.Protocols {
		t.Run(harness.NoSlash(protocol), func(t *testing.T) {
			client := e.Client(t, protocol)
			var err error
			client.Jar, err = cookiejar.New(nil)
			require.NoError(t, err)
			set := edgetest.Get(t, client, e.TLSURL("/other"))
			require.Equal(t, "NEXT_LOCALE.other=de; Path=/; SameSite=Lax", set.Header.Get("Set-Cookie"))
			assert.Equal(t, http.StatusOK, edgetest.Get(t, client, e.TLSURL("/shop")).StatusCode)
		})
	}
	client := edgetest.PlainClient(t)
	for cookie, status := range map[string]int{
		"NEXT_LOCALE.shop=de":                  http.StatusTemporaryRedirect,
		"NEXT_LOCALE=de":                       http.StatusTemporaryRedirect, // as the shop's own script writes it
		"NEXT_LOCALE.shop=de; NEXT_LOCALE=en":  http.StatusOK,
		"NEXT_LOCALE.home=de":                  http.StatusOK,
		"NEXT_LOCALE.home=en; NEXT_LOCALE=de":  http.StatusTemporaryRedirect,
		"NEXT_LOCALE.home=de; theme=dark":      http.StatusOK,
		"theme=dark; NEXT_LOCALE.shop=de; a=b": http.StatusTemporaryRedirect,
	} {
		assert.Equal(t, status, edgetest.Get(t, client, e.URL("/shop"), "Cookie", cookie).StatusCode, cookie)
	}
}

// previewID returns what the draft mode cookie of an application says.
func previewID(t testing.TB, a *harness.App) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(a.Dir, ".next", "prerender-manifest.json"))
	require.NoError(t, err)
	var manifest struct {
		Preview struct {
			PreviewModeID string `json:"previewModeId"`
		} `json:"preview"`
	}
	require.NoError(t, json.Unmarshal(text, &manifest))
	require.NotEmpty(t, manifest.Preview.PreviewModeID)
	return manifest.Preview.PreviewModeID
}

func TestDraftModeOfOneZoneLeavesAnotherAlone(t *testing.T) {
	e, f := harness.SharedEdge(t)
	client := edgetest.PlainClient(t)
	const page = "/blog/fog-signal"
	home, blog := previewID(t, f.Home), previewID(t, f.Blog)
	require.NotEqual(t, home, blog)

	direct := edgetest.Get(t, client, f.Blog.URL(page), "Cookie", "__prerender_bypass="+home)
	require.NotEmpty(t, direct.Header["Set-Cookie"], "without the edge the blog ends the draft mode of home: this test is sharp")

	through := edgetest.Get(t, client, e.URL(page), "Cookie", "__prerender_bypass.home="+home)
	assert.Empty(t, through.Header["Set-Cookie"])
	assert.Contains(t, through.Header.Get("Cache-Control"), "s-maxage")

	draft := edgetest.Get(t, client, e.URL(page), "Cookie", "__prerender_bypass.home="+home+"; __prerender_bypass.blog="+blog)
	assert.Empty(t, draft.Header["Set-Cookie"])
	assert.Contains(t, draft.Header.Get("Cache-Control"), "private", "its own draft mode is on")
}
