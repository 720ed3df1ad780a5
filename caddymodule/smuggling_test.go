package caddymodule

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// smuggled is a request that bodies are made of: it must never be answered.
const smuggled = "GET /plain/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"

// behind is the request that stands behind each other one on its connection, and the last one there.
const behind = "GET /plain/behind HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

// rawEdge is an edge that gives every kind of answer, and a stock Caddy beside it.
type rawEdge struct {
	port, stock string
	smuggled    *atomic.Int64
	reading     chan struct{} // the application begins to read the body of a GET
	ended       chan struct{}
}

func startRawEdge(t testing.TB) *rawEdge {
	t.Helper()
	e := &rawEdge{
		port: edgetest.FreePort(t), stock: edgetest.FreePort(t), smuggled: new(atomic.Int64),
		reading: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	app := edgetest.Upstream(t, e.application)
	t.Cleanup(func() { close(e.ended) })
	dir, out := filepath.Join(t.TempDir(), ".next"), filepath.Join(t.TempDir(), "out")
	buildtest.Write(t, dir, buildtest.Build{
		App:   map[string]string{"/kept/page": "/kept", "/stale/page": "/stale"},
		Files: map[string]string{"static/chunks/a.js": "a", "../public/b.txt": strings.Repeat("b", 10_000)},
	})
	buildtest.WriteExport(t, out, "abc", nil)
	control := edgetest.File(t, "s3cret\n")
	config, err := edgetest.Adapt(fmt.Sprintf(`{
	admin off
	persist_config off
	auto_https off
	shutdown_delay 1ms
	nextjs {
		state %s
	}
}
http://localhost:%s {
	handle_path /_edge/* {
		nextjs_control {
			token_file %s
		}
	}
	handle /healthz {
		nextjs_health
	}
	nextjs {
		zone / %s {
			build %s
		}
		zone /plain %s
		zone /dead localhost:%s {
			queue off
		}
		zone out /out {
			export %s
		}
		upgrade_timeout 100ms
	}
	handle_errors 431 {
		respond "{err.status_code}"
	}
}
http://localhost:%s {
	reverse_proxy %s
}`, t.TempDir(), e.port, control, app, dir, app, edgetest.FreePort(t), out, e.stock, app))
	require.NoError(t, err)
	require.NoError(t, caddy.Load(config, true))
	t.Cleanup(func() { require.NoError(t, caddy.Stop()) })
	return e
}

// application answers as paths say.
func (e *rawEdge) application(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Asked", r.URL.Path)
	switch r.URL.Path {
	case "/plain/smuggled":
		e.smuggled.Add(1)
	case "/plain/early": // before the body has come, which is read then
		if r.Header.Get("Expect") != "" {
			// Node.js does so before it asks an application. net/http would only announce the end of the connection, and a
			// client may then keep the body back for which this waits (RFC 9110, 10.1.1).
			w.WriteHeader(http.StatusContinue)
		}
		_ = http.NewResponseController(w).EnableFullDuplex()
		_, _ = io.WriteString(w, "early")
		_ = http.NewResponseController(w).Flush()
	case "/plain/unread": // without ever reading the body
		_ = http.NewResponseController(w).EnableFullDuplex()
		w.Header().Set("Content-Length", "6")
		w.Header().Set("Connection", "close") // to the edge, which must not reuse its own connection either
		_, _ = io.WriteString(w, "unread")
		return
	case "/plain/broken":
		panic(http.ErrAbortHandler)
	case "/plain/upgrade":
		if r.Header.Get("Upgrade") != "" {
			<-e.ended
			return
		}
	case "/kept", "/stale":
		w.Header().Set("Cache-Control", map[string]string{"/kept": "s-maxage=600", "/stale": "s-maxage=1, stale-while-revalidate=600"}[r.URL.Path])
		w.Header().Set("X-Nextjs-Cache", "HIT")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
	}
	if r.Method == http.MethodGet && r.ContentLength > 0 {
		select {
		case e.reading <- struct{}{}:
		default:
		}
	}
	n, _ := io.Copy(io.Discard, r.Body)
	_, _ = fmt.Fprintf(w, "%s %d", r.URL.Path, n)
}

// rawRequest is a request as bytes.
type rawRequest struct {
	head  string // the request line and headers of its own
	body  string
	close bool
}

func (r rawRequest) bytes() string {
	text := r.head
	if r.close {
		text += "Connection: close\r\n"
	}
	return text + r.body
}

// framings are the ways in which a body can follow a request: Content-Length or chunks, whole or malformed, asked for
// or not.
func framings() map[string]string {
	framed := map[string]string{"none": "\r\n"}
	for name, size := range map[string]int{"5 B": 5, "60 B": 60, "300 kB": 300_000, "8 MB": 8 << 20} {
		body := strings.Repeat(smuggled, size/len(smuggled)+1)[:size]
		framed["length "+name] = fmt.Sprintf("Content-Length: %d\r\n\r\n%s", size, body)
		framed["chunked "+name] = fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", size, body)
	}
	for name, chunk := range map[string]string{"prefix": "0x3", "negative": "-1", "17 digits": "10000000000000003", "no number": "zz"} {
		framed["malformed "+name] = "Transfer-Encoding: chunked\r\n\r\n" + chunk + "\r\nabc\r\n" + smuggled
	}
	framed["malformed end"] = "Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n" + smuggled
	framed["expect"] = fmt.Sprintf("Expect: 100-continue\r\nContent-Length: %d\r\n\r\n%s", len(smuggled), smuggled)
	framed["expect chunked"] = fmt.Sprintf("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(smuggled), smuggled)
	framed["length and chunked"] = fmt.Sprintf("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(smuggled), smuggled)
	return framed
}

// rawTargets are requests that get each kind of answer. The status is that of a request with a whole body.
var rawTargets = []struct {
	name, method, path, more string
	status                   int
}{
	{"file", "GET", "/_next/static/chunks/a.js", "", 200},
	{"large file", "GET", "/b.txt", "", 200},
	{"not modified", "GET", "/b.txt", "If-None-Match: *\r\n", 304},
	{"file written to", "POST", "/_next/static/chunks/a.js", "", 405},
	{"picture", "GET", "/_next/image?url=%2Fb.txt&w=640&q=75", "", 400},
	{"picture written to", "POST", "/_next/image?url=%2Fb.txt&w=640&q=75", "", 405},
	{"page that may be kept", "GET", "/kept", "", 200},
	{"stale page", "GET", "/stale", "", 200},
	{"page posted to", "POST", "/kept", "", 200},
	{"proxied", "POST", "/plain/read", "", 200},
	{"proxied HEAD", "HEAD", "/plain/read", "", 200},
	{"early answer", "POST", "/plain/early", "", 200},
	{"body not read", "POST", "/plain/unread", "", 200},
	{"upstream that breaks", "POST", "/plain/broken", "", 502},
	{"upstream that is gone", "POST", "/dead", "", 502},
	{"upgrade not answered", "GET", "/plain/upgrade", "Connection: Upgrade\r\nUpgrade: websocket\r\n", 504},
	{"large head", "POST", "/plain/read", "X-A: " + strings.Repeat("a", 16_300) + "\r\n", 431},
	{"refused", "POST", "/plain/read.rsc", "", 404},
	{"refused target", "POST", "http://localhost/plain/read", "", 400},
	{"export", "GET", "/out", "", 200},
	{"export written to", "POST", "/out/index.html", "", 405},
	{"control without token", "POST", "/_edge/purge", "", 401},
	{"control", "POST", "/_edge/purge", "Authorization: Bearer s3cret\r\n", 400},
	{"health", "POST", "/healthz", "", 200},
}

// answers sends bytes on a connection of their own, and returns what comes back: at most one answer for each method.
func (e *rawEdge) answers(t testing.TB, port, text string, methods ...string) []*http.Response {
	t.Helper()
	all, err := exchange(t, port, text, edgetest.Patience, methods)
	assert.NoError(t, err, "neither an answer nor the end of the connection: %.60q", text)
	return all
}

// exchange does the same within a time of choice. The error says that the connection was still open then.
func exchange(t testing.TB, port, text string, within time.Duration, methods []string) (all []*http.Response, err error) {
	t.Helper()
	conn, err := net.Dial("tcp", "localhost:"+port)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(within)))
	go func() { _, _ = io.WriteString(conn, text) }() // the edge may end the connection before it has read everything
	reader := bufio.NewReader(conn)
	for _, method := range methods {
		res, err := http.ReadResponse(reader, &http.Request{Method: method})
		for err == nil && res.StatusCode == http.StatusContinue {
			res, err = http.ReadResponse(reader, &http.Request{Method: method})
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return all, err
		}
		if err != nil {
			return all, nil //nolint:nilerr // the connection has ended
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		all = append(all, res)
	}
	return all, nil
}

// Whatever follows a request on its connection, it is answered as if it were alone, or not at all; a body is never
// taken for a request.
func TestOneRequestOneAnswer(t *testing.T) {
	e := startRawEdge(t)
	cases := 0
	for _, target := range rawTargets {
		for framing, body := range framings() {
			for _, closes := range []bool{false, true} {
				head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: localhost\r\n%s", target.method, target.path, target.more)
				request := rawRequest{head, body, closes && !strings.Contains(target.more, "Connection")}
				name := fmt.Sprintf("%s, %s, close %v", target.name, framing, request.close)
				malformed := strings.HasPrefix(framing, "malformed")
				all := e.answers(t, e.port, request.bytes()+behind, target.method, http.MethodGet, http.MethodGet)
				cases++
				if !assert.NotEmpty(t, all, "%s: no answer", name) {
					continue
				}
				if malformed {
					assert.Contains(t, []int{target.status, http.StatusBadRequest}, all[0].StatusCode, name)
				} else if target.name == "control" && strings.HasSuffix(framing, "0 kB") || strings.HasSuffix(framing, " MB") {
					assert.Contains(t, []int{target.status, http.StatusRequestEntityTooLarge}, all[0].StatusCode, name)
				} else {
					assert.Equal(t, target.status, all[0].StatusCode, name)
				}
				mayFollow := !request.close && !malformed
				mustFollow := mayFollow && (framing == "none" || strings.HasSuffix(framing, " B")) && target.status < 500
				if isEarly := target.path == "/plain/early" || target.path == "/plain/unread"; isEarly && strings.HasPrefix(framing, "chunked") {
					mustFollow = false // nobody knows when the head goes out how much is left: the connection may end, and says so
				}
				switch {
				case len(all) > 2:
					assert.Fail(t, "more answers than requests", name)
				case len(all) == 2:
					assert.True(t, mayFollow, "%s: an answer follows", name)
					assert.Equal(t, "/plain/behind", all[1].Header.Get("X-Asked"), name)
				case mustFollow:
					assert.Fail(t, "the next request is lost", name)
				case mayFollow:
					assert.True(t, all[0].Close, "%s: the connection ends, and the client is not told", name)
				}
				assert.Zero(t, e.smuggled.Swap(0), "%s: a body was answered", name)
			}
		}
	}
	t.Logf("%d raw requests", cases)
}

// The same requests to a stock Caddy: what the test above asks for can be had.
func TestOneRequestOneAnswerOfStockCaddy(t *testing.T) {
	e := startRawEdge(t)
	for framing, body := range framings() {
		head := "POST /plain/read HTTP/1.1\r\nHost: localhost\r\n"
		all := e.answers(t, e.stock, rawRequest{head, body, false}.bytes()+behind, http.MethodPost, http.MethodGet, http.MethodGet)
		assert.NotEmpty(t, all, framing)
		assert.LessOrEqual(t, len(all), 2, framing)
		assert.Zero(t, e.smuggled.Swap(0), framing)
	}
}

// A client that waits for 100 Continue gets it when the upstream wants the body, and else the answer at once.
func TestABodyIsAskedForOnlyIfItIsWanted(t *testing.T) {
	e := startRawEdge(t)
	for path, first := range map[string]int{"/plain/read": http.StatusContinue, "/_next/static/chunks/a.js": http.StatusMethodNotAllowed} {
		conn, err := net.Dial("tcp", "localhost:"+e.port)
		require.NoError(t, err)
		defer conn.Close()
		require.NoError(t, conn.SetDeadline(time.Now().Add(edgetest.Patience)))
		_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", path)
		require.NoError(t, err)
		reader := bufio.NewReader(conn)
		res, err := http.ReadResponse(reader, nil)
		require.NoError(t, err, path)
		require.Equal(t, first, res.StatusCode, path)
		if first != http.StatusContinue {
			assert.True(t, res.Close, "what comes next may be the body")
			continue
		}
		_, err = io.WriteString(conn, "abc"+behind)
		require.NoError(t, err)
		for _, asked := range []string{path, "/plain/behind"} {
			res, err = http.ReadResponse(reader, nil)
			for err == nil && res.StatusCode == http.StatusContinue { // the upstream's own
				res, err = http.ReadResponse(reader, nil)
			}
			require.NoError(t, err)
			_, _ = io.Copy(io.Discard, res.Body)
			assert.Equal(t, asked, res.Header.Get("X-Asked"))
		}
	}
}

// A client that promises a body and sends nothing does not hold the edge's own answer for longer than a second.
func TestABodyThatNeverComesHoldsNothingUp(t *testing.T) {
	e := startRawEdge(t)
	for _, head := range []string{
		"GET /b.txt HTTP/1.1\r\nHost: localhost\r\n", "POST /_next/static/chunks/a.js HTTP/1.1\r\nHost: localhost\r\n",
		"POST /plain/unread HTTP/1.1\r\nHost: localhost\r\n", "POST /_edge/purge HTTP/1.1\r\nHost: localhost\r\n",
	} {
		all := e.answers(t, e.port, head+"Content-Length: 100\r\n\r\nabc", http.MethodPost, http.MethodGet)
		if assert.Len(t, all, 1, head) {
			assert.NotEqual(t, http.StatusContinue, all[0].StatusCode)
		}
	}
}

// A GET whose body does not come is nobody's leader: others get the file or the picture that it asks for.
func TestNobodyWaitsForTheBodyOfAnother(t *testing.T) {
	e := startRawEdge(t)
	for _, path := range []string{"/plain/_next/static/chunks/a.js", "/plain/_next/image?url=%2Fa.png&w=640&q=75"} {
		conn, err := net.Dial("tcp", "localhost:"+e.port)
		require.NoError(t, err)
		defer conn.Close()
		_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc", path)
		require.NoError(t, err)
		<-e.reading
		all := e.answers(t, e.port, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", http.MethodGet)
		assert.Len(t, all, 1, path)
	}
}

// Behind a proxy that uses connections to the edge again, no visitor gets the answer to what another one has sent.
func TestVisitorsBehindAProxyThatReusesConnections(t *testing.T) {
	e := startRawEdge(t)
	target, err := url.Parse("http://localhost:" + e.port)
	require.NoError(t, err)
	transport := &http.Transport{MaxConnsPerHost: 1}
	t.Cleanup(transport.CloseIdleConnections)
	front := httptest.NewServer(&httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }})
	t.Cleanup(front.Close)
	for range 6 {
		body := strings.Repeat(smuggled, 400_000/len(smuggled))
		req, err := http.NewRequest(http.MethodPost, front.URL+"/plain/x", strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("X-A", strings.Repeat("a", 16_300))
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, res.Body)
		require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, res.StatusCode)
		res, err = http.Get(front.URL + "/plain/other")
		require.NoError(t, err)
		text, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		assert.Equal(t, "/plain/other 0", string(text))
	}
	assert.Zero(t, e.smuggled.Load())
}

// On HTTP/2 and 3 a body that is not read ends its own stream at most.
func TestABodyThatIsNotReadHarmsNoOtherStream(t *testing.T) {
	app := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/read" {
			_, _ = io.Copy(io.Discard, r.Body)
		}
		_, _ = io.WriteString(w, r.URL.Path)
	})
	e := edgetest.Serve(t, "nextjs "+app)
	for _, front := range []string{edgetest.H2, edgetest.H3} {
		client, base := e.Client(t, front)
		for _, path := range []string{"/read", "/unread", "/payload.rsc", "/large"} {
			req, err := http.NewRequest(http.MethodPost, base+path, strings.NewReader(strings.Repeat(smuggled, 300_000/len(smuggled))))
			require.NoError(t, err)
			if path == "/large" {
				req.Header.Set("Cookie", strings.Repeat("a", 20_000))
			}
			res, err := client.Do(req)
			require.NoError(t, err, "%s %s", front, path)
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			res, err = client.Get(base + "/behind")
			require.NoError(t, err, "%s %s", front, path)
			text, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			assert.Equal(t, "/behind", string(text), "%s %s", front, path)
		}
	}
}

// FuzzOneRequestOneAnswer sends bodies of any kind, and compares which requests the edge sees in them with those that a
// stock Caddy sees.
func FuzzOneRequestOneAnswer(f *testing.F) {
	e := startRawEdge(f)
	for _, body := range framings() {
		if len(body) < 1000 {
			f.Add(uint8(len(body)), body)
		}
	}
	asked := func(t *testing.T, port, path, more, body string) (paths []string, ended bool) {
		text := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\n%s%s%s", path, more, body, behind)
		all, err := exchange(t, port, text, 2*time.Second, []string{"POST", "GET", "GET", "GET", "GET"})
		for _, res := range all {
			paths = append(paths, res.Header.Get("X-Asked"))
		}
		return paths, err == nil
	}
	f.Fuzz(func(t *testing.T, which uint8, body string) {
		target := rawTargets[int(which)%len(rawTargets)]
		if target.status >= 500 || strings.Contains(strings.ToLower(body), "upgrade") {
			return
		}
		stock, ended := asked(t, e.stock, "/plain/read", target.more, body)
		if !ended {
			return // it waits for the rest of a body
		}
		edge, _ := asked(t, e.port, target.path, target.more, body)
		require.LessOrEqual(t, len(edge), max(1, len(stock)), "%q: %v", body, edge)
		for i := 1; i < len(edge); i++ {
			require.Equal(t, stock[i], edge[i], "%q", body)
		}
	})
}
