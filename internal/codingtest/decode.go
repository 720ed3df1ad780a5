// Package codingtest undoes content codings, for tests.
package codingtest

import (
	"bytes"
	"io"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

// All are the codings that the edge offers, "" for none.
var All = []string{"", "gzip", "br", "zstd"}

// Decode does what a browser does with a body in a coding; "" is none.
func Decode(t testing.TB, coding string, body []byte) string {
	t.Helper()
	plain, err := io.ReadAll(Reader(t, coding, bytes.NewReader(body)))
	require.NoError(t, err)
	return string(plain)
}

// Reader returns a reader that undoes a coding while the body arrives; "" and identity are none.
func Reader(t testing.TB, coding string, body io.Reader) io.Reader {
	t.Helper()
	switch coding {
	case "gzip":
		return &gzipReader{from: body}
	case "br":
		return brotli.NewReader(body)
	case "zstd":
		reader, err := zstd.NewReader(body, zstd.WithDecoderConcurrency(1))
		require.NoError(t, err)
		t.Cleanup(reader.Close)
		return reader
	default:
		return body
	}
}

// gzipReader reads the header of gzip, which may not have arrived yet, when somebody reads.
type gzipReader struct {
	from io.Reader
	io.Reader
}

func (r *gzipReader) Read(p []byte) (int, error) {
	if r.Reader == nil {
		reader, err := gzip.NewReader(r.from)
		if err != nil {
			return 0, err
		}
		r.Reader = reader
	}
	return r.Reader.Read(p)
}
