package caddymodule

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// A CDN may keep what a deploy changes only where the site says that it is purged then. Pictures are as fresh with it
// as without: what a CDN is told of a file says nothing of how long the file stays the same.
func TestOnlyAPurgedCDNIsToldToKeepFiles(t *testing.T) {
	dir := t.TempDir()
	var picture bytes.Buffer
	require.NoError(t, png.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 80, 80))))
	buildtest.Write(t, filepath.Join(dir, ".next"), buildtest.Build{
		Files: map[string]string{"static/chunks/a.js": "a", "../public/logo.png": picture.String()},
	})
	export := filepath.Join(dir, "out")
	buildtest.WriteExport(t, export, "abc", map[string]string{
		"about.html": buildtest.Page("", "about"), "logo.png": picture.String(),
	})
	const ask, keep = "public, max-age=0, must-revalidate", "public, max-age=0, s-maxage=31536000, must-revalidate"
	for _, c := range []struct{ word, files, pages string }{
		{"", "public, max-age=0", ask},
		{"cdn", keep, keep},
		{"cdn\nstatic off", "", keep}, // files are Next.js's, exports are not
	} {
		t.Run(c.word, func(t *testing.T) {
			e := edgetest.Serve(t, fmt.Sprintf(`nextjs {
				%s
				zone / localhost:1 {
					build %s
					image {
						min_ttl 70s
						local /**
						sizes 64
						qualities 75
					}
				}
				zone /guide {
					export %s
				}
			}`, c.word, dir, export), edgetest.State(t.TempDir()))
			assert.Equal(t, []string{c.pages}, cacheControl(e.Ask(t, http.MethodGet, "/guide/about")))
			if c.files == "" {
				return
			}
			res := e.Ask(t, http.MethodGet, "/logo.png")
			assert.Equal(t, []string{c.files}, cacheControl(res))
			assert.NotEmpty(t, res.Header.Get("Etag"))
			res = e.Ask(t, http.MethodGet, "/_next/static/chunks/a.js")
			assert.Equal(t, []string{"public, max-age=31536000, immutable"}, cacheControl(res))
			for _, source := range []string{"%2Flogo.png", "%2Fguide%2Flogo.png"} {
				res = e.Ask(t, http.MethodGet, "/_next/image?w=64&q=75&url="+source)
				require.Equal(t, http.StatusOK, res.StatusCode)
				assert.Equal(t, []string{"public, max-age=70, must-revalidate"}, cacheControl(res), source)
			}
		})
	}
}

// A 404 that Next.js has prerendered is told for a minute, as it comes and when it is kept, with a CDN too.
func TestCachesInFrontKeepA404ForAMinute(t *testing.T) {
	next := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "s-maxage=31536000")
		if r.URL.Path == "/brief" {
			h.Set("Cache-Control", "s-maxage=5, stale-while-revalidate=9")
		}
		h.Set("X-Nextjs-Cache", "HIT")
		h.Set("Etag", `"x"`)
		h.Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path != "/there" {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, "a page")
	})
	for _, c := range []struct {
		words   string
		seconds int
		kept    bool
	}{
		{"", 60, false},
		{"cdn", 60, false},
		{"cache", 60, true},
		{"cache\ncdn\nshared_404 5m", 300, true},
		{"shared_404 9000h", 31536000, false},
	} {
		t.Run(c.words, func(t *testing.T) {
			e := edgetest.Serve(t, "nextjs "+next+" {\n"+c.words+"\n}", edgetest.State(t.TempDir()))
			count := func() float64 { return metric(t, "shared_404_total", "root") }
			ask := func(path string, seconds int, shortened bool) {
				t.Helper()
				before := count()
				res := e.Ask(t, http.MethodGet, path)
				age, _ := strconv.Atoi(res.Header.Get("Age"))
				if shortened {
					seconds += age
				}
				want := fmt.Sprintf("public, max-age=0, s-maxage=%d, must-revalidate", seconds)
				assert.Equal(t, []string{want}, cacheControl(res), "%s of age %d", path, age)
				assert.Equal(t, shortened, res.Header.Get("Etag") == "", path)
				assert.Equal(t, shortened, count() > before, path)
			}
			for _, when := range []string{"cold", "kept"} {
				if when == "kept" && c.kept {
					_, status := e.Cached(t, "/absent")
					require.Contains(t, status, "hit; ttl=315")
				}
				ask("/absent", c.seconds, c.seconds < 31536000)
				ask("/brief", 5, false)
				ask("/there", 31536000, false)
			}
		})
	}
}
