package caddymodule

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// Both directions of one request flow at once: each line is answered before the next is sent.
func TestRequestAndResponseFlowAtTheSameTime(t *testing.T) {
	address := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		lines := bufio.NewScanner(r.Body)
		for lines.Scan() {
			_, _ = fmt.Fprintf(w, "echo %s\n", lines.Text())
			w.(http.Flusher).Flush()
		}
	})
	e := edgetest.Serve(t, "nextjs "+address)
	for _, front := range edgetest.Protocols {
		t.Run(front, func(t *testing.T) {
			client, base := e.Client(t, front)
			ctx, cancel := context.WithTimeout(context.Background(), edgetest.Patience)
			defer cancel()
			up, write := io.Pipe()
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, base, up)
			require.NoError(t, err)
			go func() { _, _ = io.WriteString(write, "0\n") }()
			res, err := client.Do(req)
			require.NoError(t, err)
			answers := bufio.NewScanner(res.Body)
			for i := range 5 {
				require.True(t, answers.Scan(), "answer %d: %v", i, answers.Err())
				require.Equal(t, fmt.Sprintf("echo %d", i), answers.Text())
				_, err := fmt.Fprintf(write, "%d\n", i+1)
				require.NoError(t, err)
			}
			require.NoError(t, write.Close())
			_, _ = io.Copy(io.Discard, res.Body)
		})
	}
}

// The bytes that are sent before the answer begins are not taken away from the upstream when it does.
func TestAnAnswerThatBeginsDuringTheUploadTakesNothingFromIt(t *testing.T) {
	const size = 1 << 20
	got := make(chan int64, 1)
	address := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		_, _ = io.WriteString(w, "begin\n")
		w.(http.Flusher).Flush()
		n, _ := io.Copy(io.Discard, r.Body)
		got <- n
	})
	e := edgetest.Serve(t, "nextjs "+address)
	client, base := e.Client(t, edgetest.H1)
	client.Timeout = edgetest.Patience
	res, err := client.Post(base, "application/octet-stream", io.LimitReader(zeros{}, size))
	require.NoError(t, err)
	_, _ = io.Copy(io.Discard, res.Body)
	assert.EqualValues(t, size, <-got)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
