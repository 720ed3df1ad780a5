// Package codings has the content codings in which copies of answers are kept: their encoders, their names in headers,
// and what a client says of them.
package codings

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Names are the content codings in which copies are kept, as Accept-Encoding has them; the smallest copies first.
var Names = [...]string{"br", "zstd", "gzip"}

const (
	// brWindow is the largest that browsers must take (RFC 7932, 9.1).
	brWindow = 22
	// zstdWindow is the largest that browsers must take (RFC 8878, 3.1.1.1.2; RFC 9659).
	zstdWindow = 8 << 20
)

// Compress returns body in a coding, by the encoder's best level: a copy is made once and served many times.
func Compress(coding string, body []byte) ([]byte, error) {
	var out bytes.Buffer
	var w io.WriteCloser
	var err error
	switch coding {
	case "br":
		w = brotli.NewWriterOptions(&out, brotli.WriterOptions{Quality: brotli.BestCompression, LGWin: brWindow})
	case "zstd":
		return compressZstd(body)
	case "gzip":
		w, err = gzip.NewWriterLevel(&out, gzip.BestCompression)
	default:
		err = unknown(coding)
	}
	if err != nil {
		return nil, fmt.Errorf("making an encoder: %w", err)
	}
	if _, err := w.Write(body); err != nil {
		return nil, fmt.Errorf("compressing by %s: %w", coding, err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compressing by %s: %w", coding, err)
	}
	return out.Bytes(), nil
}

func unknown(name string) error {
	return fmt.Errorf("%q is none of %s", name, strings.Join(Names[:], ", "))
}

// compressZstd makes one frame that says how long the file is, so that decoders take no more memory than that.
func compressZstd(body []byte) ([]byte, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(zstdWindow))
	if err != nil {
		return nil, fmt.Errorf("making an encoder: %w", err)
	}
	out := encoder.EncodeAll(body, nil)
	if err := encoder.Close(); err != nil {
		return nil, fmt.Errorf("compressing by zstd: %w", err)
	}
	return out, nil
}

// compressibleTypes are those that Caddy's `encode` compresses, as far as files and pages have them. Fonts other than
// these are compressed in themselves.
var compressibleTypes = map[string]bool{
	"application/atom+xml": true, "application/geo+json": true, "application/javascript": true, "application/json": true, "application/ld+json": true,
	"application/manifest+json": true, "application/rss+xml": true, "application/vnd.ms-fontobject": true, "application/wasm": true,
	"application/xhtml+xml": true, "application/xml": true, "font/otf": true, "font/ttf": true, "image/svg+xml": true, "image/x-icon": true,
	"image/vnd.microsoft.icon": true,
}

// Compressible reports whether bodies of a content type get smaller by compression.
func Compressible(contentType string) bool {
	mediaType, _, _ := strings.Cut(contentType, ";")
	return strings.HasPrefix(mediaType, "text/") || compressibleTypes[strings.TrimSpace(mediaType)]
}
