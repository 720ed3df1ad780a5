//go:build e2e

package image_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// What the command says of a picture is what the edge then answers, and nothing is kept of its question.
func TestTheImageCommand(t *testing.T) {
	e, _ := harness.FilesEdge(t, "")
	ask := func(target string, args ...string) (report struct {
		URL, Zone, Verdict, By, Text, Source, Format, Type string
		Status, Answer, Bytes                              int
		SourceBytes                                        int `json:"source_bytes"`
		Kept                                               *struct {
			Type  string
			Bytes int
			Stale bool
		}
	},
	) {
		t.Helper()
		text, failure := harness.NextjsCommand(t, append([]string{
			"image", e.URL(target), "--json", "--address",
			fmt.Sprintf("localhost:%d", e.AdminPort),
		}, args...)...)
		require.Empty(t, failure)
		require.NoError(t, json.Unmarshal([]byte(text), &report), text)
		return report
	}
	const source = "/shop/prints/comet.jpg"
	for range 2 {
		first := ask(source, "-w", "64", "-H", "Accept: image/webp,*/*")
		assert.Equal(t, []any{"shop", "image", "edge", source, "image/webp", http.StatusOK}, []any{first.Zone, first.Verdict, first.By, first.Source, first.Type, first.Status})
		assert.Nil(t, first.Kept, "the question keeps nothing")
		assert.Positive(t, first.SourceBytes)
		assert.Less(t, first.Bytes, first.SourceBytes)
	}
	made := ask(source, "-w", "64", "-H", "Accept: image/webp,*/*")
	answer := edgetest.Get(t, edgetest.PlainClient(t), e.URL(made.URL), "Accept", "image/webp,*/*")
	assert.Equal(t, made.Type, answer.Header.Get("Content-Type"))
	assert.Len(t, answer.Text, made.Bytes)
	kept := ask(made.URL, "-H", "Accept: image/webp,*/*").Kept
	require.NotNil(t, kept)
	assert.Equal(t, made.Bytes, kept.Bytes)
	assert.False(t, kept.Stale)

	refused := ask(source, "-w", "65")
	assert.Equal(t, http.StatusBadRequest, refused.Status)
	assert.Equal(t, `"w" parameter (width) of 65 is not allowed`, refused.Text)
	far := ask("/_next/image?w=64&q=75&url=" + url.QueryEscape("https://far.test/a.jpg"))
	assert.Equal(t, `"url" parameter is not allowed`, far.Text)

	text, failure := harness.NextjsCommand(t, "image", e.URL(source), "--address", fmt.Sprintf("localhost:%d",
		e.AdminPort))
	require.Empty(t, failure)
	assert.Contains(t, text, "zone      shop, verdict image\n")
	assert.Contains(t, text, "made by   the edge\n")
	_, failure = harness.NextjsCommand(t, "image", "comet.jpg", "--address", fmt.Sprintf("localhost:%d", e.AdminPort))
	assert.Contains(t, failure, `"comet.jpg" is no URL of a site`)
}
