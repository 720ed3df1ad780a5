package caddymodule

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

func TestRefusedRequestsReachNoUpstream(t *testing.T) {
	var asked atomic.Int64
	address := edgetest.Upstream(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone careful / %s\n}", address))
	count := requestsTotal.WithLabelValues("careful", "refused")
	before := testutil.ToFloat64(count)
	requests := []struct {
		line, headers string
		status        int
	}{
		{"GET http://localhost/about", "", http.StatusBadRequest},
		{"GET http://localhost/latest/meta-data", "Connection: Upgrade\r\nUpgrade: websocket\r\n", http.StatusBadRequest},
		{"POST https://localhost:8443/x", "Content-Length: 2\r\n", http.StatusBadRequest},
		{"CONNECT localhost:22", "", http.StatusBadRequest},
		{"GET /about.rsc", "", http.StatusNotFound},
		{"GET /a/../about.rsc", "RSC: 1\r\n", http.StatusNotFound},
		{"GET /about.segments/_tree.segment.rsc", "", http.StatusNotFound},
		{"GET /about.rsc", "Connection: Upgrade\r\nUpgrade: websocket\r\n", http.StatusNotFound},
	}
	for _, c := range requests {
		conn, err := net.Dial("tcp", "localhost:"+e.Port)
		require.NoError(t, err)
		require.NoError(t, conn.SetDeadline(time.Now().Add(edgetest.Patience)))
		_, err = fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", c.line, c.headers)
		require.NoError(t, err)
		if c.headers == "Content-Length: 2\r\n" {
			_, _ = io.WriteString(conn, "ok")
		}
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err, c.line)
		assert.Equal(t, c.status, res.StatusCode, c.line)
		assert.Equal(t, []string{"no-store"}, res.Header["Cache-Control"], c.line)
		_ = conn.Close()
	}
	assert.Zero(t, asked.Load())
	assert.InDelta(t, before+float64(len(requests)), testutil.ToFloat64(count), 0)
}
