package main

import (
	"bufio"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestChunkPlanSurvivesItsPath(t *testing.T) {
	plan := chunkPlan{count: 20, first: 400, size: 2048, gap: 20 * time.Millisecond}
	u, err := url.Parse(plan.path())
	require.NoError(t, err)
	got, ok := parseChunkPlan(u.Query())
	assert.True(t, ok)
	assert.Equal(t, plan, got)

	_, ok = parseChunkPlan(url.Values{"bytes": {"10"}})
	assert.False(t, ok, "a page was taken for a stream")
}

// compressor makes a block of its own of what was written before each flush, as an edge does with a stream.
type compressor interface {
	io.WriteCloser
	Flush() error
}

func compress(t *testing.T, w io.Writer, encoding string) compressor {
	t.Helper()
	if encoding == "gzip" {
		return gzip.NewWriter(w)
	}
	out, err := zstd.NewWriter(w)
	require.NoError(t, err)
	return out
}

func TestDecoderHandsOutAChunkBeforeTheNextIsSent(t *testing.T) {
	for _, encoding := range []string{"gzip", "zstd"} {
		t.Run(encoding, func(t *testing.T) {
			wire, sender := io.Pipe()
			out := compress(t, sender, encoding)
			seen := make(chan struct{})
			go func() {
				defer sender.Close()
				for range 3 {
					_, _ = io.WriteString(out, "a chunk of a stream\n")
					_ = out.Flush()
					<-seen // a decoder that waits for more than this chunk never ends
				}
				_ = out.Close()
			}()
			body, err := decoder(wire, encoding)
			require.NoError(t, err)
			defer body.Close()
			lines := bufio.NewReader(body)
			for range 3 {
				line, err := lines.ReadString('\n')
				require.NoError(t, err)
				require.Equal(t, "a chunk of a stream\n", line)
				seen <- struct{}{}
			}
			rest, err := io.ReadAll(lines)
			require.NoError(t, err)
			assert.Empty(t, rest)
		})
	}
}

// compressedWriter is a ResponseWriter that compresses.
type compressedWriter struct {
	http.ResponseWriter
	compressor
}

func (w compressedWriter) Write(p []byte) (int, error) { return w.compressor.Write(p) }

func (w compressedWriter) FlushError() error {
	if err := w.Flush(); err != nil {
		return err
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

func TestDelaysCountsEveryChunk(t *testing.T) {
	plan := chunkPlan{count: 5, first: 400, size: 2048, gap: time.Millisecond}
	text := sampleText(1 << 16)
	for _, encoding := range []string{"", "gzip", "zstd"} {
		t.Run("encoding "+encoding, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, encoding, r.Header.Get("Accept-Encoding"))
				if encoding == "" {
					_ = plan.write(w, text)
					return
				}
				w.Header().Set("Content-Encoding", encoding)
				out := compress(t, w, encoding)
				_ = plan.write(compressedWriter{w, out}, text)
				_ = out.Close()
			}))
			defer server.Close()
			delays, err := plan.delays(t.Context(), strings.TrimPrefix(server.URL, "http://"), encoding)
			require.NoError(t, err)
			require.Len(t, delays, plan.count)
			assert.GreaterOrEqual(t, slices.Min(delays), 0.0)
		})
	}
}

func TestDelaysRefusesAnEncodingItDidNotGet(t *testing.T) {
	plan := chunkPlan{count: 1, first: 400, size: 400}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = plan.write(w, sampleText(1<<12))
	}))
	defer server.Close()
	_, err := plan.delays(t.Context(), strings.TrimPrefix(server.URL, "http://"), "gzip")
	assert.ErrorContains(t, err, "Content-Encoding")
}
