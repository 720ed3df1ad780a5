package caddymodule

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// settingUpstream starts an application that tells the cookies it got, and sets those that a query asks for.
func settingUpstream(t *testing.T) string {
	t.Helper()
	return edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		for _, cookie := range r.URL.Query()["set"] {
			w.Header().Add("Set-Cookie", cookie)
		}
		_, _ = io.WriteString(w, strings.Join(r.Header["Cookie"], "; "))
	})
}

func TestCookiesOfOneZoneDoNotReachAnother(t *testing.T) {
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone home / %s\n zone /shop %s\n}", settingUpstream(t),
		settingUpstream(t)))
	for _, front := range edgetest.Protocols {
		t.Run(front, func(t *testing.T) {
			client, base := e.Client(t, front)
			jar, err := cookiejar.New(nil)
			require.NoError(t, err)
			client.Jar = jar
			ask := func(path string, set ...string) string {
				t.Helper()
				res, err := client.Get(base + path + "?" + url.Values{"set": set}.Encode())
				require.NoError(t, err)
				body, err := io.ReadAll(res.Body)
				require.NoError(t, err)
				return string(body)
			}
			ask("/", "NEXT_LOCALE=de; Path=/; SameSite=Lax", "theme=dark; Path=/", "__prerender_bypass=secret; Path=/; HttpOnly")
			assert.Equal(t, "NEXT_LOCALE=de; theme=dark; __prerender_bypass=secret", ask("/"))
			assert.Equal(t, "theme=dark", ask("/shop"), "the shop sees what is for everybody")

			ask("/shop", "NEXT_LOCALE=fr; Path=/")
			assert.Equal(t, "theme=dark; NEXT_LOCALE=fr", ask("/shop"))
			assert.Equal(t, "NEXT_LOCALE=de; theme=dark; __prerender_bypass=secret", ask("/"))

			// A script writes the plain one, which is the newer choice until an application sets it again.
			at, err := url.Parse(base)
			require.NoError(t, err)
			jar.SetCookies(at, []*http.Cookie{{Name: "NEXT_LOCALE", Value: "en", Path: "/"}})
			assert.Equal(t, "theme=dark; NEXT_LOCALE=en", ask("/shop"))
			ask("/shop", "NEXT_LOCALE=it; Path=/")
			assert.Equal(t, "theme=dark; NEXT_LOCALE=it", ask("/shop"))

			ask("/", "__prerender_bypass=; Path=/; Max-Age=0", "NEXT_LOCALE=; Path=/; Max-Age=0")
			assert.Equal(t, "theme=dark", ask("/"))
			assert.Equal(t, "theme=dark; NEXT_LOCALE=it", ask("/shop"))
		})
	}
}

func TestCookiesOfASingleZoneKeepTheirNames(t *testing.T) {
	e := edgetest.Serve(t, "nextjs "+settingUpstream(t))
	client, base := e.Client(t, edgetest.H1)
	res, err := client.Get(base + "/?set=" + url.QueryEscape("NEXT_LOCALE=de; Path=/"))
	require.NoError(t, err)
	assert.Equal(t, []string{"NEXT_LOCALE=de; Path=/"}, res.Header["Set-Cookie"])
}

// A draft mode cookie from before the site had more than one zone can be ended by the application that takes it.
func TestDraftModeThatCamePlainEnds(t *testing.T) {
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone home / %s\n zone /shop %s\n}", settingUpstream(t),
		settingUpstream(t)))
	client, base := e.Client(t, edgetest.H1)
	req, err := http.NewRequest(http.MethodGet, base+"/?set="+url.QueryEscape("__prerender_bypass=; Path=/; Max-Age=0"), nil)
	require.NoError(t, err)
	req.Header.Set("Cookie", "__prerender_bypass=old")
	res, err := client.Do(req)
	require.NoError(t, err)
	assert.Equal(t, []string{"__prerender_bypass.home=; Path=/; Max-Age=0", "__prerender_bypass=; Path=/; Max-Age=0"}, res.Header["Set-Cookie"])
}
