package caddymodule

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/codingtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// chunks are what a streaming upstream writes; the first is as small as the shell of a page can be.
func chunks() []string {
	list := []string{"<i>", strings.Repeat("x", 400), "\n"}
	for i := range 5 {
		list = append(list, strings.Repeat(fmt.Sprintf("chunk %d ", i), 250))
	}
	return list
}

// Each chunk reaches the client before the upstream writes the next: the upstream waits until the test has read it.
func TestEveryChunkArrivesBeforeTheNextIsWritten(t *testing.T) {
	for _, body := range []string{"chunked", "with Content-Length", "event stream"} {
		read := make(chan struct{})
		address := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
			list := chunks()
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			switch body {
			case "with Content-Length":
				w.Header().Set("Content-Length", fmt.Sprint(len(strings.Join(list, ""))))
			case "event stream":
				w.Header().Set("Content-Type", "text/event-stream")
			}
			for _, chunk := range list {
				_, _ = io.WriteString(w, chunk)
				w.(http.Flusher).Flush()
				select {
				case <-read:
				case <-r.Context().Done():
					return
				}
			}
		})
		e := edgetest.Serve(t, "nextjs "+address)
		for _, front := range edgetest.Protocols {
			for _, encoding := range codingtest.All {
				t.Run(fmt.Sprintf("%s/%s/%s", body, front, encoding), func(t *testing.T) {
					client, base := e.Client(t, front)
					ctx, cancel := context.WithTimeout(context.Background(), edgetest.Patience)
					defer cancel()
					req, err := http.NewRequestWithContext(ctx, http.MethodGet, base, nil)
					require.NoError(t, err)
					if encoding != "" {
						req.Header.Set("Accept-Encoding", encoding)
					}
					res, err := client.Do(req)
					require.NoError(t, err)
					defer res.Body.Close()
					reader := edgetest.Decoded(t, res, encoding)
					for i, chunk := range chunks() {
						got := make([]byte, len(chunk))
						_, err := io.ReadFull(reader, got)
						require.NoError(t, err, "chunk %d", i)
						require.Equal(t, chunk, string(got))
						read <- struct{}{}
					}
					rest, err := io.ReadAll(reader)
					require.NoError(t, err)
					assert.Empty(t, rest)
				})
			}
		}
	}
}

// The head needs no byte of the body, whatever the client accepts: a browser learns of a page's styles and scripts by
// it.
func TestHeadPassesBeforeTheBody(t *testing.T) {
	gotHead := make(chan struct{})
	address := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("X-Early", "yes")
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		select {
		case <-gotHead:
		case <-r.Context().Done():
		}
		_, _ = io.WriteString(w, "body")
	})
	e := edgetest.Serve(t, "nextjs "+address)
	for _, front := range edgetest.Protocols {
		for _, encoding := range codingtest.All {
			client, base := e.Client(t, front)
			client.Timeout = edgetest.Patience
			req, err := http.NewRequest(http.MethodGet, base, nil)
			require.NoError(t, err)
			req.Header.Set("Accept-Encoding", encoding)
			res, err := client.Do(req)
			require.NoError(t, err, "%s %s", front, encoding)
			assert.Equal(t, "yes", res.Header.Get("X-Early"))
			gotHead <- struct{}{}
			body, err := io.ReadAll(edgetest.Decoded(t, res, encoding))
			require.NoError(t, err)
			assert.Equal(t, "body", string(body))
		}
	}
}

// What an upstream leaves unfinished must not look whole.
func TestABrokenStreamDoesNotLookWhole(t *testing.T) {
	const half = "half a page"
	read := make(chan struct{})
	address := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, half)
		w.(http.Flusher).Flush()
		select {
		case <-read:
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler)
	})
	e := edgetest.Serve(t, "nextjs "+address)
	for _, front := range edgetest.Protocols {
		for _, encoding := range codingtest.All {
			t.Run(front+"/"+encoding, func(t *testing.T) {
				client, base := e.Client(t, front)
				client.Timeout = edgetest.Patience
				req, err := http.NewRequest(http.MethodGet, base, nil)
				require.NoError(t, err)
				req.Header.Set("Accept-Encoding", encoding)
				res, err := client.Do(req)
				require.NoError(t, err)
				reader := edgetest.Decoded(t, res, encoding)
				_, err = io.ReadFull(reader, make([]byte, len(half)))
				require.NoError(t, err)
				read <- struct{}{}
				_, err = io.ReadAll(reader)
				require.Error(t, err)
			})
		}
	}
}

func TestTheUpstreamIsNotAskedForCompression(t *testing.T) {
	seen := make(chan []string, 1)
	page := strings.Repeat("page ", 1000)
	address := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Header.Values("Accept-Encoding")
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, page)
	})
	e := edgetest.Serve(t, "nextjs "+address)
	client, base := e.Client(t, edgetest.H1)
	for _, accept := range []string{"", "gzip", "br, gzip", "br, gzip, zstd", "identity"} {
		req, err := http.NewRequest(http.MethodGet, base, nil)
		require.NoError(t, err)
		if accept != "" {
			req.Header.Set("Accept-Encoding", accept)
		}
		res, err := client.Do(req)
		require.NoError(t, err)
		body, err := io.ReadAll(edgetest.Decoded(t, res, map[string]string{
			"gzip": "gzip", "br, gzip": "br",
			"br, gzip, zstd": "zstd",
		}[accept]))
		require.NoError(t, err)
		assert.Equal(t, page, string(body))
		assert.Empty(t, <-seen, accept)
	}
}

func TestAnswersThatAreEncodedAlreadyPassUntouched(t *testing.T) {
	var zipped bytes.Buffer
	writer := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(writer, strings.Repeat("page ", 1000))
	require.NoError(t, writer.Close())
	address := edgetest.Upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(zipped.Bytes())
	})
	e := edgetest.Serve(t, "nextjs "+address)
	client, base := e.Client(t, edgetest.H1)
	req, err := http.NewRequest(http.MethodGet, base, nil)
	require.NoError(t, err)
	req.Header.Set("Accept-Encoding", "zstd, gzip")
	res, err := client.Do(req)
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.Equal(t, zipped.Bytes(), body)
}

func TestTheUpstreamLearnsThatTheClientHasGone(t *testing.T) {
	started, gone := make(chan struct{}), make(chan struct{})
	address := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/after-head" {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, "data: 1\n\n")
			w.(http.Flusher).Flush()
		}
		started <- struct{}{}
		<-r.Context().Done()
		gone <- struct{}{}
	})
	e := edgetest.Serve(t, "nextjs "+address)
	for _, front := range edgetest.Protocols {
		for _, path := range []string{"/before-head", "/after-head"} {
			client, base := e.Client(t, front)
			ctx, cancel := context.WithCancel(context.Background())
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
			require.NoError(t, err)
			go func() {
				if res, err := client.Do(req); err == nil {
					_, _ = io.Copy(io.Discard, res.Body)
				}
			}()
			<-started
			cancel()
			select {
			case <-gone:
			case <-time.After(edgetest.Patience):
				t.Fatalf("%s %s: the upstream still works for a client that is gone", front, path)
			}
		}
	}
}
