//go:build e2e

package image_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// firstFormat is a global option: after how long a client gets another format first.
func firstFormat(after string) string {
	return fmt.Sprintf("\tnextjs {\n\t\timage {\n\t\t\tfirst_format_after %s\n\t\t}\n\t}\n", after)
}

// The first visitor gets WebP, the AVIF is made in the background, and what the answers say of themselves is true.
func TestTheFirstVisitorDoesNotWaitForAVIF(t *testing.T) {
	sources := makeImageSources(t)
	a := startImageApp(t, startImageRemote(t, sources), sources)
	zones := fmt.Sprintf(`		zone / %s {
			build %s
			image {
				formats avif webp
				forward /contract/exif-1.jpg cookie pass
			}
		}
`, a.Upstream(), filepath.Join(a.Dir, ".next"))
	e := harness.StartEdge(t, nil, harness.Setup{Global: firstFormat("1ms"), Zones: zones}) // each takes longer
	client := edgetest.PlainClient(t)
	ask := func(e *harness.Edge, source, accept string, headers ...string) edgetest.Answer {
		target := e.URL("/_next/image?" + imageQuery(source, 1200, 75))
		return edgetest.Get(t, client, target, append(headers, "Accept", accept)...)
	}
	says := func(a edgetest.Answer) []string {
		h := a.Header
		return []string{cacheOf(a), h.Get("Content-Type"), h.Get("Cache-Control"), h.Get("Vary")}
	}
	const photo = "/contract/photo.jpg"
	const short, long = "public, max-age=5, must-revalidate", "public, max-age=14400, must-revalidate"

	first := ask(e, photo, acceptChrome)
	require.Equal(t, []string{"200 MISS", "image/webp", short, "Accept"}, says(first))
	assert.Equal(t, "RIFF", first.Text[:4])
	tag := first.Header.Get("Etag")
	var next edgetest.Answer
	require.Eventually(t, func() bool {
		next = ask(e, photo, acceptChrome, "If-None-Match", tag)
		if next.StatusCode == http.StatusNotModified {
			assert.Equal(t, []string{"304 ", "", short, "Accept"}, says(next))
		}
		return next.StatusCode == http.StatusOK
	}, time.Minute, 20*time.Millisecond)
	assert.Equal(t, []string{"200 HIT", "image/avif", long, "Accept"}, says(next))
	assert.Equal(t, "ftypavif", next.Text[4:12])
	assert.NotEqual(t, tag, next.Header.Get("Etag"))
	webp := ask(e, photo, acceptWebP)
	assert.Equal(t, []string{"200 HIT", "image/webp", long, "Accept"}, says(webp))
	assert.Equal(t, []string{first.Text, tag}, []string{webp.Text, webp.Header.Get("Etag")})
	assert.Positive(t, e.Metric(t, `caddy_nextjs_image_first_format_total{zone="root"}`))
	for _, made := range []string{"webp", "avif"} {
		name := fmt.Sprintf(`caddy_nextjs_image_transforms_total{result="image/%s",zone="root"}`, made)
		assert.InDelta(t, 1, e.Metric(t, name), 0, made)
	}

	own := ask(e, "/contract/exif-1.jpg", acceptChrome, "Cookie", "pass=1")
	assert.Equal(t, []string{"200 MISS", "image/avif", "private, max-age=14400, must-revalidate", "Accept"}, says(own))

	off := harness.StartEdge(t, nil, harness.Setup{Global: firstFormat("off"), Zones: zones})
	waits := ask(off, photo, acceptChrome)
	assert.Equal(t, []string{"200 MISS", "image/avif", long, "Accept"}, says(waits))
	assert.Equal(t, next.Text, waits.Text, "the same AVIF")
}
