package caddymodule

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/codingtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// eventStreamMemory bounds what an open event stream holds for its encoder (bytes); docs/benchmarks.md has what was
// measured.
const eventStreamMemory = 300 << 10

// discards is a client that reads everything.
type discards struct{ header http.Header }

func (d discards) Header() http.Header         { return d.header }
func (d discards) Write(p []byte) (int, error) { return len(p), nil }
func (d discards) WriteHeader(int)             {}
func (d discards) Flush()                      {}

func TestAnOpenEventStreamHoldsLittleMemory(t *testing.T) {
	// A parameter of the type does not hide it, nor do settings for pages.
	const settings = `{"encodings": {"zstd": {"level": "best"}, "nextjs_br": {"quality": 9, "window": 22}, "gzip": {"level": 9}}}`
	for _, encoding := range codingtest.All[1:] {
		e, err := newEncode(t, settings)
		require.NoError(t, err)
		const streams = 20
		var opened, ended sync.WaitGroup
		leave := make(chan struct{})
		before := heapInUse()
		for range streams {
			opened.Add(1)
			ended.Go(func() {
				client := discards{http.Header{}}
				assert.NoError(t, e.ServeHTTP(client, asking(http.MethodGet, encoding), caddyhttp.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
					w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
					for i := range 1000 {
						_, _ = fmt.Fprintf(w, "id: %d\ndata: {\"delta\":{\"content\":\" word %d\"}}\n\n", i, i*i)
						_ = http.NewResponseController(w).Flush()
					}
					opened.Done()
					<-leave
					return nil
				})))
				assert.Equal(t, encoding, client.header.Get("Content-Encoding"))
			})
		}
		opened.Wait()
		each := (heapInUse() - before) / streams
		close(leave)
		ended.Wait()
		t.Logf("%s: %d KiB for each stream", encoding, each>>10)
		assert.Less(t, each, eventStreamMemory, encoding)
	}
}

// The ETag and the other headers of an event stream are those of any answer in its coding.
func TestAnEventStreamHasTheHeadersOfItsEncoding(t *testing.T) {
	e, err := newEncode(t, `{}`)
	require.NoError(t, err)
	for _, encoding := range codingtest.All[1:] {
		res := through(t, e, asking(http.MethodGet, encoding), http.StatusOK, "data: x\n\n",
			"Content-Type", "text/event-stream", "Etag", `"a"`, "Accept-Ranges", "bytes")
		text, err := io.ReadAll(edgetest.Decoded(t, res, encoding))
		require.NoError(t, err)
		assert.Equal(t, "data: x\n\n", string(text))
		assert.Equal(t, `"a-`+encoding+`"`, res.Header.Get("Etag"))
		assert.Equal(t, "Accept-Encoding", res.Header.Get("Vary"))
		assert.Empty(t, res.Header.Get("Accept-Ranges"))
	}
}
