package caddymodule

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

func TestPagesNameTheirSpeculationRules(t *testing.T) {
	address := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if own := query.Get("own"); own != "" {
			w.Header().Set("Speculation-Rules", own)
		}
		if kind := query.Get("type"); kind != "" {
			w.Header().Set("Content-Type", kind)
		}
		if query.Has("missing") {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, "<p>x")
	})
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone home / %s\n zone news /news %s\n speculation prefetch eager\n}",
		address, edgetest.Named(t, "news")))
	client, base := e.Client(t, edgetest.H1)
	ask := func(method, path string, headers ...string) *http.Response {
		req, err := http.NewRequest(method, base+path, nil)
		require.NoError(t, err)
		for i := 0; i < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		res, err := client.Do(req)
		require.NoError(t, err)
		t.Cleanup(func() { _ = res.Body.Close() })
		return res
	}
	const header = `"/_caddy-nextjs/speculation/home.json"`
	html := "/?type=text/html;charset=utf-8"
	assert.Equal(t, []string{header}, ask(http.MethodGet, html).Header["Speculation-Rules"])
	assert.Equal(t, []string{`"/own.json"`, header}, ask(http.MethodGet, html+`&own="/own.json"`).Header["Speculation-Rules"])
	for what, res := range map[string]*http.Response{
		"another type":      ask(http.MethodGet, "/?type=text/plain"),
		"no success":        ask(http.MethodGet, html+"&missing"),
		"another method":    ask(http.MethodPost, html),
		"a soft navigation": ask(http.MethodGet, html, "RSC", "1"),
		"an API":            ask(http.MethodGet, "/api/x?type=text/html"),
	} {
		assert.Empty(t, res.Header["Speculation-Rules"], what)
	}

	res := ask(http.MethodGet, "/_caddy-nextjs/speculation/home.json")
	assert.Equal(t, http.StatusOK, res.StatusCode)
	assert.Equal(t, "application/speculationrules+json", res.Header.Get("Content-Type"))
	assert.Equal(t, "public, max-age=300", res.Header.Get("Cache-Control"))
	var rules map[string][]struct{ Eagerness string }
	require.NoError(t, json.NewDecoder(res.Body).Decode(&rules))
	assert.Equal(t, "eager", rules["prefetch"][0].Eagerness)
	again := ask(http.MethodGet, "/_caddy-nextjs/speculation/home.json", "If-None-Match", res.Header.Get("ETag"))
	assert.Equal(t, http.StatusNotModified, again.StatusCode)
	assert.NotEqual(t, res.Header.Get("ETag"), ask(http.MethodHead, "/_caddy-nextjs/speculation/news.json").Header.Get("ETag"))
	assert.Equal(t, http.StatusNotFound, ask(http.MethodGet, "/_caddy-nextjs/speculation/nobody.json").StatusCode)
	assert.Equal(t, http.StatusNotFound, ask(http.MethodGet, "/_caddy-nextjs/speculation/home").StatusCode)
	post := ask(http.MethodPost, "/_caddy-nextjs/speculation/home.json")
	assert.Equal(t, http.StatusMethodNotAllowed, post.StatusCode)
	assert.Equal(t, "GET, HEAD", post.Header.Get("Allow"))
}

// Without the word, and on a site of one zone, nothing of it is there.
func TestSpeculationIsOffUnlessAskedFor(t *testing.T) {
	page := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<p>application")
	}
	for _, config := range []string{
		fmt.Sprintf("nextjs {\n zone / %s\n zone /blog %s\n}", edgetest.Upstream(t, page), edgetest.Upstream(t, page)),
		fmt.Sprintf("nextjs {\n zone / %s\n zone /blog %s\n speculation off\n}", edgetest.Upstream(t, page),
			edgetest.Upstream(t, page)),
		fmt.Sprintf("nextjs %s {\n speculation prefetch\n}", edgetest.Upstream(t, page)),
	} {
		e := edgetest.Serve(t, config)
		client, base := e.Client(t, edgetest.H1)
		res, err := client.Get(base + "/")
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, res.Body)
		assert.Empty(t, res.Header["Speculation-Rules"])
		_, body := e.Get(t, "localhost", "/_caddy-nextjs/speculation/root.json")
		assert.Equal(t, "<p>application", body)
	}
}
