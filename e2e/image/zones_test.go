//go:build e2e

package image_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

func TestFilesAndPicturesOfAPageComeFromItsZone(t *testing.T) {
	e, f := harness.SharedEdge(t)
	client, lens := edgetest.PlainClient(t), newImageLens(t)
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
		t.Run(harness.NoSlash(test.page), func(t *testing.T) {
			document := harness.ParseHTML(t, edgetest.Get(t, client, e.URL(test.page)).Text)
			require.Equal(t, test.zone, document.Zone())
			direct := f.ByZone(test.zone)

			files := document.URLs("/_next/static/")
			require.NotEmpty(t, files)
			for _, path := range files {
				require.True(t, strings.HasPrefix(path, test.files), "%s begins with %s", path, test.files)
				assertSameThroughEdge(t, client, e, direct, path)
			}
			pictures := document.URLs("/_next/image?")
			require.NotEmpty(t, pictures)
			for _, path := range pictures {
				require.True(t, strings.HasPrefix(path, test.pictures), "%s begins with %s", path, test.pictures)
				mark := harness.NextMark()
				a := edgetest.Get(t, client, e.URL(path), harness.MarkHeader, mark)
				require.Equal(t, http.StatusOK, a.StatusCode, path)
				// Made by another encoder, where the edge knows the build.
				var found []string
				edgetest.Poll(2*time.Second, func() bool {
					found = imageDifferences(t, lens, edgetest.Get(t, client, e.URL(path)), edgetest.Get(t, client, direct.URL(path)))
					return len(found) == 0
				})
				assert.Empty(t, found, path)
				line := e.LoggedAs(t, mark)
				assert.Equal(t, []string{test.zone, "image"}, []string{line.Zone, line.Kind}, path)
				assert.True(t, strings.HasPrefix(a.Header.Get("Content-Type"), "image/"), a.Header.Get("Content-Type"))
			}
		})
	}
}

func assertSameThroughEdge(t *testing.T, client *http.Client, e *harness.Edge, direct *harness.App, path string) {
	t.Helper()
	mark := harness.NextMark()
	a := edgetest.Get(t, client, e.URL(path), harness.MarkHeader, mark)
	require.Equal(t, http.StatusOK, a.StatusCode, path)
	harness.AssertSame(t, func() edgetest.Answer { return edgetest.Get(t, client, e.URL(path)) },
		func() edgetest.Answer { return edgetest.Get(t, client, direct.URL(path)) })
	line := e.LoggedAs(t, mark)
	assert.Equal(t, direct.Zone, line.Zone, path)
	assert.Equal(t, "static", line.Kind, path)
}
