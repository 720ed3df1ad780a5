//go:build e2e

package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// rawGet sends a request target byte by byte, which net/http would tidy up, and returns the answer.
func rawGet(t testing.TB, address, target, host string, headers ...string) answer {
	t.Helper()
	return rawRequest(t, address, http.MethodGet, target, host, "", headers...)
}

// rawRequest does the same with another method and a body.
func rawRequest(t testing.TB, address, method, target, host, body string, headers ...string) answer {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, patience)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(2*patience)))
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
	return answer{res, string(content)}
}

func readJSON(t testing.TB, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, into))
}
