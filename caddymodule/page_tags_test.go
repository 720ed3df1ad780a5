package caddymodule

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/pages"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache"
)

// What an application says of its tags at run time is what a purge by tag finds, in whichever header it says it.
func TestAPurgeByTagFindsWhatTheApplicationSays(t *testing.T) {
	for _, c := range []struct{ name, words, header, other string }{
		{"by default", "", "X-Next-Cache-Tags", "X-Edge-Tags"},
		{"named", "tags_header x-edge-tags", "X-Edge-Tags", "X-Next-Cache-Tags"},
	} {
		t.Run(c.name, func(t *testing.T) {
			next := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/tagged":
					w.Header().Set(c.header, "fish,birds")
				case "/elsewhere":
					w.Header().Set(c.other, "birds")
				}
				w.Header().Set("Cache-Control", "s-maxage=31536000")
				w.Header().Set("X-Nextjs-Cache", "HIT")
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				_, _ = io.WriteString(w, r.URL.Path)
			})
			e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / %s\n cache {\n %s\n }\n}", next, c.words),
				"nextjs {\n state "+t.TempDir()+"\n}")
			paths := []string{"/tagged", "/untagged", "/elsewhere"}
			for _, path := range paths {
				require.Eventually(t, func() bool {
					_, status := e.Cached(t, path)
					return strings.Contains(status, "; hit")
				}, 10*time.Second, time.Millisecond, path)
			}
			require.NoError(t, pages.Current().Cache.Purge(pagecache.Selector{Tag: "birds"}))
			for _, path := range paths {
				_, status := e.Cached(t, path)
				assert.Equal(t, path != "/tagged", strings.Contains(status, "; hit"), "%s: %s", path, status)
			}
		})
	}
}
