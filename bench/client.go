package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// patience bounds the wait for any one answer.
const patience = 30 * time.Second

// client speaks HTTP/1.1 on one kept-alive connection. It is simpler than net/http's: no goroutine stands between the
// socket and the reader, so it costs little beside what is measured, and bytes are seen when they arrive.
type client struct {
	conn    net.Conn
	reader  *bufio.Reader
	host    string
	accept  string
	request []byte
	release func() bool
}

func dial(ctx context.Context, addr string) (*client, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	release := context.AfterFunc(ctx, func() { _ = conn.Close() })
	return &client{conn: conn, reader: bufio.NewReaderSize(conn, 64<<10), host: addr, accept: "text/html", release: release}, nil
}

func (c *client) close() {
	c.release()
	_ = c.conn.Close() // what was to be read has been read
}

// get requests path. The body of the answer must be read to its end before the next request. An empty encoding sends no
// Accept-Encoding. More headers are given by name and value in turn.
func (c *client) get(path, encoding string, headers ...string) (*http.Response, error) {
	if encoding != "" {
		headers = append([]string{"Accept-Encoding", encoding}, headers...)
	}
	return c.ask(http.MethodGet, path, nil, headers)
}

// post sends a body. Otherwise it is like get.
func (c *client) post(path string, body []byte, headers ...string) (*http.Response, error) {
	return c.ask(http.MethodPost, path, body, append([]string{"Content-Length", strconv.Itoa(len(body))}, headers...))
}

// ask sends a request, and reads the head of its answer.
func (c *client) ask(method, path string, body []byte, headers []string) (*http.Response, error) {
	c.request = fmt.Appendf(c.request[:0], "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench\r\nAccept: %s\r\n",
		method, path, c.host, c.accept)
	for pair := range slices.Chunk(headers, 2) {
		c.request = fmt.Appendf(c.request, "%s: %s\r\n", pair[0], pair[1])
	}
	c.request = append(c.request, "\r\n"...)
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, fmt.Errorf("setting a deadline: %w", err)
	}
	if _, err := (&net.Buffers{c.request, body}).WriteTo(c.conn); err != nil {
		return nil, fmt.Errorf("sending a request: %w", err)
	}
	res, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return nil, fmt.Errorf("reading an answer: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		_ = res.Body.Close() // the connection is given up
		return nil, fmt.Errorf("%s was answered with %s", path, res.Status)
	}
	return res, nil
}

// fetch requests path in an encoding, empty for none, and returns the length of the page as it came.
func (c *client) fetch(path, encoding string) (int64, error) {
	res, err := c.get(path, encoding)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close() // it has been read
	if got := res.Header.Get("Content-Encoding"); got != encoding {
		return 0, fmt.Errorf("%s came with Content-Encoding %q, expected %q", path, got, encoding)
	}
	return readBody(res)
}

// readBody reads what is left of an answer and returns its length.
func readBody(res *http.Response) (int64, error) {
	length, err := io.Copy(io.Discard, res.Body)
	if err != nil {
		return 0, fmt.Errorf("reading a page: %w", err)
	}
	return length, nil
}
