package caddymodule

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// A server action, a form and an API that have changed something are seen at once: as through `next start`.
func TestWhatChangesAPageMakesItGone(t *testing.T) {
	var version atomic.Int64
	next := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			if r.URL.Query().Has("fail") {
				http.Error(w, "no", http.StatusBadRequest)
				return
			}
			version.Add(1)
			w.Header().Set("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate")
			switch r.URL.Query().Get("by") {
			case "cookie":
				w.Header().Set("Set-Cookie", "a=b")
				fallthrough
			case "action":
				w.Header().Set("X-Action-Revalidated", "1")
			case "flush":
				w.(http.Flusher).Flush()
			case "redirect":
				w.Header().Set("Location", "/page")
				w.WriteHeader(http.StatusSeeOther)
				return
			}
			_, _ = io.WriteString(w, "changed")
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("X-Nextjs-Cache", "HIT")
		w.Header().Set("Cache-Control", "s-maxage=31536000")
		_, _ = fmt.Fprint(w, version.Load())
	})
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / %s\n cache\n}", next), "nextjs {\n state "+t.TempDir()+"\n}")
	client, _ := e.Client(t, edgetest.H1)
	action := []string{"Next-Action", "00" + strings.Repeat("ab", 20), "Next-Router-State-Tree", "%5B%5D"}
	for name, c := range map[string]struct {
		target  string
		headers []string
		changes bool
	}{
		"an action":                  {"/page", action, false}, // it has revalidated nothing
		"one that revalidates":       {"/page?by=action", action, true},
		"one that does so elsewhere": {"/other?by=action", action, true},
		"an action by a form":        {"/page", []string{"Content-Type", "multipart/form-data; boundary=x"}, true},
		"a form":                     {"/page", []string{"Content-Type", "application/x-www-form-urlencoded"}, true},
		"one whose head comes early": {"/page?by=flush", nil, true},
		"one that leads to the page": {"/api/change?by=redirect", nil, true},
		"one that fails":             {"/page?fail", nil, false},
		"another page":               {"/other", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			var before string
			for range 2 {
				before, _ = e.Cached(t, "/page")
			}
			req, err := http.NewRequest(http.MethodPost, e.URL(c.target), strings.NewReader("x"))
			require.NoError(t, err)
			for i := 0; i < len(c.headers); i += 2 {
				req.Header.Set(c.headers[i], c.headers[i+1])
			}
			res, err := client.Do(req)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			after, status := e.Cached(t, "/page")
			if c.changes {
				assert.NotEqual(t, before, after, status)
				return
			}
			assert.Equal(t, before, after)
			assert.Contains(t, status, "; hit")
		})
	}
	t.Run("one elsewhere that sets a cookie", func(t *testing.T) {
		for range 2 {
			e.Cached(t, "/page")
		}
		req, err := http.NewRequest(http.MethodPost, e.URL("/other?by=cookie"), strings.NewReader("x"))
		require.NoError(t, err)
		req.Header.Set("Next-Action", action[1])
		res, err := client.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		_, status := e.Cached(t, "/page")
		assert.Contains(t, status, "detail=purged", "it may have revalidated something: served once more, and asked for")
		assert.Contains(t, status, "; hit")
	})
}
