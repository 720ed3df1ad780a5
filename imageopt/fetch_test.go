package imageopt

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zapcore"
)

const (
	upstreamInvalid = `"url" parameter is valid but upstream response is invalid`
	upstreamLate    = `"url" parameter is valid but upstream response timed out`
	internalInvalid = `"url" parameter is valid but internal response is invalid`
	notAllowed      = `"url" parameter is not allowed`
	serverError     = "Internal Server Error"
)

func TestRemoteSource(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Cache-Control", "max-age=60")
		w.Header().Add("Cache-Control", "s-maxage=90")
		w.Header().Set("Content-Type", "image/png")
		w.Header().Set("ETag", `W/"x"`)
		io.WriteString(w, "image "+r.RequestURI)
	})
	f := newTestFetcher(t, FetchLimits{}, names{})
	source, err := f.Remote(t.Context(), at(t, server, "cdn.example.com", "/a.jpg?v=1"), anything)
	require.NoError(t, err)
	assert.Equal(t, Source{
		Body: []byte("image /a.jpg?v=1"), CacheControl: "max-age=60, s-maxage=90", ETag: `W/"x"`,
		Status: 200, ContentType: "image/png",
	}, source)
}

// IMAGES: what is sent upstream is what Next.js sends, and nothing of the client's.
func TestRemoteRequest(t *testing.T) {
	var mu sync.Mutex
	var seen []*http.Request
	record := func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r.Clone(context.Background()))
		io.WriteString(w, "image")
	}
	plain := serve(t, record)
	secure := httptest.NewTLSServer(http.HandlerFunc(record))
	t.Cleanup(secure.Close)
	f := newTestFetcher(t, FetchLimits{}, names{})
	trust(f, secure)

	withUser := at(t, plain, "a.example.com", "/a.jpg")
	withUser.User = url.UserPassword("me", "p@ss:w")
	type clientKey struct{}
	ctx := context.WithValue(t.Context(), clientKey{}, "cookie")
	for _, u := range []*url.URL{at(t, plain, "a.example.com", "/a.jpg?b=1"), at(t, secure, "example.com", "/a.jpg"), withUser} {
		_, err := f.Remote(ctx, u, anything)
		require.NoError(t, err)
	}
	common := func(codings string) http.Header {
		return http.Header{
			"Accept": {"*/*"}, "Accept-Language": {"*"}, "Sec-Fetch-Mode": {"cors"}, "User-Agent": {"node"},
			"Accept-Encoding": {codings}, "Connection": {"keep-alive"},
		}
	}
	require.Len(t, seen, 3)
	for i, want := range []http.Header{common("gzip, deflate"), common("br, gzip, deflate"), common("gzip, deflate")} {
		if i == 2 {
			want.Set("Authorization", "Basic bWU6cEBzczp3")
		}
		assert.Equal(t, want, seen[i].Header)
		assert.Equal(t, "GET", seen[i].Method)
		assert.Equal(t, "HTTP/1.1", seen[i].Proto)
		assert.Zero(t, seen[i].ContentLength)
	}
	assert.Equal(t, at(t, plain, "a.example.com", "").Host, seen[0].Host)
	assert.Equal(t, "example.com", seen[1].TLS.ServerName)
	assert.Nil(t, f.transport.Proxy, "a proxy of the environment would connect to unchecked addresses")
}

// The path is sent byte by byte: a signature may depend on it.
func TestRemotePathIsSentAsWritten(t *testing.T) {
	uris := make(chan string, 1)
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		uris <- r.RequestURI
		io.WriteString(w, "image")
	})
	f := newTestFetcher(t, FetchLimits{}, names{})
	for written, sent := range map[string]string{
		"":                      "/",
		"/":                     "/",
		"/a%2Fb/%c3%A9.jpg":     "/a%2Fb/%c3%A9.jpg",
		"/a|b^c[1]':;@!$&.jpg":  "/a|b^c[1]':;@!$&.jpg",
		"//double//slash":       "//double//slash",
		"/sign?k=%2b+|'{}\"<x>": "/sign?k=%2b+|%27{}%22%3Cx%3E",
		"/empty?":               "/empty",
		"/é":                    "/%C3%A9",
	} {
		_, err := f.Remote(t.Context(), at(t, server, "a.test", written), anything)
		require.NoError(t, err, written)
		assert.Equal(t, sent, <-uris, written)
	}
}

func TestRemoteStatuses(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var status int
		_, _ = fmt.Sscanf(r.URL.Path, "/%d", &status)
		if location := r.URL.Query().Get("to"); location != "" {
			w.Header().Set("Location", location)
		}
		w.WriteHeader(status)
		if r.URL.Query().Has("body") {
			io.WriteString(w, "image")
		}
	})
	f := newTestFetcher(t, FetchLimits{MaxRedirects: 3}, names{})
	for path, want := range map[string]int{
		"/400": 400, "/401": 401, "/403": 403, "/404?body": 404, "/418": 418, "/429": 429, "/500": 500, "/502": 502, "/503": 503, "/599": 599,
		"/300": 500, "/304": 500, "/305": 500, "/301": 500, "/307": 500,
		"/300?to=/200%3fbody": 500, "/302?to=http://[": 500, "/302?to=http://a%20b/": 500,
	} {
		_, err := f.Remote(t.Context(), at(t, server, "a.test", path), anything)
		requireRefused(t, err, want, upstreamInvalid, CauseStatus)
	}
	for _, path := range []string{"/200?body", "/201?body", "/206?body"} {
		source, err := f.Remote(t.Context(), at(t, server, "a.test", path), anything)
		require.NoError(t, err, path)
		assert.Equal(t, "image", string(source.Body))
	}
	for _, path := range []string{"/200", "/204"} {
		_, err := f.Remote(t.Context(), at(t, server, "a.test", path), anything)
		requireRefused(t, err, 400, upstreamInvalid, CauseEmpty)
	}
}

func TestRemoteSizeLimit(t *testing.T) {
	closed := make(chan struct{})
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/equal":
			_, _ = w.Write(make([]byte, 1000))
		case "/over":
			_, _ = w.Write(make([]byte, 1001))
		case "/endless":
			defer close(closed)
			for block := make([]byte, 64<<10); ; {
				if _, err := w.Write(block); err != nil {
					return
				}
			}
		}
	})
	f := newTestFetcher(t, FetchLimits{MaxBytes: 1000}, names{})
	source, err := f.Remote(t.Context(), at(t, server, "a.test", "/equal"), anything)
	require.NoError(t, err)
	assert.Len(t, source.Body, 1000)
	for _, path := range []string{"/over", "/endless"} {
		_, err = f.Remote(t.Context(), at(t, server, "a.test", path), anything)
		failed := requireRefused(t, err, 413, upstreamInvalid, CauseTooLarge)
		assert.Contains(t, failed.Error(), "images.maximumResponseBody")
	}
	<-closed // the download stopped
}

// One deadline of a hop is for its head and its body alike.
func TestRemoteTimeouts(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			io.WriteString(w, "ima")
			_ = http.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
	})
	f := newTestFetcher(t, FetchLimits{Timeout: 50 * time.Millisecond}, names{})
	for _, path := range []string{"/head", "/body"} {
		_, err := f.Remote(t.Context(), at(t, server, "a.test", path), anything)
		requireRefused(t, err, 504, upstreamLate, CauseTimeout)
	}

	f.dial = func(ctx context.Context, _, _ string) (net.Conn, error) { // an address that nobody answers at
		<-ctx.Done()
		return nil, ctx.Err()
	}
	f.transport.CloseIdleConnections()
	_, err := f.Remote(t.Context(), at(t, server, "b.test", "/"), anything)
	requireRefused(t, err, 504, upstreamLate, CauseTimeout)
}

func TestRemoteTLSHandshakeHasADeadline(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // connects and says nothing
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	u, err := url.Parse("https://a.test:" + listener.Addr().String()[len("127.0.0.1:"):])
	require.NoError(t, err)
	f := newTestFetcher(t, FetchLimits{Timeout: 50 * time.Millisecond}, names{})
	_, err = f.Remote(t.Context(), u, anything)
	requireRefused(t, err, 504, upstreamLate, CauseTimeout)
}

func TestRemoteEndsWithThoseWhoWait(t *testing.T) {
	arrived := make(chan struct{})
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	f := newTestFetcher(t, FetchLimits{Timeout: time.Minute}, names{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	_, err := f.Remote(ctx, at(t, server, "a.test", "/"), anything)
	failed := refusal(t, err)
	assert.Equal(t, CauseCanceled, failed.Cause)
	assert.ErrorIs(t, err, context.Canceled)
}

// Whatever breaks on the way is a bare 500, as in Next.js.
func TestRemoteBroken(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		switch r.URL.Path {
		case "/short":
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nimage")
		case "/chunk":
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nimage\r\n")
		case "/shortgzip":
			body := gzipped([]byte(strings.Repeat("image", 1000)))
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n", len(body))
			_, _ = conn.Write(body[:len(body)/2])
		case "/noise":
			io.WriteString(conn, "what?\r\n\r\n")
		case "/head":
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nX: %s\r\n\r\n", bytes.Repeat([]byte("x"), 64<<10))
		}
	})
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	f := newTestFetcher(t, FetchLimits{}, &answers{hosts: map[string][][]string{"a.test": {{"127.0.0.1"}}, "none.test": {{}}}})
	for _, u := range []*url.URL{
		at(t, server, "a.test", "/short"), at(t, server, "a.test", "/chunk"), at(t, server, "a.test", "/shortgzip"),
		at(t, server, "a.test", "/noise"), at(t, server, "a.test", "/reset"), at(t, server, "a.test", "/head"), at(t, gone, "a.test", "/refused"),
	} {
		_, err := f.Remote(t.Context(), u, anything)
		requireRefused(t, err, 500, serverError, CauseNetwork)
	}
	for _, host := range []string{"unknown.test", "none.test"} {
		_, err := f.Remote(t.Context(), at(t, server, host, "/"), anything)
		failed := requireRefused(t, err, 500, serverError, CauseLookup)
		assert.Equal(t, at(t, server, host, "/").Host, failed.Target)
	}
}

func TestRemoteVerifiesTheName(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it will be refused
	server.StartTLS()
	t.Cleanup(server.Close)
	f := newTestFetcher(t, FetchLimits{}, names{})
	_, err := f.Remote(t.Context(), at(t, server, "example.com", "/"), anything)
	requireRefused(t, err, 500, serverError, CauseNetwork) // unknown authority
	trust(f, server)
	_, err = f.Remote(t.Context(), at(t, server, "other.test", "/"), anything)
	requireRefused(t, err, 500, serverError, CauseNetwork)
	_, err = f.Remote(t.Context(), at(t, server, "example.com", "/"), anything)
	requireRefused(t, err, 404, upstreamInvalid, CauseStatus) // the handler's
}

// A log line has the host and the cause, and no secret of the URL.
func TestFetchErrorsAreLoggedWithoutSecrets(t *testing.T) {
	f := newTestFetcher(t, FetchLimits{}, &answers{hosts: map[string][][]string{"in.test": {{"10.0.0.7"}}}})
	for _, text := range []string{"http://user:hidden@in.test/hidden?token=hidden", "http://user:hidden@none.test/hidden?token=hidden"} {
		u, err := url.Parse(text)
		require.NoError(t, err)
		_, err = f.Remote(t.Context(), u, anything)
		failed := refusal(t, err)
		line := zapcore.NewMapObjectEncoder()
		require.NoError(t, failed.MarshalLogObject(line))
		assert.Equal(t, u.Host, line.Fields["target"])
		assert.Equal(t, string(failed.Cause), line.Fields["cause"])
		assert.Equal(t, failed.Status, line.Fields["status"])
		assert.NotContains(t, fmt.Sprint(line.Fields, err), "hidden")
	}
}
