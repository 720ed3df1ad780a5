package imageopt

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zapcore"
)

func local(t *testing.T, limits FetchLimits, href string, handler http.HandlerFunc) (Source, error) {
	t.Helper()
	return newTestFetcher(t, limits, names{}).Local(t.Context(), href, handler)
}

func TestLocalSource(t *testing.T) {
	source, err := local(t, FetchLimits{}, "/a.jpg", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=0")
		w.Header().Set("Content-Type", "image/png")
		w.Header().Set("ETag", `"x"`)
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusOK)
		w.Header().Set("ETag", "too late")
		io.WriteString(w, "im")
		assert.NoError(t, http.NewResponseController(w).Flush())
		io.WriteString(w, "age")
	})
	require.NoError(t, err)
	assert.Equal(t, Source{
		Body: []byte("image"), CacheControl: "public, max-age=0", ETag: `"x"`,
		Status: 200, ContentType: "image/png",
	}, source)
}

// Nothing of the client reaches the handler: neither headers nor values of its context; only that nobody waits any
// more.
func TestLocalRequestIsClean(t *testing.T) {
	type clientKey struct{}
	ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), clientKey{}, "cookie"), time.Hour)
	defer cancel()
	f := newTestFetcher(t, FetchLimits{}, names{})
	_, err := f.Local(ctx, "/a.jpg?v=1", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, []any{"GET", "/a.jpg?v=1", "HTTP/1.1", "", "", int64(0)}, []any{r.Method, r.RequestURI, r.Proto, r.Host, r.RemoteAddr, r.ContentLength})
		assert.Empty(t, r.Header)
		assert.Nil(t, r.Context().Value(clientKey{}))
		deadline, limited := r.Context().Deadline()
		wanted, _ := ctx.Deadline()
		assert.True(t, limited)
		assert.Equal(t, wanted, deadline)
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.Empty(t, body)
		io.WriteString(w, "image")
	}))
	require.NoError(t, err)
}

func TestLocalURLs(t *testing.T) {
	for href, want := range map[string]string{
		"/a.jpg":             "/a.jpg",
		"/a b.jpg":           "/a%20b.jpg",
		"/a%20b.jpg":         "/a%20b.jpg",
		"/a%2Fb.jpg":         "/a%2Fb.jpg",
		"/a.jpg?":            "/a.jpg?",
		"/a.jpg?x=ü&y='":     "/a.jpg?x=%C3%BC&y=%27",
		"/a.jpg#x?y":         "/a.jpg",
		"/фото.jpg":          "/%D1%84%D0%BE%D1%82%D0%BE.jpg",
		"/../a.jpg":          "/../a.jpg",
		"/a//b":              "/a//b",
		"/\\b":               "/\\b",
		"/a\tb\r\nc":         "/abc",
		"/a\x00b\x7f":        "/a%00b%7F",
		"/a|b^c[d]<e>\"f`{}": "/a|b^c[d]%3Ce%3E%22f%60%7B%7D",
	} {
		u, text, err := LocalURL(href)
		require.NoError(t, err, href)
		assert.Equal(t, want, text, href)
		seen, err := url.ParseRequestURI(want) // as net/http reads a request line
		require.NoError(t, err)
		assert.Equal(t, seen, u)
	}
	for _, href := range []string{"", "a.jpg", "/%zz", "/a%", "?", "http://a/"} {
		_, err := local(t, FetchLimits{}, href, func(http.ResponseWriter, *http.Request) { t.Error("asked") })
		requireRefused(t, err, 500, serverError, CauseURL)
	}
}

func TestLocalStatuses(t *testing.T) {
	for status, want := range map[int]int{
		200: 200, 201: 200, 206: 200, 101: 500, 300: 500, 301: 500, 304: 500, 307: 500, 308: 500, 400: 400, 401: 401, 404: 404, 499: 499, 500: 500, 503: 503, 599: 599,
	} {
		_, err := local(t, FetchLimits{}, "/secret.jpg?token", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
			if r.URL.Path != "/secret.jpg" {
				t.Errorf("asked for %s: a redirect was followed", r.URL)
			}
			io.WriteString(w, "image")
		})
		if want == 200 {
			require.NoError(t, err, status)
			continue
		}
		failed := requireRefused(t, err, want, internalInvalid, CauseStatus)
		assert.Equal(t, "/secret.jpg", failed.Target, "without its query")
	}
	for _, silent := range []http.HandlerFunc{
		func(http.ResponseWriter, *http.Request) {},
		func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(nil) },
	} {
		_, err := local(t, FetchLimits{}, "/", silent)
		requireRefused(t, err, 400, internalInvalid, CauseEmpty)
	}
}

// Next.js 14 and 15 look at the bytes only.
func TestLocalStatusesBefore16(t *testing.T) {
	for _, status := range []int{200, 307, 404, 500} {
		source, err := local(t, FetchLimits{Before16: true}, "/", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			io.WriteString(w, "<html>")
		})
		require.NoError(t, err)
		assert.Equal(t, "<html>", string(source.Body))
	}
	_, err := local(t, FetchLimits{Before16: true}, "/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	requireRefused(t, err, 400, internalInvalid, CauseEmpty)
}

// IMAGES 16.1: next start never answers here.
func TestLocalSizeLimit(t *testing.T) {
	_, err := local(t, FetchLimits{MaxBytes: 1000}, "/", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1000)) })
	require.NoError(t, err)
	_, err = local(t, FetchLimits{MaxBytes: 1000}, "/", func(w http.ResponseWriter, r *http.Request) {
		for range 1001 {
			_, _ = w.Write([]byte{1}) // a handler that does not look at errors
		}
		<-r.Context().Done() // it is told
	})
	failed := requireRefused(t, err, 413, internalInvalid, CauseTooLarge)
	assert.Contains(t, failed.Error(), "images.maximumResponseBody")
	_, err = local(t, FetchLimits{MaxBytes: 1000}, "/", func(w http.ResponseWriter, _ *http.Request) {
		if _, err := w.Write(make([]byte, 1001)); err != nil {
			panic(http.ErrAbortHandler)
		}
	})
	requireRefused(t, err, 413, internalInvalid, CauseTooLarge)
	_, err = local(t, FetchLimits{MaxBytes: 10}, "/", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write(make([]byte, 1001))
	})
	requireRefused(t, err, 404, internalInvalid, CauseStatus)
}

func TestLocalHandlersThatFail(t *testing.T) {
	_, err := local(t, FetchLimits{}, "/", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "half")
		panic(http.ErrAbortHandler)
	})
	requireRefused(t, err, 500, internalInvalid, CauseHandler)
	assert.ErrorIs(t, err, http.ErrAbortHandler)

	_, err = local(t, FetchLimits{}, "/", func(http.ResponseWriter, *http.Request) { panic(errors.New("a mistake")) })
	failed := requireRefused(t, err, 500, internalInvalid, CauseHandler)
	assert.ErrorContains(t, err, "a mistake")
	line := zapcore.NewMapObjectEncoder()
	require.NoError(t, failed.MarshalLogObject(line))
	assert.Contains(t, line.Fields["stack"], "TestLocalHandlersThatFail")

	for _, length := range []string{"6", "4"} {
		_, err = local(t, FetchLimits{}, "/", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", length)
			io.WriteString(w, "image")
		})
		requireRefused(t, err, 500, internalInvalid, CauseHandler)
	}
}

func TestLocalEndsWithThoseWhoWait(t *testing.T) {
	f := newTestFetcher(t, FetchLimits{}, names{})
	ctx, cancel := context.WithCancel(t.Context())
	_, err := f.Local(ctx, "/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "half of an image")
		cancel()
		<-r.Context().Done()
	}))
	assert.Equal(t, CauseCanceled, refusal(t, err).Cause)
	assert.ErrorIs(t, err, context.Canceled)

	ctx, cancel = context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err = f.Local(ctx, "/", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	requireRefused(t, err, 504, upstreamLate, CauseTimeout)
}

// A proxy as the handler: what a broken upstream becomes.
func TestLocalThroughAProxy(t *testing.T) {
	upstream := serve(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Empty(t, r.Header.Values("Cookie"))
		if r.URL.Path == "/torn" {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, "image "+r.RequestURI)
	})
	target, err := url.Parse(upstream.URL)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	f := newTestFetcher(t, FetchLimits{}, names{})
	source, err := f.Local(t.Context(), "/a%2Fb.jpg?w=1", proxy)
	require.NoError(t, err)
	assert.Equal(t, "image /a%2Fb.jpg?w=1", string(source.Body))
	_, err = f.Local(t.Context(), "/torn", proxy)
	requireRefused(t, err, 500, internalInvalid, CauseHandler)
}

func FuzzLocalURL(f *testing.F) {
	for _, seed := range []string{"/a b?c#d", "/%zz", "/\\..\\x", "/ﬀ?\x00", "//", "/?"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, href string) {
		u, text, err := LocalURL(href)
		if err != nil {
			return
		}
		require.Empty(t, u.Host)
		require.False(t, strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c >= 0x7f }), "%q", text)
		read, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + text + " HTTP/1.1\r\nHost: a\r\n\r\n")))
		require.NoError(t, err)
		require.Equal(t, text, read.RequestURI)
		require.Equal(t, u, read.URL)
	})
}
