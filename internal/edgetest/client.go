package edgetest

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/codingtest"
)

// The versions of HTTP that the edge speaks, as responses name them.
const (
	H1 = "HTTP/1.1"
	H2 = "HTTP/2.0"
	H3 = "HTTP/3.0"
)

// Protocols are all of them.
var Protocols = []string{H1, H2, H3}

// InShort returns a protocol's name as part of the name of a test, where a slash would divide it: h1.1, h2, h3.
func InShort(protocol string) string {
	return "h" + strings.TrimSuffix(strings.TrimPrefix(protocol, "HTTP/"), ".0")
}

// NewClient returns a client that speaks one version of HTTP, follows no redirects, asks for no coding by itself and
// unpacks nothing. HTTP/1.1 is spoken with TLS and without.
func NewClient(t testing.TB, protocol string, config *tls.Config) *http.Client {
	t.Helper()
	if protocol == H3 {
		transport := &http3.Transport{TLSClientConfig: config, DisableCompression: true}
		t.Cleanup(func() { _ = transport.Close() })
		return &http.Client{Transport: transport, CheckRedirect: StayHere}
	}
	speaks := new(http.Protocols)
	speaks.SetHTTP1(protocol == H1)
	speaks.SetHTTP2(protocol == H2)
	transport := &http.Transport{
		TLSClientConfig: config, DisableCompression: true, Protocols: speaks, MaxIdleConnsPerHost: 64,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: StayHere}
}

// PlainClient returns an HTTP/1.1 client without TLS, for the edge as for the applications.
func PlainClient(t testing.TB) *http.Client {
	t.Helper()
	return NewClient(t, H1, nil)
}

// StayHere is a CheckRedirect that follows no redirect.
func StayHere(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Request returns a request with headers given as name, value, name, value….
func Request(t testing.TB, ctx context.Context, method, url string, body io.Reader, headers ...string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return req
}

// Answer is a response that was read to its end.
type Answer struct {
	*http.Response
	Text string // the body as it came
}

// Do sends a request and reads the whole answer.
func Do(t testing.TB, client *http.Client, req *http.Request) Answer {
	t.Helper()
	res, err := client.Do(req)
	require.NoError(t, err, "%s %s", req.Method, req.URL)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err, "reading the answer to %s %s", req.Method, req.URL)
	return Answer{res, string(body)}
}

// Get asks for url with headers given as name, value, name, value….
func Get(t testing.TB, client *http.Client, url string, headers ...string) Answer {
	t.Helper()
	return Do(t, client, Request(t, Within(t, 2*Patience), http.MethodGet, url, nil, headers...))
}

// Post sends body to url.
func Post(t testing.TB, client *http.Client, url, contentType, body string, headers ...string) Answer {
	t.Helper()
	headers = append([]string{"Content-Type", contentType}, headers...)
	return Do(t, client, Request(t, Within(t, 2*Patience), http.MethodPost, url, strings.NewReader(body), headers...))
}

// Decoded returns a reader of the plain bytes of a response, which must have the given coding ("" for none).
func Decoded(t testing.TB, res *http.Response, coding string) io.Reader {
	t.Helper()
	require.Equal(t, coding, res.Header.Get("Content-Encoding"))
	return codingtest.Reader(t, coding, res.Body)
}
