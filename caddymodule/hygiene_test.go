package caddymodule

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

func TestInternalHeadersPassInNoDirection(t *testing.T) {
	seen := make(chan *http.Request, 1)
	address := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		seen <- r
		w.Header().Set("X-Next-Cache-Tags", "_N_T_/layout")
		w.Header().Set("X-Middleware-Rewrite", "http://localhost:3000/inside")
		w.Header().Set("X-Nextjs-Cache", "HIT")
		_, _ = io.WriteString(w, "ok")
	})
	e := edgetest.Serve(t, "nextjs "+address+" {\n proxy {\n header_up X-Real-IP {client_ip}\n }\n}")
	client, base := e.Client(t, edgetest.H1)
	req, err := http.NewRequest(http.MethodGet, base+"/a?x=1&nxtPslug=b", nil)
	require.NoError(t, err)
	for name, value := range map[string]string{
		"X-Middleware-Subrequest": "middleware", "X-Forwarded-Port": "99", "Forwarded": "host=evil", "X-Real-Ip": "6.6.6.6",
		"X-Forwarded-Host": "evil.example", "X-Vercel-Ip-Country": "XX", "X-Custom": "kept",
	} {
		req.Header.Set(name, value)
	}
	res, err := client.Do(req)
	require.NoError(t, err)
	_, _ = io.Copy(io.Discard, res.Body)
	got := <-seen
	assert.Equal(t, "/a?x=1", got.RequestURI)
	for _, name := range []string{"X-Middleware-Subrequest", "X-Forwarded-Port", "Forwarded", "X-Vercel-Ip-Country"} {
		assert.Empty(t, got.Header.Values(name), name)
	}
	assert.Equal(t, "kept", got.Header.Get("X-Custom"))
	assert.Equal(t, "localhost:"+e.Port, got.Header.Get("X-Forwarded-Host"))
	assert.Equal(t, []string{"127.0.0.1"}, got.Header.Values("X-Real-Ip"), "what the operator sets with header_up passes")
	assert.Empty(t, res.Header.Values("X-Next-Cache-Tags"))
	assert.Empty(t, res.Header.Values("X-Middleware-Rewrite"))
	assert.Equal(t, "HIT", res.Header.Get("X-Nextjs-Cache"))
}

func TestATrustedProxyMaySayWhereTheVisitorIs(t *testing.T) {
	seen := make(chan string, 1)
	address := edgetest.Upstream(t, func(_ http.ResponseWriter, r *http.Request) { seen <- r.Header.Get("X-Vercel-Ip-Country") })
	for globals, want := range map[string]string{"": "", "servers {\n trusted_proxies static 127.0.0.0/8 ::1/128\n }": "DE"} {
		e := edgetest.Serve(t, "nextjs "+address, globals)
		client, base := e.Client(t, edgetest.H1)
		req, err := http.NewRequest(http.MethodGet, base, nil)
		require.NoError(t, err)
		req.Header.Set("X-Vercel-Ip-Country", "DE")
		res, err := client.Do(req)
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, res.Body)
		assert.Equal(t, want, <-seen)
	}
}
