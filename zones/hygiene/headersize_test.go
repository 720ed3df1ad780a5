package hygiene

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// countedByNode adds up the head of a request that is sent as Node.js does.
func countedByNode(t testing.TB, r *http.Request) (size, lines int) {
	t.Helper()
	var wire bytes.Buffer
	require.NoError(t, r.Write(&wire))
	return countNode(t, &wire)
}

// countNode adds up a head as Node.js does, from the bytes on the wire.
func countNode(t testing.TB, wire io.Reader) (size, lines int) {
	t.Helper()
	reader := bufio.NewReader(wire)
	line, err := reader.ReadString('\n')
	require.NoError(t, err)
	size = len(strings.Split(line, " ")[1])
	for {
		line, err = reader.ReadString('\n')
		require.NoError(t, err)
		if line = strings.TrimSuffix(line, "\r\n"); line == "" {
			return size, lines
		}
		name, value, _ := strings.Cut(line, ": ")
		size, lines = size+len(name)+len(value), lines+1
	}
}

// What is counted is never less than what Node.js will count of the bytes that net/http writes, and never much more.
func TestHeaderSizeIsWhatNodeCounts(t *testing.T) {
	large := strings.Repeat("x", 5000)
	for name, c := range map[string]struct {
		line    string
		headers []string
		change  func(r *http.Request)
	}{
		"plain":             {line: "GET /"},
		"no path":           {line: "GET "},
		"large":             {line: "GET /" + large, headers: []string{"Cookie: " + large, "Cookie: " + large}},
		"encoded path":      {line: "GET /fähre nach Ostrey/" + large},
		"query":             {line: "GET /", change: func(r *http.Request) { r.URL.RawQuery = large }},
		"empty query":       {line: "GET /", change: func(r *http.Request) { r.URL.ForceQuery = true }},
		"opaque":            {line: "GET /", change: func(r *http.Request) { r.URL.Opaque = "/a|b^" + large }},
		"user agent":        {line: "GET /", headers: []string{"User-Agent: " + large}},
		"no user agent":     {line: "GET /", change: func(r *http.Request) { r.Header["User-Agent"] = nil }},
		"host of the URL":   {line: "GET /", change: func(r *http.Request) { r.Host, r.URL.Host = "", "localhost:3000" }},
		"unicode host":      {line: "GET /", change: func(r *http.Request) { r.Host = "münchen.example" }},
		"impossible host":   {line: "GET /", change: func(r *http.Request) { r.Host = "a b/c" }},
		"known length":      {line: "POST /", change: func(r *http.Request) { r.Body, r.ContentLength = body("hello"), 5 }},
		"unknown length":    {line: "POST /", change: func(r *http.Request) { r.Body, r.ContentLength = body("hello"), -1 }},
		"empty body":        {line: "POST /", change: func(r *http.Request) { r.Body, r.ContentLength = body(""), 0 }},
		"no body":           {line: "POST /"},
		"headers of length": {line: "POST /", headers: []string{"Content-Length: 12345", "Transfer-Encoding: x", "Host: " + large}},
		"close":             {line: "GET /", change: func(r *http.Request) { r.Close = true }},
		"trailers": {line: "POST /", change: func(r *http.Request) {
			r.Body, r.ContentLength, r.TransferEncoding = body("hello"), -1, []string{"chunked"}
			r.Trailer = http.Header{"Checksum": nil, "Signature": nil}
		}},
		"many": {line: "GET /", change: func(r *http.Request) { r.Header["X-Many"] = make([]string, 900) }},
	} {
		t.Run(name, func(t *testing.T) {
			r := request(c.line, c.headers...)
			r.Host, r.Body = "example.com", http.NoBody
			if c.change != nil {
				c.change(r)
			}
			size, lines := HeaderSize(r)
			nodeSize, nodeLines := countedByNode(t, r)
			assert.GreaterOrEqual(t, size, nodeSize, "a head that Node.js refuses is never passed on")
			ignored := 0
			if name == "impossible host" {
				ignored = len("a b/c") // counted, but not sent
			}
			assert.LessOrEqual(t, size, nodeSize+64+ignored, "a head that Node.js takes is not refused needlessly")
			assert.GreaterOrEqual(t, lines, nodeLines)
			assert.LessOrEqual(t, lines, nodeLines+3)
		})
	}
}

// What is counted of a request that has come is what Node.js counts of the bytes that its client has written.
func TestReceivedHeaderSizeIsWhatNodeCounts(t *testing.T) {
	large := strings.Repeat("x", 5000)
	for name, head := range map[string]string{
		"plain":           "GET / HTTP/1.1\r\nHost: example.com\r\n",
		"HTTP/1.0":        "GET / HTTP/1.0\r\nConnection: keep-alive\r\nHost: a\r\n",
		"unescaped path":  "GET /f\xc3\xa4hre|^" + large + "?a=|b HTTP/1.1\r\nHost: example.com:8080\r\n",
		"absolute":        "GET http://example.com/a HTTP/1.1\r\nHost: example.com\r\n",
		"cookies":         "GET / HTTP/1.1\r\nHost: example.com\r\nCookie: " + large + "\r\nCookie: " + large + "\r\nUser-Agent: x\r\n",
		"many":            "GET / HTTP/1.1\r\nHost: example.com\r\n" + strings.Repeat("X-Many: \r\n", 1200),
		"connection":      "GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\n",
		"a known length":  "POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 12345\r\n",
		"no known length": "POST / HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n",
		"trailers":        "POST / HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\nTrailer: Checksum,Signature\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head + "\r\n")))
			require.NoError(t, err)
			size, lines := ReceivedHeaderSize(r)
			nodeSize, nodeLines := countNode(t, strings.NewReader(head+"\r\n"))
			assert.Equal(t, nodeSize, size)
			assert.Equal(t, nodeLines, lines)
			assert.Zero(t, testing.AllocsPerRun(10, func() { ReceivedHeaderSize(r) }))
		})
	}
}

func body(text string) io.ReadCloser { return io.NopCloser(strings.NewReader(text)) }

func TestHeaderSizeAllocatesNothing(t *testing.T) {
	r := request("GET /blog/fog-signal", "Cookie: a=b", "Accept: text/html", "User-Agent: x")
	assert.Zero(t, testing.AllocsPerRun(100, func() { HeaderSize(r) }))
}
