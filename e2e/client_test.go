//go:build e2e

package e2e_test

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/require"
)

// protocols are the versions of HTTP that the edge speaks, as responses name them.
var protocols = []string{"HTTP/1.1", "HTTP/2.0", "HTTP/3.0"}

// codings are the content codings that the edge offers.
var codings = []string{"identity", "gzip", "br", "zstd"}

// client returns a client of the edge's HTTPS site that speaks one version of HTTP, follows no redirects and unpacks nothing.
func (e *edge) client(t testing.TB, protocol string) *http.Client {
	t.Helper()
	tlsConfig := &tls.Config{RootCAs: e.roots, MinVersion: tls.VersionTLS12}
	var transport http.RoundTripper
	if protocol == "HTTP/3.0" {
		h3 := &http3.Transport{TLSClientConfig: tlsConfig, DisableCompression: true}
		t.Cleanup(func() { _ = h3.Close() })
		transport = h3
	} else {
		speaks := new(http.Protocols)
		speaks.SetHTTP1(protocol == "HTTP/1.1")
		speaks.SetHTTP2(protocol == "HTTP/2.0")
		tcp := &http.Transport{TLSClientConfig: tlsConfig, DisableCompression: true, Protocols: speaks, MaxIdleConnsPerHost: 64}
		t.Cleanup(tcp.CloseIdleConnections)
		transport = tcp
	}
	return &http.Client{Transport: transport, CheckRedirect: stayHere}
}

// plainClient returns an HTTP/1.1 client without TLS, for the edge as for the applications.
func plainClient(t testing.TB) *http.Client {
	t.Helper()
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: stayHere}
}

func stayHere(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func request(t testing.TB, ctx context.Context, method, url string, body io.Reader, headers ...string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return req
}

// answer is a response that was read to its end.
type answer struct {
	*http.Response
	body string
}

// do sends a request and reads the whole answer.
func do(t testing.TB, client *http.Client, req *http.Request) answer {
	t.Helper()
	res, err := client.Do(req)
	require.NoError(t, err, "%s %s", req.Method, req.URL)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err, "reading the answer to %s %s", req.Method, req.URL)
	return answer{res, string(body)}
}

// get asks for url with headers given as name, value, name, value….
func get(t testing.TB, client *http.Client, url string, headers ...string) answer {
	t.Helper()
	return do(t, client, request(t, within(t, 2*patience), http.MethodGet, url, nil, headers...))
}

// post sends body to url.
func post(t testing.TB, client *http.Client, url, contentType, body string, headers ...string) answer {
	t.Helper()
	headers = append([]string{"Content-Type", contentType}, headers...)
	return do(t, client, request(t, within(t, 2*patience), http.MethodPost, url, strings.NewReader(body), headers...))
}

// decoded returns a reader that unpacks a body while it arrives.
func decoded(t testing.TB, coding string, body io.Reader) io.Reader {
	t.Helper()
	switch coding {
	case "gzip":
		// Its header is read from the first bytes of the body, so only when somebody reads.
		return &lazyReader{open: func() (io.Reader, error) { return gzip.NewReader(body) }}
	case "br":
		return brotli.NewReader(body)
	case "zstd":
		reader, err := zstd.NewReader(body, zstd.WithDecoderConcurrency(1))
		require.NoError(t, err)
		t.Cleanup(reader.Close)
		return reader
	default:
		return body
	}
}

type lazyReader struct {
	open func() (io.Reader, error)
	io.Reader
}

func (r *lazyReader) Read(p []byte) (int, error) {
	if r.Reader == nil {
		var err error
		if r.Reader, err = r.open(); err != nil {
			return 0, err
		}
	}
	return r.Reader.Read(p)
}

// stream is a response that is read while it arrives.
type stream struct {
	*http.Response
	from io.Reader
	seen strings.Builder
}

// open sends a request, checks that it came over the right protocol in the right coding, and leaves the body to be read.
func open(t testing.TB, client *http.Client, req *http.Request, protocol, coding string) *stream {
	t.Helper()
	req.Header.Set("Accept-Encoding", coding)
	res, err := client.Do(req)
	require.NoError(t, err)
	t.Cleanup(func() { _ = res.Body.Close() })
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Equal(t, protocol, res.Proto, "the answer comes over the protocol that the test is about")
	want := coding
	if coding == "identity" {
		want = ""
	}
	require.Equal(t, want, res.Header.Get("Content-Encoding"), "the answer comes in the coding that the test is about")
	return &stream{Response: res, from: decoded(t, coding, res.Body)}
}

// readUntil reads on until text has arrived. Its deadline is the context of the request.
func (s *stream) readUntil(t testing.TB, text string) {
	t.Helper()
	buffer := make([]byte, 4096)
	for !strings.Contains(s.seen.String(), text) {
		n, err := s.from.Read(buffer)
		s.seen.Write(buffer[:n])
		if err != nil {
			require.Contains(t, s.seen.String(), text, "the stream ended (%v) before it came", err)
		}
	}
}

// readToEnd reads the rest.
func (s *stream) readToEnd(t testing.TB) string {
	t.Helper()
	rest, err := io.ReadAll(s.from)
	s.seen.Write(rest)
	require.NoError(t, err, "the stream ends in good order")
	return s.seen.String()
}
