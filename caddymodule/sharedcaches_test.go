package caddymodule

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
)

// A CDN may keep what a deploy changes only where the site says that it is purged then. Pictures are as fresh with it as
// without: what a CDN is told of a file says nothing of how long the file stays the same.
func TestOnlyAPurgedCDNIsToldToKeepFiles(t *testing.T) {
	dir := t.TempDir()
	var picture bytes.Buffer
	require.NoError(t, png.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 80, 80))))
	buildtest.Write(t, filepath.Join(dir, ".next"), buildtest.Build{
		Files: map[string]string{"static/chunks/a.js": "a", "../public/logo.png": picture.String()},
	})
	export := filepath.Join(dir, "out")
	buildtest.WriteExport(t, export, "abc", map[string]string{"about.html": buildtest.Page("", "about"), "logo.png": picture.String()})
	const ask, keep = "public, max-age=0, must-revalidate", "public, max-age=0, s-maxage=31536000, must-revalidate"
	for _, c := range []struct{ word, files, pages string }{
		{"", "public, max-age=0", ask},
		{"cdn", keep, keep},
		{"cdn\nstatic off", "", keep}, // files are Next.js's, exports are not
	} {
		t.Run(c.word, func(t *testing.T) {
			e := serve(t, fmt.Sprintf(`nextjs {
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
			}`, c.word, dir, export), globals(t.TempDir()))
			assert.Equal(t, []string{c.pages}, cacheControl(answerTo(t, e, http.MethodGet, "/guide/about")))
			if c.files == "" {
				return
			}
			res := answerTo(t, e, http.MethodGet, "/logo.png")
			assert.Equal(t, []string{c.files}, cacheControl(res))
			assert.NotEmpty(t, res.Header.Get("Etag"))
			res = answerTo(t, e, http.MethodGet, "/_next/static/chunks/a.js")
			assert.Equal(t, []string{"public, max-age=31536000, immutable"}, cacheControl(res))
			for _, source := range []string{"%2Flogo.png", "%2Fguide%2Flogo.png"} {
				res = answerTo(t, e, http.MethodGet, "/_next/image?w=64&q=75&url="+source)
				require.Equal(t, http.StatusOK, res.StatusCode)
				assert.Equal(t, []string{"public, max-age=70, must-revalidate"}, cacheControl(res), source)
			}
		})
	}
}
