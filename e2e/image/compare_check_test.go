//go:build e2e

package image_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// TestTheComparisonOfImagesSees: while both answers come from one encoder, only this shows that a bad picture would be
// noticed.
func TestTheComparisonOfImagesSees(t *testing.T) {
	sources := makeImageSources(t)
	lens := newImageLens(t)
	read := func(name string) []byte {
		content, err := os.ReadFile(filepath.Join(sources, name))
		require.NoError(t, err)
		return content
	}
	small := read("small.jpg")
	for _, c := range []struct {
		name          string
		through, want []byte
		kind          string
		found         string // part of what is said; nothing is, if empty
	}{
		{"the same", small, small, "image/jpeg", ""},
		{"nearly the same", greyPNG(90), greyPNG(92), "image/png", ""},
		{"other pixels", greyPNG(90), greyPNG(120), "image/png", "pixels that differ coarsely by 30.00"},
		{"other pixels of alpha", read("alpha.webp"), read("photo.webp"), "image/webp", "HasAlpha:true"},
		{"another size", read("exif-1.jpg"), read("progressive.jpg"), "image/jpeg", "Width:500"},
		{"not upright", read("exif-6.jpg"), read("exif-1.jpg"), "image/jpeg", "Orientation:6"},
		{"baseline", read("srgb.jpg"), read("progressive.jpg"), "image/jpeg", "IsProgressive:false"},
		{"metadata left", read("srgb.jpg"), read("full-colour.jpg"), "image/jpeg", "Metadata:true"},
		{"more colours", read("full-colour.jpg"), read("srgb.jpg"), "image/jpeg", "ChromaSubsampling:4:4:4"},
		{"deep", read("deep.png"), read("opaque.png"), "image/png", "Depth:ushort"},
		{"not a palette", read("opaque.png"), read("palette.png"), "image/png", "IsPalette:false"},
		{"frames", read("animated.gif"), read("still.gif"), "image/gif", "Pages:3"},
		{"another format", read("photo.webp"), read("srgb.jpg"), "image/jpeg", "Format:webp"},
		{"more bytes", append(bytes.Clone(small), make([]byte, 2000)...), small, "image/jpeg", "times as many"},
		{"no picture", read("truncated.png"), read("palette.png"), "image/png", "not decodable"},
		{"what is passed through", read("icon.ico"), read("drawing.bmp"), "image/bmp", "not decodable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			assertFound(t, c.found, imageDifferences(t, lens, madeAnswer(c.kind, c.through), madeAnswer(c.kind, c.want)))
		})
	}
	for name, c := range map[string]struct {
		change func(a *edgetest.Answer)
		found  string
	}{
		"status":            {func(a *edgetest.Answer) { a.StatusCode = 404 }, "status 404 instead of 200"},
		"header":            {func(a *edgetest.Answer) { a.Header.Set("Content-Disposition", "inline") }, `Content-Disposition "inline" instead of ""`},
		"missing header":    {func(a *edgetest.Answer) { a.Header.Del("Content-Type") }, `Content-Type "" instead of "image/jpeg"`},
		"ETag":              {func(a *edgetest.Answer) { a.Header.Set("Etag", `"`+a.Header.Get("Etag")+`"`) }, "of the same bytes"},
		"length":            {func(a *edgetest.Answer) { a.Header.Set("Content-Length", "1") }, "Content-Length 1 of a body"},
		"no length":         {func(a *edgetest.Answer) { a.Header.Del("Content-Length") }, `Content-Length ""`},
		"Vary for encoding": {func(a *edgetest.Answer) { a.Header.Set("Vary", "Accept-Encoding") }, ""},
		"Vary":              {func(a *edgetest.Answer) { a.Header.Set("Vary", "Accept") }, `Vary "accept" instead of ""`},
	} {
		t.Run(name, func(t *testing.T) {
			through := madeAnswer("image/jpeg", small)
			c.change(&through)
			assertFound(t, c.found, imageDifferences(t, lens, through, madeAnswer("image/jpeg", small)))
		})
	}
}

func assertFound(t *testing.T, want string, found []string) {
	t.Helper()
	if want == "" {
		assert.Empty(t, found)
		return
	}
	assert.Contains(t, strings.Join(found, "\n"), want)
}

// madeAnswer is an answer of the optimizer.
func madeAnswer(kind string, body []byte) edgetest.Answer {
	header := http.Header{"Content-Type": {kind}, "Etag": {hashTag(string(body))}, "Content-Length": {strconv.Itoa(len(body))}}
	req, _ := http.NewRequest(http.MethodGet, "/", nil)
	return edgetest.Answer{
		Response: &http.Response{StatusCode: http.StatusOK, Header: header, Request: req}, Text: string(body),
	}
}
