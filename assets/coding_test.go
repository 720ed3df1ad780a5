package assets

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// decode is what a browser does.
func decode(t testing.TB, coding string, body []byte) string {
	t.Helper()
	var r io.Reader = bytes.NewReader(body)
	var err error
	switch coding {
	case "br":
		r = brotli.NewReader(r)
	case "zstd":
		r, err = zstd.NewReader(r)
	case "gzip":
		r, err = gzip.NewReader(r)
	}
	require.NoError(t, err)
	plain, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(plain)
}

func TestWhatIsCompressedComesBack(t *testing.T) {
	for _, body := range []string{"", "a", strings.Repeat("self.__next_f.push([1,2]);", 100_000)} {
		for _, coding := range Codings {
			out, err := Compress(coding, []byte(body))
			require.NoError(t, err)
			assert.True(t, decode(t, coding, out) == body, "%d bytes in %s", len(body), coding)
			assert.Less(t, len(out), 100+len(body)/100)
		}
	}
	_, err := Compress("deflate", nil)
	assert.ErrorContains(t, err, `"deflate" is none of br, zstd, gzip`)
}

func TestWhatGetsSmallerByCompression(t *testing.T) {
	for contentType, want := range map[string]bool{
		"text/html; charset=UTF-8": true, "text/x-component": true, "application/javascript; charset=UTF-8": true, "application/json": true, "image/svg+xml": true,
		"application/wasm": true, "font/ttf": true, "font/woff2": false, "image/png": false, "application/zip": false, "application/octet-stream": false, "": false,
	} {
		assert.Equal(t, want, Compressible(contentType), contentType)
	}
}
