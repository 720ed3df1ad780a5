//go:build e2e

package image_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// imageCloseness is how near to each other two encoders' pictures of one source must be: mean absolute differences of
// 255 levels, of pixels and of the means of a few fields. The sources are full of detail and grain, which each encoder
// treats as it likes, and dithers into a palette.
var imageCloseness = map[string]struct{ full, coarse float64 }{
	"image/jpeg": {10, 3}, "image/webp": {8, 2}, "image/avif": {8, 2}, "image/tiff": {2, 1}, "image/png": {12, 2.5}, "image/gif": {10, 3},
}

// imageGrowth bounds the size of one picture by that of Next.js; a few bytes are free, for pictures that are hardly
// more than a head. It is what no picture may have, such as drawn ones at quality 1; what is lost or won over many
// photographs is measured by the benchmark.
const (
	imageGrowth    = 1.80
	imageFreeBytes = 256
)

// imageDifferences says in words how two answers of the optimizer differ.
func imageDifferences(t testing.TB, lens *imageLens, through, direct edgetest.Answer) []string {
	t.Helper()
	found := imageHeadDifferences(through, direct)
	got, err := uncoded(through)
	if err != nil {
		return append(found, err.Error())
	}
	want, err := uncoded(direct)
	require.NoError(t, err)
	switch head := direct.Request.Method == http.MethodHead; {
	case head && got != "":
		return append(found, "a body, to HEAD")
	case through.StatusCode == http.StatusNotModified && direct.StatusCode == http.StatusNotModified:
		if tag := imageTag(through); tag == "" || got != "" {
			found = append(found, fmt.Sprintf("ETag %q and body %s of a 304", tag, harness.Excerpt(got)))
		}
	case bytes.Equal([]byte(got), []byte(want)) && !head:
		if tag, wanted := imageTag(through), imageTag(direct); tag != wanted {
			found = append(found, fmt.Sprintf("ETag %q instead of %q of the same bytes", tag, wanted))
		}
	case direct.StatusCode != http.StatusOK || through.StatusCode != http.StatusOK:
		if got != want {
			found = append(found, fmt.Sprintf("body %s instead of %s", harness.Excerpt(got), harness.Excerpt(want)))
		}
	case !head:
		if tag := hashTag(got); imageTag(through) != tag {
			found = append(found, fmt.Sprintf("ETag %q instead of %q, the hash of the body", imageTag(through), tag))
		}
		found = append(found, pixelDifferences(lens.compare(t, []byte(got), []byte(want)), direct.Header.Get("Content-Type"))...)
		if limit := imageGrowth*float64(len(want)) + imageFreeBytes; float64(len(got)) > limit {
			found = append(found, fmt.Sprintf("%d bytes instead of %d, which is %.2f times as many", len(got), len(want), float64(len(got))/float64(len(want))))
		}
	}
	return found
}

// imageHeadDifferences compares status and headers, except for what depends on the bytes of the body.
func imageHeadDifferences(through, direct edgetest.Answer) []string {
	var found []string
	if through.StatusCode != direct.StatusCode {
		found = append(found, fmt.Sprintf("status %d instead of %d", through.StatusCode, direct.StatusCode))
	}
	names := maps.Clone(direct.Header)
	maps.Copy(names, through.Header)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		got, want := harness.HeaderValue(through, name), harness.HeaderValue(direct, name)
		switch {
		case harness.HopHeaders[name], harness.LeakedHeaders[name] && got == "", name == "Etag" &&
			(direct.StatusCode == http.StatusOK || direct.StatusCode == http.StatusNotModified):
			continue
		case name == "Content-Encoding" && direct.StatusCode == http.StatusOK:
			continue // the edge compresses better; uncoded checks that it is true
		case name == "Vary":
			got, want = harness.WithoutAcceptEncoding(got), harness.WithoutAcceptEncoding(want)
		case name == "Cache-Control" && got == harness.WantedCacheControl(direct, through):
			continue // docs/differences.md: errors, and answers to other methods
		}
		if got != want {
			found = append(found, fmt.Sprintf("%s %q instead of %q", name, got, want))
		}
	}
	return append(found, lengthDifferences(through, direct)...)
}

// lengthDifferences: what is sent as it is kept says its length, to HEAD too.
func lengthDifferences(through, direct edgetest.Answer) []string {
	if direct.StatusCode != http.StatusOK || direct.Header.Get("Content-Length") == "" || through.Header.Get("Content-Encoding") != "" {
		return nil
	}
	length, err := strconv.Atoi(through.Header.Get("Content-Length"))
	switch {
	case err != nil:
		return []string{fmt.Sprintf("Content-Length %q", through.Header.Get("Content-Length"))}
	case direct.Request.Method != http.MethodHead && length != len(through.Text):
		return []string{fmt.Sprintf("Content-Length %d of a body of %d bytes", length, len(through.Text))}
	}
	return nil
}

// pixelDifferences says how two pictures differ in what a viewer sees of them.
func pixelDifferences(v imageView, contentType string) []string {
	if v.Error != "" {
		return []string{"not decodable: " + v.Error}
	}
	var found []string
	facts := v.A
	if contentType != "image/jpeg" && contentType != "image/avif" {
		// Elsewhere it follows from the format.
		facts.ChromaSubsampling = v.B.ChromaSubsampling
	}
	if facts != v.B {
		found = append(found, fmt.Sprintf("a picture of %+v instead of %+v", v.A, v.B))
	}
	limit, known := imageCloseness[contentType]
	switch {
	case !known:
		found = append(found, "other bytes of "+contentType)
	case v.Distance == nil:
	case math.Max(v.Coarse.Colour, v.Coarse.Alpha) > limit.coarse:
		found = append(found, fmt.Sprintf("pixels that differ coarsely by %.2f in colour and %.2f in alpha", v.Coarse.Colour, v.Coarse.Alpha))
	case math.Max(v.Distance.Colour, v.Distance.Alpha) > limit.full:
		found = append(found, fmt.Sprintf("pixels that differ by %.2f in colour and %.2f in alpha", v.Distance.Colour, v.Distance.Alpha))
	}
	return found
}

// imageTag returns the ETag, without what the edge appends for a content coding.
func imageTag(a edgetest.Answer) string {
	tag := a.Header.Get("Etag")
	if coding := a.Header.Get("Content-Encoding"); coding != "" {
		return strings.TrimSuffix(strings.TrimSuffix(tag, `"`), "-"+coding)
	}
	return tag
}

// hashTag is the ETag of what the optimizer has made.
func hashTag(body string) string {
	sum := sha256.Sum256([]byte(body))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// uncoded returns the body as it was before it was compressed.
func uncoded(a edgetest.Answer) (string, error) {
	if a.Header.Get("Content-Encoding") != "gzip" || a.Text == "" {
		return a.Text, nil
	}
	reader, err := gzip.NewReader(strings.NewReader(a.Text))
	if err != nil {
		return "", fmt.Errorf("the body is not gzip: %w", err)
	}
	body, err := io.ReadAll(reader)
	if err != nil {
		return "", fmt.Errorf("the body is not gzip: %w", err)
	}
	return string(body), nil
}
