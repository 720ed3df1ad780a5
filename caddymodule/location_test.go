package caddymodule

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

func TestRedirectsThatNameTheUpstreamAreMadeRelative(t *testing.T) {
	address := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		location := r.URL.Query().Get("to")
		w.Header().Set("Location", location)
		w.Header().Set("Refresh", "0;url="+location)
		w.Header().Set("X-Nextjs-Redirect", location)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	_, port, _ := strings.Cut(address, ":")
	anyAddress, others := "http://0.0.0.0:1/login", "https://example.com/login"
	own := "https://localhost:" + port + "/login?a=b"
	tests := []struct {
		words, to, want string
	}{
		{"", anyAddress, "/login"},
		{"", own, "/login?a=b"},
		{"", others, others},
		{"", "http://localhost:EDGE/login", "http://localhost:EDGE/login"},
		{"repair off", anyAddress, anyAddress},
		{"repair {\n location off\n }", anyAddress, anyAddress},
	}
	for _, front := range []string{edgetest.H1, edgetest.H2} {
		for _, test := range tests {
			e := edgetest.Serve(t, "nextjs "+address+" {\n "+test.words+"\n}")
			client, base := e.Client(t, front)
			_, port, _ := strings.Cut(strings.TrimPrefix(base, "https://"), ":")
			to, want := strings.ReplaceAll(test.to, "EDGE", port), strings.ReplaceAll(test.want, "EDGE", port)
			before := metric(t, "repairs_total", "root", "location")
			res, err := client.Get(base + "/a?to=" + url.QueryEscape(to))
			require.NoError(t, err)
			_, _ = io.Copy(io.Discard, res.Body)
			require.NoError(t, res.Body.Close())
			assert.Equal(t, want, res.Header.Get("Location"), test.to)
			assert.Equal(t, "0;url="+want, res.Header.Get("Refresh"), test.to)
			assert.Equal(t, want, res.Header.Get("X-Nextjs-Redirect"), test.to)
			counted := metric(t, "repairs_total", "root", "location") - before
			assert.Equal(t, want != to, counted == 1, test.to)
		}
	}
}

// Whoever comes first by the name of the upstream does not choose where others are sent.
func TestAKeptRedirectNamesNoUpstream(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".next")
	buildtest.Write(t, dir, buildtest.Build{
		App: map[string]string{"/leave/route": "/leave"},
		Prerenders: buildtest.JSON{"routes": buildtest.JSON{"/leave": buildtest.JSON{
			"initialRevalidateSeconds": false, "srcRoute": "/leave", "dataRoute": nil,
		}}},
	})
	address := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "http://"+r.Host+"/login")
		w.Header().Set("X-Nextjs-Cache", "HIT")
		w.Header().Set("Cache-Control", "s-maxage=31536000")
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	_, port, _ := strings.Cut(address, ":")
	e := edgetest.Serve(t, fmt.Sprintf("nextjs %s {\n build %s\n}", address, dir), "nextjs {\n state "+t.TempDir()+"\n}")
	for _, host := range []string{"localhost:" + port, "example.com", "example.com"} {
		req, err := http.NewRequest(http.MethodGet, e.URL("/leave"), nil)
		require.NoError(t, err)
		req.Host = host
		client, _ := e.Client(t, edgetest.H1)
		res, err := client.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.NotContains(t, res.Header.Get("Location"), "localhost", host)
	}
}
