package caddymodule

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
)

// cachedAs asks for a page and returns its body and what the cache says of it.
func cachedAs(t *testing.T, e *edge, path string, headers ...string) (body, status string) {
	t.Helper()
	client, _ := e.client(t, "h1")
	req, err := http.NewRequest(http.MethodGet, e.url(path), nil)
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := client.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.Empty(t, res.Header["X-Nextjs-Said-Cache-Control"], "is for the edge only")
	assert.Empty(t, res.Header["X-Next-Cache-Tags"])
	return string(text), strings.Join(res.Header["Cache-Status"], ", ")
}

// Where a cookie decides which page is at a path, the path does not tell what is its answer, though the build knows each of the two.
func TestAPageThatACookieChoosesIsNotKept(t *testing.T) {
	dir := t.TempDir()
	buildtest.Write(t, filepath.Join(dir, ".next"), buildtest.Build{
		App: map[string]string{"/home/page": "/home", "/new/page": "/new", "/plain/page": "/plain"},
		Routes: buildtest.JSON{"rewrites": buildtest.JSON{"beforeFiles": []any{buildtest.JSON{
			"source": "/home", "destination": "/new", "regex": "^/home(?:/)?$", "has": []any{buildtest.JSON{"type": "cookie", "key": "new"}},
		}}, "afterFiles": []any{}, "fallback": []any{}}},
	})
	next := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "s-maxage=600")
		w.Header().Set("X-Nextjs-Cache", "HIT")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		page := r.URL.Path
		if _, err := r.Cookie("new"); err == nil && page == "/home" {
			page = "/new"
		}
		_, _ = fmt.Fprintf(w, "page %s", page)
	})
	e := serve(t, fmt.Sprintf("nextjs {\n zone / %s {\n build %s\n }\n cache\n}", next, dir), "nextjs {\n state "+t.TempDir()+"\n}")
	for range 2 {
		body, status := cachedAs(t, e, "/home", "Cookie", "new=1")
		assert.Equal(t, "page /new", body, status)
		body, status = cachedAs(t, e, "/home")
		assert.Equal(t, "page /home", body, status)
		assert.NotContains(t, status, "hit")
	}
	_, status := cachedAs(t, e, "/plain")
	assert.Contains(t, status, "fwd=uri-miss")
	_, status = cachedAs(t, e, "/plain")
	assert.Contains(t, status, "; hit", "others are kept")
}

// Without a build what Next.js marks is kept, where the site says `cache`, and nothing else.
func TestPagesOfAZoneWithoutBuild(t *testing.T) {
	var asked atomic.Int64
	next := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		switch r.URL.Path {
		case "/isr":
			h.Set("X-Nextjs-Cache", "HIT")
			h.Set("Cache-Control", "s-maxage=600, stale-while-revalidate=3000")
		case "/cookie":
			h.Set("X-Nextjs-Cache", "HIT")
			h.Set("Cache-Control", "s-maxage=600")
			h.Set("Set-Cookie", "a=b")
		case "/dynamic":
			h.Set("Cache-Control", "private, no-cache, no-store, max-age=0, must-revalidate")
		}
		_, _ = io.WriteString(w, r.URL.Path)
	})
	for name, c := range map[string]struct {
		site string
		kept int64 // how often Next.js is asked for four requests of each of four paths
	}{
		"cache":   {"cache", 1 + 3*4},
		"nothing": {"", 4 * 4},
	} {
		t.Run(name, func(t *testing.T) {
			asked.Store(0)
			e := serve(t, fmt.Sprintf("nextjs {\n zone / %s\n %s\n}", next, c.site), "nextjs {\n state "+t.TempDir()+"\n}")
			for _, path := range []string{"/isr", "/cookie", "/dynamic", "/silent"} {
				for range 4 {
					body, _ := cachedAs(t, e, path)
					assert.Equal(t, path, body)
				}
			}
			assert.Equal(t, c.kept, asked.Load())
		})
	}
}
