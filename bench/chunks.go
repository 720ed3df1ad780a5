package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// chunkPlan is a stream of chunks. Each chunk is a line whose last word is the time it was sent at, in nanoseconds:
// sender and receiver are on one machine, so they have the same clock.
type chunkPlan struct {
	count int
	first int // bytes of the first chunk
	size  int // bytes of the others
	gap   time.Duration
}

func (p chunkPlan) path() string {
	return fmt.Sprintf("/stream?chunks=%d&first=%d&size=%d&gap=%s", p.count, p.first, p.size, p.gap)
}

func parseChunkPlan(query url.Values) (p chunkPlan, ok bool) {
	var errs [4]error
	p.count, errs[0] = strconv.Atoi(query.Get("chunks"))
	p.first, errs[1] = strconv.Atoi(query.Get("first"))
	p.size, errs[2] = strconv.Atoi(query.Get("size"))
	p.gap, errs[3] = time.ParseDuration(query.Get("gap"))
	return p, errors.Join(errs[:]...) == nil && p.count > 0 && min(p.first, p.size) >= minChunk
}

// minChunk holds the time and the line break.
const minChunk = 32

func (p chunkPlan) write(w http.ResponseWriter, text []byte) error {
	flusher := http.NewResponseController(w)
	chunk := make([]byte, 0, max(p.first, p.size))
	for n := range p.count {
		size := p.size
		if n == 0 {
			size = p.first
		} else {
			time.Sleep(p.gap)
		}
		filler := size - minChunk
		start := n * p.size % (len(text) - filler)
		chunk = append(chunk[:0], text[start:start+filler]...)
		chunk = fmt.Appendf(chunk, " %*d\n", minChunk-2, time.Now().UnixNano())
		if _, err := w.Write(chunk); err != nil {
			return fmt.Errorf("writing a chunk: %w", err)
		}
		if err := flusher.Flush(); err != nil {
			return fmt.Errorf("flushing a chunk: %w", err)
		}
	}
	return nil
}

// delays reads one stream and returns the milliseconds from sending to decoding of each chunk.
func (p chunkPlan) delays(ctx context.Context, addr, encoding string) ([]float64, error) {
	c, err := dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	defer c.close()
	res, err := c.get(p.path(), encoding)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() // it has been read
	if got := res.Header.Get("Content-Encoding"); got != encoding {
		return nil, fmt.Errorf("the stream came with Content-Encoding %q, expected %q", got, encoding)
	}
	body, err := decoder(res.Body, encoding)
	if err != nil {
		return nil, err
	}
	defer body.Close() // it has been read
	lines := bufio.NewReaderSize(body, 64<<10)
	delays := make([]float64, 0, p.count)
	for {
		line, err := lines.ReadSlice('\n')
		seen := time.Now().UnixNano()
		if errors.Is(err, io.EOF) && len(line) == 0 {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading a chunk: %w", err)
		}
		words := bytes.Fields(line)
		sent, err := strconv.ParseInt(string(words[len(words)-1]), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("reading the time of a chunk: %w", err)
		}
		delays = append(delays, float64(seen-sent)/float64(time.Millisecond))
	}
	if len(delays) != p.count {
		return nil, fmt.Errorf("%d chunks came, expected %d", len(delays), p.count)
	}
	return delays, nil
}

// decoder hands out what a flushed block holds without waiting for the next one.
func decoder(body io.ReadCloser, encoding string) (io.ReadCloser, error) {
	switch encoding {
	case "":
		return body, nil
	case "gzip":
		reader, err := gzip.NewReader(body)
		if err != nil {
			return nil, fmt.Errorf("reading gzip: %w", err)
		}
		return reader, nil
	case "br":
		return io.NopCloser(brotli.NewReader(body)), nil
	case "zstd":
		// Without concurrency, which would read ahead in another goroutine.
		reader, err := zstd.NewReader(body, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, fmt.Errorf("reading zstd: %w", err)
		}
		return reader.IOReadCloser(), nil
	}
	return nil, fmt.Errorf("no decoder for %q", encoding)
}

// delaysOf reads many streams at once. They begin one after the other, evenly over a gap, so that a chunk does not have
// to wait for those of all the others.
func (p chunkPlan) delaysOf(ctx context.Context, addr, encoding string, streams int) ([]float64, error) {
	var (
		mu      sync.Mutex
		delays  []float64
		errs    []error
		readers sync.WaitGroup
	)
	for n := range streams {
		readers.Go(func() {
			time.Sleep(p.gap * time.Duration(n) / time.Duration(streams))
			read, err := p.delays(ctx, addr, encoding)
			mu.Lock()
			defer mu.Unlock()
			delays, errs = append(delays, read...), append(errs, err)
		})
	}
	readers.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return delays, nil
}
