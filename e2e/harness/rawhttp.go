//go:build e2e

package harness

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// RawGet sends a request target byte by byte, which net/http would tidy up, and returns the answer.
func RawGet(t testing.TB, address, target, host string, headers ...string) edgetest.Answer {
	t.Helper()
	return RawRequest(t, address, http.MethodGet, target, host, "", headers...)
}

// RawRequest does the same with another method and a body.
func RawRequest(t testing.TB, address, method, target, host, body string, headers ...string) edgetest.Answer {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, edgetest.Patience)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(2*edgetest.Patience)))
	text := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", method, target, host)
	if body != "" {
		text += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	for i := 0; i < len(headers); i += 2 {
		text += headers[i] + ": " + headers[i+1] + "\r\n"
	}
	_, err = io.WriteString(conn, text+"\r\n"+body)
	require.NoError(t, err)
	asked := &http.Request{Method: method, URL: &url.URL{Opaque: target}, Header: http.Header{}}
	for i := 0; i < len(headers); i += 2 {
		asked.Header.Add(headers[i], headers[i+1])
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), asked)
	require.NoError(t, err, "%s %s from %s", method, target, address)
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return edgetest.Answer{Response: res, Text: string(content)}
}

// WithItsRSC is the target with the _rsc parameter that Next.js wants for the headers, which it says itself.
func WithItsRSC(t testing.TB, a *App, path string, headers []string) string {
	t.Helper()
	mark := "?"
	if strings.Contains(path, mark) {
		mark = "&"
	}
	res := edgetest.Get(t, edgetest.PlainClient(t), a.URL(path+mark+"_rsc=x"), headers...)
	if res.StatusCode != http.StatusTemporaryRedirect {
		return path
	}
	location, err := url.Parse(res.Header.Get("Location"))
	require.NoError(t, err)
	return location.RequestURI()
}
