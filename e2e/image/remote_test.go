//go:build e2e

package image_test

import (
	"bytes"
	"cmp"
	"compress/zlib"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// imageRemote is another host that has the sources. The path says how it answers: /cache/max-age=5/photo.jpg. What it
// does not know is the folder of a plain file.
type imageRemote struct {
	port    string
	sources string
	done    chan struct{} // closed when the test is over: what answers slowly gives up

	mu     sync.Mutex
	counts map[string]int
}

func startImageRemote(t *testing.T, sources string) *imageRemote {
	t.Helper()
	r := &imageRemote{sources: sources, done: make(chan struct{}), counts: make(map[string]int)}
	first, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, r.port, err = net.SplitHostPort(first.Addr().String())
	require.NoError(t, err)
	// All of 127.0.0.0/8 is this machine, so hosts of many names need no name server.
	second, err := net.Listen("tcp", "127.0.3.3:"+r.port)
	require.NoError(t, err)
	server := &http.Server{Handler: r, ReadHeaderTimeout: edgetest.Patience}
	for _, listener := range []net.Listener{first, second} {
		go func() { _ = server.Serve(listener) }()
	}
	t.Cleanup(func() {
		close(r.done)
		_ = server.Close()
	})
	return r
}

func (r *imageRemote) url(host, path string) string { return "http://" + host + ":" + r.port + path }

// count returns how often a path has been asked for.
func (r *imageRemote) count(path string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts[path]
}

// ServeHTTP implements http.Handler.
func (r *imageRemote) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	r.counts[req.URL.Path]++
	count := r.counts[req.URL.Path]
	r.mu.Unlock()
	body, err := os.ReadFile(filepath.Join(r.sources, path.Base(req.URL.Path)))
	if err != nil {
		http.NotFound(w, req)
		return
	}
	// The client's own spelling: a setting may contain an escaped slash.
	parts := strings.Split(req.URL.EscapedPath(), "/")
	setting := ""
	if len(parts) > 3 {
		setting, _ = url.PathUnescape(parts[2])
	}
	w.Header().Set("Content-Type", "image/png")
	switch parts[1] {
	case "cache":
		w.Header().Set("Cache-Control", setting)
	case "tag":
		w.Header().Set("Etag", setting)
	case "type":
		w.Header().Set("Content-Type", setting)
	case "status":
		status, _ := strconv.Atoi(setting)
		w.WriteHeader(status)
		if status == http.StatusNoContent || status == http.StatusNotModified {
			return
		}
	case "redirect":
		r.redirect(w, parts, setting)
		return
	case "coded":
		body = r.code(w, setting, body)
	case "empty":
		body = nil
	case "short":
		w.Header().Set("Content-Length", strconv.Itoa(len(body)+1))
	case "reset":
		panic(http.ErrAbortHandler)
	case "silent", "slow":
		r.stall(w, req, parts[1] == "slow", body)
		return
	case "headers":
		if why := strangeHeaders(req); why != "" {
			http.Error(w, why, http.StatusTeapot)
			return
		}
	case "login":
		if user, password, ok := req.BasicAuth(); !ok || user != "ann" || password != "s:cret" {
			http.Error(w, "no entry", http.StatusUnauthorized)
			return
		}
	case "counted":
		r.counted(w, setting, count, body)
		return
	}
	_, _ = w.Write(body)
}

// redirect answers /redirect/3/302/photo.jpg with three redirects before the picture, and
// /redirect/to/302/photo.jpg?location with one.
func (r *imageRemote) redirect(w http.ResponseWriter, parts []string, setting string) {
	status, _ := strconv.Atoi(parts[3])
	name := parts[len(parts)-1]
	switch setting {
	case "nowhere":
	case "unreadable":
		w.Header().Set("Location", "http://[")
	case "ftp":
		w.Header().Set("Location", "ftp://localhost/"+name)
	case "relative":
		w.Header().Set("Location", "../../../plain/"+name)
	case "outside":
		// A host that answers, but no pattern allows this path of it.
		w.Header().Set("Location", r.url("127.0.0.1", "/outside/"+name))
	default:
		left, _ := strconv.Atoi(setting)
		next := "/plain/" + name
		if left > 1 {
			next = fmt.Sprintf("/redirect/%d/%d/%s", left-1, status, name)
		}
		w.Header().Set("Location", next)
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "elsewhere")
}

// code applies content codings, separated by "+".
func (r *imageRemote) code(w http.ResponseWriter, codings string, body []byte) []byte {
	names := strings.Split(codings, "+")
	for i, name := range names {
		var coded bytes.Buffer
		var writer io.WriteCloser
		switch name {
		case "gzip", "x-gzip", "GZIP":
			writer = gzip.NewWriter(&coded)
		case "deflate":
			writer = zlib.NewWriter(&coded)
		case "raw":
			writer = zlib.NewWriter(&coded)
			names[i] = "deflate"
		case "br":
			writer = brotli.NewWriter(&coded)
		case "lie":
			names[i] = "gzip" // and the body is not
			continue
		default:
			continue
		}
		_, _ = writer.Write(body)
		_ = writer.Close()
		body = coded.Bytes()
		if name == "raw" {
			body = body[2 : len(body)-4] // without the frame of zlib, as some servers have it
		}
	}
	w.Header().Set("Content-Encoding", strings.Join(names, ", "))
	return body
}

// stall never ends an answer; begun says whether it begins one.
func (r *imageRemote) stall(w http.ResponseWriter, req *http.Request, begun bool, body []byte) {
	if begun {
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
	}
	select {
	case <-r.done:
	case <-req.Context().Done():
	case <-time.After(2 * edgetest.Patience):
	}
}

// counted answers another picture each time that the same path is asked for, or after the first time what the setting
// says.
func (r *imageRemote) counted(w http.ResponseWriter, setting string, count int, body []byte) {
	kind, tag, _ := strings.Cut(setting, "+")
	w.Header().Set("Cache-Control", cmp.Or(map[string]string{"lasts": "max-age=3600"}[kind], "max-age=0"))
	if tag != "" {
		w.Header().Set("Etag", tag)
	}
	switch {
	case count > 1 && kind == "fails":
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case kind == "changes":
		body = greyPNG(uint8(40 * count))
	}
	_, _ = w.Write(body)
}

// strangeHeaders compares what the optimizer sends with what Next.js sends.
func strangeHeaders(req *http.Request) string {
	want := map[string]string{
		"Accept": "*/*", "Accept-Language": "*", "Sec-Fetch-Mode": "cors", "User-Agent": "node", "Accept-Encoding": "gzip, deflate",
	}
	for name, values := range req.Header {
		if name != "Connection" && want[name] != strings.Join(values, " | ") {
			return fmt.Sprintf("%s: %q", name, values)
		}
		delete(want, name)
	}
	for name := range want {
		return "no " + name
	}
	return ""
}
