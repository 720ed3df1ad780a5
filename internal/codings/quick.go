package codings

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Levels for bodies that may be gone in a minute. On pages of Next.js of 6 and 65 KB quality 6 of Brotli takes a
// quarter less bytes than quality 3 in twice its time, and 11 a tenth less than 6 in a hundred times its time.
const (
	quickQuality = 6
	quickWindow  = 18
	quickLevel   = 6
)

// encoder is one that can be used again: to make one takes several times as long as a page does.
type encoder interface {
	io.WriteCloser
	Reset(io.Writer)
}

var quickEncoders = map[string]*sync.Pool{
	"br": {New: func() any {
		return brotli.NewWriterOptions(nil, brotli.WriterOptions{Quality: quickQuality, LGWin: quickWindow})
	}},
	"gzip": {New: func() any {
		w, err := gzip.NewWriterLevel(nil, quickLevel)
		if err != nil {
			panic(err) // the level is a constant
		}
		return w
	}},
	"zstd": {New: func() any {
		w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
		if err != nil {
			panic(err) // the options are constants
		}
		return w
	}},
}

// Quick returns body in a coding, by levels that are worth their time for what is served for a while.
func Quick(name string, body []byte) ([]byte, error) {
	pool := quickEncoders[name]
	if pool == nil {
		return nil, unknown(name)
	}
	w := pool.Get().(encoder)
	defer pool.Put(w)
	if z, ok := w.(*zstd.Encoder); ok {
		return z.EncodeAll(body, make([]byte, 0, len(body)/2)), nil
	}
	var out bytes.Buffer
	w.Reset(&out)
	defer w.Reset(nil) // it would hold on to the copy
	if _, err := w.Write(body); err != nil {
		return nil, fmt.Errorf("compressing by %s: %w", name, err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compressing by %s: %w", name, err)
	}
	return out.Bytes(), nil
}
