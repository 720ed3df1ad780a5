package imageopt

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fetchByNext fetches URLs one by one with fetchExternalImage of Next.js 16, three redirects and 1000 bytes at most.
// The connections of its agents stay open, so it ends the process itself.
const fetchByNext = `
const { fetchExternalImage } = require(process.argv[1])
const urls = JSON.parse(require('fs').readFileSync(0))
const hash = (body) => require('crypto').createHash('sha256').update(body).digest('hex')
console.error = console.log = () => {}
;(async () => {
  const results = []
  for (const url of urls) {
    try {
      const { buffer, cacheControl } = await fetchExternalImage(url, true, 1000, 3)
      results.push('200 ' + hash(buffer) + ' ' + (cacheControl ?? ''))
    } catch (err) {
      results.push(err.statusCode ? err.statusCode + ' ' + err.message : '500 Internal Server Error')
    }
  }
  require('fs').writeSync(1, JSON.stringify(results))
  process.exit()
})()`

// oracleServer answers what a case of the test below describes, and keeps what it was asked.
type oracleServer struct {
	mu    sync.Mutex
	asked []string
}

func (s *oracleServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var head bytes.Buffer
	host := strings.NewReplacer(r.Host, "HOST").Replace(r.Host)
	fmt.Fprintf(&head, "%s %s %s %s\n", r.Method, r.RequestURI, r.Proto, host)
	_ = r.Header.Write(&head)
	s.mu.Lock()
	s.asked = append(s.asked, head.String())
	s.mu.Unlock()
	query := r.URL.Query()
	if raw := query.Get("raw"); raw != "" {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			io.WriteString(conn, raw)
			conn.Close()
		}
		return
	}
	for _, line := range query["header"] {
		name, value, _ := strings.Cut(line, ":")
		w.Header().Add(name, value)
	}
	body, _ := hex.DecodeString(query.Get("hex"))
	var status int
	if _, err := fmt.Sscan(query.Get("status"), &status); err == nil {
		w.WriteHeader(status)
	}
	_, _ = w.Write(body)
}

// take returns what was asked since it was called last.
func (s *oracleServer) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

// answerURL is the path of an answer of oracleServer.
func answerURL(status int, body []byte, headers ...string) string {
	query := url.Values{"status": {fmt.Sprint(status)}, "hex": {hex.EncodeToString(body)}, "header": headers}
	return "/?" + query.Encode()
}

// Every case is fetched by Next.js and by us: the answers are equal, and so are the requests that the server saw.
func TestRemoteAsNext(t *testing.T) {
	node, err := exec.LookPath("node")
	script := filepath.Join("..", "e2e", "fixtures", "next16", "node_modules", "next", "dist", "server", "image-optimizer.js")
	if _, missing := os.Stat(script); err != nil || missing != nil {
		t.Skip("needs node and the fixture next16, which make test installs")
	}
	upstream := &oracleServer{}
	server := httptest.NewServer(upstream)
	t.Cleanup(server.Close)
	urls := oracleCases(server.URL)

	given, err := json.Marshal(urls)
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), node, "-e", fetchByNext, absolute(t, script))
	command.Stdin = bytes.NewReader(given)
	output, err := command.Output()
	require.NoError(t, err)
	var next []string
	require.NoError(t, json.Unmarshal(output, &next))
	require.Len(t, next, len(urls))
	askedByNext := upstream.take()

	f := NewFetcher(FetchLimits{MaxBytes: 1000, MaxRedirects: 3, AllowPrivate: true}, nil)
	t.Cleanup(f.Close)
	for i, text := range urls {
		u, err := url.Parse(text)
		require.NoError(t, err)
		ours := ""
		if source, err := f.Remote(t.Context(), u, anything); err != nil {
			failed := refusal(t, err)
			ours = fmt.Sprint(failed.Status, " ", failed.Text)
		} else {
			ours = fmt.Sprintf("200 %x %s", sha256.Sum256(source.Body), source.CacheControl)
		}
		assert.Equal(t, next[i], ours, text)
	}
	assert.Equal(t, askedByNext, upstream.take())
}

// oracleCases are URLs of a server.
func oracleCases(server string) []string {
	image := noise(500)
	gz, zl, raw, br := gzipped(image), zlibbed(image), deflated(image), brotlied(image)
	paths := []string{
		"/sign%2fed/a|b^c[1]?" + url.Values{"hex": {"00"}}.Encode(), "//double?hex=00", "/q?hex=00&x=%zz+;'{}",
		answerURL(200, image, "Cache-Control:max-age=1", "Cache-Control:s-maxage=2"), answerURL(200, image, "ETag:\"a\""),
		answerURL(200, make([]byte, 1000)), answerURL(200, make([]byte, 1001)), answerURL(200, nil), answerURL(204, nil),
		answerURL(302, nil, "Location:"), answerURL(302, nil, "Location:http://["), answerURL(302, nil, "Location:http://a b/"),
		answerURL(300, image, "Location:/?hex=00"), answerURL(302, nil, "Location:ftp://127.0.0.1/"), answerURL(302, nil, "Location:data:,x"),
		answerURL(302, nil, "Location:../x/./y?hex=00#z"), answerURL(302, nil, "Location:"+server+"/%zz?hex=00"), answerURL(302, nil, `Location:\a\b?hex=00`),
		answerURL(200, gzipped(make([]byte, 1000)), "Content-Encoding:gzip"), answerURL(200, gzipped(make([]byte, 1001)), "Content-Encoding:gzip"),
		answerURL(200, gzipped(nil), "Content-Encoding:gzip"), answerURL(200, gzipped(gz), "Content-Encoding:gzip", "Content-Encoding:gzip"),
		answerURL(200, gz, "Content-Encoding:gzip,gzip,gzip,gzip,gzip,gzip"), answerURL(200, gz, "Content-Encoding:,,,,,"),
		answerURL(200, brotlied(zlibbed(gz)), "Content-Encoding:GZIP , deflate,\tbr"), answerURL(200, gz, "Content-Encoding:gzip, zstd"),
		answerURL(404, gz, "Content-Encoding:gzip"),
		"http://user:p%40ss@" + strings.TrimPrefix(server, "http://") + "/?hex=00",
		"/?" + url.Values{"raw": {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"}}.Encode(),
		"/?" + url.Values{"raw": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n"}}.Encode(),
		"/?" + url.Values{"raw": {"HTTP/1.1 200 OK\r\n\r\nuntil the end"}}.Encode(),
		"/?" + url.Values{"raw": {"nothing"}}.Encode(),
	}
	for _, status := range []int{201, 203, 206, 301, 304, 305, 307, 308, 400, 401, 403, 404, 410, 418, 429, 500, 502, 503, 504, 599} {
		paths = append(paths, answerURL(status, nil))
		if status != http.StatusNotModified {
			paths = append(paths, answerURL(status, image))
		}
	}
	for coding, whole := range map[string][]byte{"gzip": gz, "x-gzip": gz, "deflate": zl, "Deflate": raw, "br": br} {
		for _, body := range [][]byte{
			nil, whole, whole[:len(whole)/2], whole[:len(whole)-3], whole[:1], join(whole, make([]byte, 10)), join(whole, []byte("hello")), flipped(whole, -2), image[:40],
		} {
			paths = append(paths, answerURL(200, body, "Content-Encoding:"+coding))
		}
	}
	to := answerURL(200, image)
	for range 5 {
		to = answerURL(302, nil, "Location:"+to)
		paths = append(paths, to)
	}
	for i, path := range paths {
		if strings.HasPrefix(path, "/") {
			paths[i] = server + path
		}
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		closed.Close()
		paths = append(paths, "http://"+closed.Addr().String()+"/refused")
	}
	return append(paths, "http://nobody.invalid/")
}
