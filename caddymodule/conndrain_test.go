package caddymodule

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// clientConn is a connection on which a test says when a request is sent. It repeats nothing.
type clientConn struct {
	net.Conn
	reader *bufio.Reader
}

func dialEdge(t *testing.T, e *edgetest.Edge) *clientConn {
	t.Helper()
	conn, err := net.Dial("tcp", "localhost:"+e.Port)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(2*edgetest.Patience)))
	return &clientConn{Conn: conn, reader: bufio.NewReader(conn)}
}

// post sends a request and returns the head of its answer, whose body was read.
func (c *clientConn) post() (*http.Response, error) {
	if _, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi"); err != nil {
		return nil, err
	}
	if _, err := c.reader.Peek(1); err != nil {
		return nil, err
	}
	res, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return nil, fmt.Errorf("after the first byte of an answer: %w", err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return nil, fmt.Errorf("in the body of an answer: %w", err)
	}
	return res, nil
}

// requirePost sends a request that must be answered by the configuration of that name.
func (c *clientConn) requirePost(t *testing.T, config string) {
	t.Helper()
	res, err := c.post()
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Equal(t, config, res.Header.Get("X-Config"))
}

// waitForEnd waits until the edge closes the connection, which it does without a byte. By then the servers of its
// configuration have been told to shut down.
func (c *clientConn) waitForEnd(t *testing.T) {
	t.Helper()
	_, err := c.reader.ReadByte()
	require.ErrorIs(t, err, io.EOF)
}

// namedConfig are directives of a configuration whose answers name it.
func namedConfig(upstream, name string) string {
	return fmt.Sprintf("header X-Config %s\nnextjs %s", name, upstream)
}

// A client that says nothing all the while until its configuration stops loses its connection, as net/http has it: one
// that was kept is closed, and the first request of one that was never used is dropped. No byte of an answer is sent,
// and the application is not asked, so the request may be sent again.
func TestAReloadClosesConnectionsThatWereSilent(t *testing.T) {
	asked := make(chan string, 10)
	upstream := edgetest.Upstream(t, func(_ http.ResponseWriter, r *http.Request) { asked <- r.Method })
	e := edgetest.Serve(t, namedConfig(upstream, "first"))
	kept := dialEdge(t, e)
	kept.requirePost(t, "first")
	neverUsed := dialEdge(t, e)
	require.NoError(t, e.Load(t, namedConfig(upstream, "second")))

	kept.waitForEnd(t)
	_, err := neverUsed.post()
	assert.True(t, errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET), "%v", err)
	dialEdge(t, e).requirePost(t, "second")
	assert.Len(t, asked, 2, "the first request, and the last one")
}
