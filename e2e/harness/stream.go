//go:build e2e

package harness

import (
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/codingtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// Codings are the content codings that the edge offers.
var Codings = []string{"identity", "gzip", "br", "zstd"}

// Client returns a client of the edge's HTTPS site that speaks one version of HTTP, follows no redirects and unpacks
// nothing.
func (e *Edge) Client(t testing.TB, protocol string) *http.Client {
	t.Helper()
	return edgetest.NewClient(t, protocol, &tls.Config{RootCAs: e.roots, MinVersion: tls.VersionTLS12})
}

// stream is a response that is read while it arrives.
type stream struct {
	*http.Response
	From io.Reader
	Seen strings.Builder
}

// Open sends a request, checks that it came over the right protocol in the right coding, and leaves the body to be
// read.
func Open(t testing.TB, client *http.Client, req *http.Request, protocol, coding string) *stream {
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
	return &stream{Response: res, From: codingtest.Reader(t, coding, res.Body)}
}

// ReadUntil reads on until text has arrived. Its deadline is the context of the request.
func (s *stream) ReadUntil(t testing.TB, text string) {
	t.Helper()
	buffer := make([]byte, 4096)
	for !strings.Contains(s.Seen.String(), text) {
		n, err := s.From.Read(buffer)
		s.Seen.Write(buffer[:n])
		if err != nil {
			require.Contains(t, s.Seen.String(), text, "the stream ended (%v) before it came", err)
		}
	}
}

// ReadToEnd reads the rest.
func (s *stream) ReadToEnd(t testing.TB) string {
	t.Helper()
	rest, err := io.ReadAll(s.From)
	s.Seen.Write(rest)
	require.NoError(t, err, "the stream ends in good order")
	return s.Seen.String()
}
