package streaming

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Over real connections: the client gets a whole answer with what it is told, and the upstream sees that it is gone.
func TestDrainOverHTTP(t *testing.T) {
	gone := make(chan struct{})
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = fmt.Fprint(w, "id: 1\r\ndata: a\r\n\r\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(gone)
	}))
	defer upstream.Close()
	transport := new(http.Transport)
	defer transport.CloseIdleConnections()
	var streams Streams
	edge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, upstream.URL, nil)
		if !assert.NoError(t, err) {
			return
		}
		res, err := transport.RoundTrip(req)
		if !assert.NoError(t, err) {
			return
		}
		body := streams.Watch(EventStream, res, web1)
		defer body.Close()
		buffer := make([]byte, 1024)
		for n := 0; err == nil; n, err = body.Read(buffer) {
			_, _ = w.Write(buffer[:n])
			_ = http.NewResponseController(w).Flush()
		}
		assert.ErrorIs(t, err, io.EOF)
	}))
	defer edge.Close()

	res, err := edge.Client().Get(edge.URL)
	require.NoError(t, err)
	defer res.Body.Close()
	sent := "id: 1\r\ndata: a\r\n\r\n"
	first := make([]byte, len(sent))
	_, err = io.ReadFull(res.Body, first)
	require.NoError(t, err)
	streams.Drain(web1, DrainLimits{Spread: time.Millisecond, Events: time.Hour})
	rest, err := io.ReadAll(res.Body)
	require.NoError(t, err, "a whole answer")
	assertToldToComeBack(t, sent, string(first)+string(rest))
	<-gone
}
