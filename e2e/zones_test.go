//go:build e2e

package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryPathReachesItsZone(t *testing.T) {
	e, f := sharedEdge(t)
	buildID, err := os.ReadFile(filepath.Join(f.shop.dir, ".next", "BUILD_ID"))
	require.NoError(t, err)
	data := "/shop/_next/data/" + strings.TrimSpace(string(buildID))

	tests := []struct {
		path, zone, kind string
		status           int
		contains         string
	}{
		{"/", "home", "document", 200, `data-zone="home"`},
		{"/visit", "home", "document", 200, `data-zone="home"`},
		{"/blog", "blog", "document", 200, `data-zone="blog"`},
		{"/blog/fog-signal", "blog", "document", 200, `data-zone="blog"`},
		{"/shop", "shop", "document", 200, `data-zone="shop"`},
		{"/shop/de", "shop", "document", 200, `data-zone="shop"`},
		{"/shop/p/gannet", "shop", "document", 200, `data-zone="shop"`},

		{"/api/events/stats", "home", "api", 200, `"listeners"`},
		{"/blog/api/time", "blog", "api", 200, `"now"`},
		{"/shop/api/stock?id=gannet", "shop", "api", 200, `"stock"`},

		{data + "/en.json", "shop", "data", 200, `"pageProps"`},
		{data + "/de/p/gannet.json", "shop", "data", 200, `"pageProps"`},

		{"/robots.txt", "home", "document", 200, "Disallow"},
		{"/docs/timetable.txt", "home", "document", 200, ""},
		{"/docs/f%C3%A4hr%20plan.txt", "home", "document", 200, ""},
		{"/blog/comet.jpg", "blog", "document", 200, ""},
		{"/shop/prints/gannet.jpg", "shop", "document", 200, ""},

		{"/no-such-page", "home", "document", 404, `data-zone="home"`},
		{"/blog/no/such/page", "blog", "document", 404, `data-zone="blog"`},
		{"/shop/no-such-page", "shop", "document", 404, `data-zone="shop"`},
		{"/_next/static/no-such-file.js", "home", "static", 404, ""},
		{"/blog-assets/_next/static/no-such-file.js", "blog", "static", 404, ""},
		{"/shop/_next/static/no-such-file.js", "shop", "static", 404, ""},

		// Prefixes end where a segment ends.
		{"/blogger", "home", "document", 404, `data-zone="home"`},
		{"/shopping", "home", "document", 404, `data-zone="home"`},
		{"/blog-assets", "home", "document", 404, `data-zone="home"`},
		{"/blog-assets/_nextra", "home", "document", 404, `data-zone="home"`},
	}
	client := plainClient(t)
	for _, test := range tests {
		t.Run(noSlash(test.path), func(t *testing.T) {
			mark := nextMark()
			a := get(t, client, e.url(test.path), markHeader, mark)
			assert.Equal(t, test.status, a.StatusCode)
			assert.Contains(t, a.body, test.contains)
			line := e.loggedAs(t, mark)
			assert.Equal(t, test.zone, line.Zone)
			assert.Equal(t, test.kind, line.Kind)
		})
	}
}

func TestFilesAndPicturesOfAPageComeFromItsZone(t *testing.T) {
	e, f := sharedEdge(t)
	client, lens := plainClient(t), newImageLens(t)
	tests := []struct {
		page, zone, files, pictures string
	}{
		{"/", "home", "/_next/static/", "/_next/image?"},
		{"/blog", "blog", "/blog-assets/_next/static/", "/blog/_next/image?"},
		{"/blog/fog-signal", "blog", "/blog-assets/_next/static/", "/blog/_next/image?"},
		{"/shop", "shop", "/shop/_next/static/", "/shop/_next/image?"},
		{"/shop/de", "shop", "/shop/_next/static/", "/shop/_next/image?"},
	}
	for _, test := range tests {
		t.Run(noSlash(test.page), func(t *testing.T) {
			document := parseHTML(t, get(t, client, e.url(test.page)).body)
			require.Equal(t, test.zone, document.zone())
			direct := f.byZone(test.zone)

			files := document.urls("/_next/static/")
			require.NotEmpty(t, files)
			for _, path := range files {
				require.True(t, strings.HasPrefix(path, test.files), "%s begins with %s", path, test.files)
				assertSameThroughEdge(t, client, e, direct, path)
			}
			pictures := document.urls("/_next/image?")
			require.NotEmpty(t, pictures)
			for _, path := range pictures {
				require.True(t, strings.HasPrefix(path, test.pictures), "%s begins with %s", path, test.pictures)
				mark := nextMark()
				a := get(t, client, e.url(path), markHeader, mark)
				require.Equal(t, http.StatusOK, a.StatusCode, path)
				// Made by another encoder, where the edge knows the build.
				var found []string
				poll(2*time.Second, func() bool {
					found = imageDifferences(t, lens, get(t, client, e.url(path)), get(t, client, direct.url(path)))
					return len(found) == 0
				})
				assert.Empty(t, found, path)
				line := e.loggedAs(t, mark)
				assert.Equal(t, []string{test.zone, "image"}, []string{line.Zone, line.Kind}, path)
				assert.True(t, strings.HasPrefix(a.Header.Get("Content-Type"), "image/"), a.Header.Get("Content-Type"))
			}
		})
	}
}

func assertSameThroughEdge(t *testing.T, client *http.Client, e *edge, direct *app, path string) {
	t.Helper()
	mark := nextMark()
	a := get(t, client, e.url(path), markHeader, mark)
	require.Equal(t, http.StatusOK, a.StatusCode, path)
	assertSame(t, func() answer { return get(t, client, e.url(path)) }, func() answer { return get(t, client, direct.url(path)) })
	line := e.loggedAs(t, mark)
	assert.Equal(t, direct.zone, line.Zone, path)
	assert.Equal(t, "static", line.Kind, path)
}

func TestMiddlewareDecidesBehindTheEdge(t *testing.T) {
	e, _ := sharedEdge(t)
	client := plainClient(t)

	locked := get(t, client, e.url("/keepers"))
	assert.Equal(t, http.StatusTemporaryRedirect, locked.StatusCode)
	assert.Equal(t, "/visit?from=keepers", locked.Header.Get("Location"))

	unlocked := get(t, client, e.url("/keepers"), "Cookie", "keeper=yes")
	assert.Equal(t, http.StatusOK, unlocked.StatusCode)
	assert.Contains(t, unlocked.body, "You have the key.")

	rewritten := get(t, client, e.url("/tonight"))
	assert.Equal(t, http.StatusOK, rewritten.StatusCode)
	assert.Contains(t, rewritten.body, "The lantern is lit.")
}
