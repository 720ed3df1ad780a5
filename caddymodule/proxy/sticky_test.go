package proxy

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// A shared cache that kept the cookie with an answer would send everybody to one upstream.
func TestTheStickyCookieIsOnlyOnAnswersThatNoSharedCacheKeeps(t *testing.T) {
	for _, row := range []struct {
		name   string
		header http.Header
		isSet  bool
	}{
		{"private", http.Header{"Cache-Control": {"private, max-age=0"}}, true},
		{"not to be stored", http.Header{"Cache-Control": {"no-store"}}, true},
		{"shared", http.Header{"Cache-Control": {"public, max-age=60"}}, false},
		{"private to all but a CDN (RFC 9213)", http.Header{"Cache-Control": {"private"}, "Cdn-Cache-Control": {"max-age=60"}}, false},
		{"private to all but a surrogate", http.Header{"Cache-Control": {"no-store"}, "Surrogate-Control": {"max-age=60"}}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			answer := stickyAnswer(t, zones.KindAPI, row.header)
			assert.Equal(t, row.isSet, len(answer["Set-Cookie"]) == 1, answer)
		})
	}
}

// Next.js 16 says of an action that it has changed pages or set a cookie by one word, and the page cache tells the two
// apart by the cookie.
func TestAnActionGetsNoStickyCookie(t *testing.T) {
	private := http.Header{"Cache-Control": {"private, no-store"}}
	require.NotEmpty(t, stickyAnswer(t, zones.KindDocument, private)["Set-Cookie"])
	assert.Empty(t, stickyAnswer(t, zones.KindAction, private)["Set-Cookie"])
}

// stickyAnswer returns the header of an answer of a zone with `sticky cookie`.
func stickyAnswer(t *testing.T, kind zones.Kind, header http.Header) http.Header {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		maps.Copy(w.Header(), header)
		_, _ = io.WriteString(w, "here")
	}))
	t.Cleanup(server.Close)
	a := requestTo(t, limitedRotation(t, server.Listener.Addr().String()))
	a.Kind = kind
	a.Zone.Sticky = &edge.Sticky{Cookie: "upstream", Names: deploy.NewCookieNames([]byte("secret"))}
	req, err := http.NewRequest(http.MethodGet, "http://site/", nil)
	require.NoError(t, err)
	res, err := newTransport(t).RoundTrip(withRequest(req, a))
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res.Header
}
