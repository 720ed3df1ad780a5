package caddymodule

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/encode"
	"github.com/caddy-nextjs/caddy-nextjs/internal/codingtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// newEncode returns the handler with the given settings.
func newEncode(t testing.TB, settings string) (*encode.Encode, error) {
	t.Helper()
	e := new(encode.Encode)
	require.NoError(t, json.Unmarshal([]byte(settings), e))
	ctx, cancel := caddy.NewContext(caddy.Context{Context: context.Background()})
	t.Cleanup(cancel)
	if err := e.Provision(ctx); err != nil {
		return nil, err
	}
	return e, e.Validate()
}

// through returns what a client gets of an answer. Headers are given as name, value, name, value….
func through(t testing.TB, e *encode.Encode, req *http.Request, status int, body string, headers ...string) *http.Response {
	t.Helper()
	recorder := httptest.NewRecorder()
	require.NoError(t, e.ServeHTTP(recorder, req, caddyhttp.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Add(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		if body == "" {
			return nil
		}
		_, err := io.WriteString(w, body)
		return err
	})))
	return recorder.Result()
}

func asking(method, accept string, headers ...string) *http.Request {
	req := httptest.NewRequest(method, "/", nil)
	req.Header.Set("Accept-Encoding", accept)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	return req
}

func TestTheClientAndThePreferenceChooseTheEncoding(t *testing.T) {
	for _, c := range []struct{ settings, accept, want string }{
		{`{}`, "gzip, deflate, br, zstd", "zstd"},
		{`{}`, "gzip, deflate, br", "br"},
		{`{}`, "gzip, deflate", "gzip"},
		{`{}`, "deflate", ""},
		{`{}`, "", ""},
		{`{}`, "identity", ""},
		{`{}`, "BR", "br"},
		{`{}`, "nextjs_br", ""},
		{`{}`, "br;q=0, gzip", "gzip"},
		{`{}`, "br;q=0", ""},
		{`{}`, "gzip;q=0.5, br;q=0.9, zstd;q=0.1", "br"},
		{`{}`, "gzip;q=1.0, br;q=0.9", "gzip"},
		{`{}`, "identity, br;q=0.5", ""},
		{`{}`, "identity;q=0.5, br;q=0.5", "br"},
		{`{"prefer": ["br", "zstd", "gzip"]}`, "gzip, br, zstd", "br"},
		{`{"encodings": {"gzip": {}, "nextjs_br": {"quality": 5, "window": 16}}}`, "gzip, br, zstd", "br"},
		{`{"encodings": {"gzip": {}}}`, "br, zstd", ""},
	} {
		e, err := newEncode(t, c.settings)
		require.NoError(t, err)
		res := through(t, e, asking(http.MethodGet, c.accept), http.StatusOK, "page", "Content-Type", "text/html")
		text, err := io.ReadAll(edgetest.Decoded(t, res, c.want))
		require.NoError(t, err)
		assert.Equal(t, "page", string(text), "%+v", c)
	}
}

func TestSettingsThatCannotBeAreRefusedByTheirName(t *testing.T) {
	for settings, message := range map[string]string{
		`{"prefer": ["nextjs_br"]}`:                              "prefer: nextjs_br is none of the encodings, which are named as in Accept-Encoding: br, gzip, zstd",
		`{"encodings": {"gzip": {}}, "prefer": ["gzip","gzip"]}`: "prefer: gzip is there twice",
		`{"minimum_length": -1}`:                                 "minimum_length must not be negative, found -1",
		`{"encodings": {"br": {}}}`:                              "loading encodings: ",
	} {
		_, err := newEncode(t, settings)
		require.ErrorContains(t, err, message, settings)
	}
}

// The rows differ in one thing each from the first, which is compressed.
func TestWhatIsNeverCompressed(t *testing.T) {
	long := strings.Repeat("page ", 200)
	for _, c := range []struct {
		name       string
		status     int
		headers    []string
		body       string
		want, vary string
	}{
		{"a page", 200, []string{"Content-Type", "text/html"}, long, "br", "Accept-Encoding"},
		{"an error page", 500, []string{"Content-Type", "text/html"}, long, "br", "Accept-Encoding"},
		{"a payload", 200, []string{"Content-Type", "text/x-component"}, long, "br", "Accept-Encoding"},
		{"an event stream", 200, []string{"Content-Type", "text/event-stream"}, long, "br", "Accept-Encoding"},
		{"a drawing", 200, []string{"Content-Type", "image/svg+xml"}, long, "br", "Accept-Encoding"},
		{"a stream of a few bytes", 200, []string{"Content-Type", "text/html"}, "a", "br", "Accept-Encoding"},
		{"a stream of none", 200, []string{"Content-Type", "text/html"}, "", "br", "Accept-Encoding"},
		{"a long enough answer", 200, []string{"Content-Type", "text/html", "Content-Length", "512"}, long[:512], "br", "Accept-Encoding"},
		{"a short answer", 200, []string{"Content-Type", "text/html", "Content-Length", "511"}, long[:511], "", "Accept-Encoding"},
		{"an empty answer", 307, []string{"Content-Type", "text/html", "Content-Length", "0"}, "", "", "Accept-Encoding"},
		{"a picture", 200, []string{"Content-Type", "image/avif"}, long, "", ""},
		{"a film", 200, []string{"Content-Type", "video/mp4"}, long, "", ""},
		{"a font", 200, []string{"Content-Type", "font/woff2"}, long, "", ""},
		{"an archive", 200, []string{"Content-Type", "application/zip"}, long, "", ""},
		{"an unknown type", 200, nil, long, "", ""},
		{"compressed already", 200, []string{"Content-Type", "text/html", "Content-Encoding", "deflate"}, long, "deflate", ""},
		{"no-transform", 200, []string{"Content-Type", "text/html", "Cache-Control", "public, no-transform"}, long, "", ""},
		{"a part", 206, []string{"Content-Type", "text/html", "Content-Range", "bytes 0-999/2000"}, long, "", "Accept-Encoding"},
		{"no content", 204, []string{"Content-Type", "text/html"}, "", "", "Accept-Encoding"},
		{"not modified", 304, nil, "", "", "Accept-Encoding"},
	} {
		e, err := newEncode(t, `{}`)
		require.NoError(t, err)
		headers := append([]string{"Accept-Ranges", "bytes"}, c.headers...)
		res := through(t, e, asking(http.MethodGet, "br"), c.status, c.body, headers...)
		assert.Equal(t, c.want, res.Header.Get("Content-Encoding"), c.name)
		assert.Equal(t, c.vary, strings.Join(res.Header["Vary"], ", "), c.name)
		assert.Equal(t, c.status, res.StatusCode, c.name)
		raw, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		if c.want != "br" {
			assert.Equal(t, c.body, string(raw), c.name)
			assert.Equal(t, "bytes", res.Header.Get("Accept-Ranges"), c.name)
			continue
		}
		text, err := io.ReadAll(codingtest.Reader(t, "br", bytes.NewReader(raw)))
		require.NoError(t, err, c.name)
		assert.Equal(t, c.body, string(text), c.name)
		assert.Empty(t, res.Header["Content-Length"], c.name)
		assert.Empty(t, res.Header["Accept-Ranges"], c.name)
	}
}

func TestAnAnswerWithoutABodyIsWhole(t *testing.T) {
	e, err := newEncode(t, `{}`)
	require.NoError(t, err)
	for _, encoding := range codingtest.All {
		res := through(t, e, asking(http.MethodGet, encoding), http.StatusOK, "", "Content-Type", "text/html")
		text, err := io.ReadAll(edgetest.Decoded(t, res, encoding))
		require.NoError(t, err, encoding)
		assert.Empty(t, text, encoding)
	}
}

// Nor do its bytes look whole to somebody who kept what came.
func TestABrokenStreamIsNotCompleted(t *testing.T) {
	e, err := newEncode(t, `{}`)
	require.NoError(t, err)
	for i := range 2 * len(codingtest.All[1:]) {
		encoding, contentType := codingtest.All[1+i/2], []string{"text/html", "text/event-stream"}[i%2]
		recorder := httptest.NewRecorder()
		require.PanicsWithValue(t, http.ErrAbortHandler, func() {
			_ = e.ServeHTTP(recorder, asking(http.MethodGet, encoding), caddyhttp.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
				w.Header().Set("Content-Type", contentType)
				_, _ = io.WriteString(w, "half a page")
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			}))
		})
		text, err := io.ReadAll(edgetest.Decoded(t, recorder.Result(), encoding))
		require.Error(t, err, encoding)
		assert.Equal(t, "half a page", string(text), encoding)
	}
}

func TestHeadHasTheHeadersOfGet(t *testing.T) {
	e, err := newEncode(t, `{}`)
	require.NoError(t, err)
	for _, headers := range [][]string{
		{"Content-Type", "text/html", "Content-Length", "1000", "Etag", `"x"`},
		{"Content-Type", "text/html", "Content-Length", "10", "Etag", `"x"`},
		{"Content-Type", "image/avif", "Content-Length", "1000"},
	} {
		for _, encoding := range codingtest.All {
			get := through(t, e, asking(http.MethodGet, encoding), http.StatusOK, "", headers...)
			head := through(t, e, asking(http.MethodHead, encoding), http.StatusOK, "", headers...)
			assert.Equal(t, get.Header, head.Header, "%s %v", encoding, headers)
			body, err := io.ReadAll(head.Body)
			require.NoError(t, err)
			assert.Empty(t, body)
		}
	}
}

// An upgrade is answered in other ways than by bytes that could be compressed.
func TestWebSocketsAndTunnelsAreLeftAlone(t *testing.T) {
	e, err := newEncode(t, `{}`)
	require.NoError(t, err)
	for _, req := range []*http.Request{asking(http.MethodConnect, "br"), asking(http.MethodGet, "br", "Sec-Websocket-Key", "x")} {
		res := through(t, e, req, http.StatusOK, "page", "Content-Type", "text/html")
		body, err := io.ReadAll(edgetest.Decoded(t, res, ""))
		require.NoError(t, err)
		assert.Equal(t, "page", string(body), req.Method)
	}
}

// 1xx answers come before the one that is compressed and have nothing to do with it.
func TestEarlyHintsPass(t *testing.T) {
	e, err := newEncode(t, `{}`)
	require.NoError(t, err)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = e.ServeHTTP(w, r, caddyhttp.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
			w.Header().Set("Link", "</style.css>; rel=preload; as=style")
			w.WriteHeader(http.StatusEarlyHints)
			w.Header().Set("Content-Type", "text/html")
			_, err := io.WriteString(w, "page")
			return err
		}))
	}))
	defer server.Close()
	for _, encoding := range codingtest.All[1:] {
		var early []int
		trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
			early = append(early, code)
			return nil
		}}
		req, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), http.MethodGet, server.URL, nil)
		require.NoError(t, err)
		req.Header.Set("Accept-Encoding", encoding)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		assert.Equal(t, []int{http.StatusEarlyHints}, early)
		text, err := io.ReadAll(edgetest.Decoded(t, res, encoding))
		require.NoError(t, err)
		assert.Equal(t, "page", string(text))
	}
}

// The application knows its own ETags only; a client knows those of the encodings it was given.
func TestETagsAreThoseOfTheEncoding(t *testing.T) {
	const etag = `"abc"`
	address := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", r.URL.Query().Get("weak")+etag)
		if strings.Contains(r.Header.Get("If-None-Match"), etag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, strings.Repeat("page ", 200))
	})
	e := edgetest.Serve(t, "nextjs "+address)
	for _, front := range edgetest.Protocols {
		for _, encoding := range codingtest.All {
			t.Run(front+"/"+encoding, func(t *testing.T) {
				ask := func(query, ifNoneMatch string) *http.Response {
					client, base := e.Client(t, front)
					req, err := http.NewRequest(http.MethodGet, base+query, nil)
					require.NoError(t, err)
					req.Header.Set("Accept-Encoding", encoding)
					if ifNoneMatch != "" {
						req.Header.Set("If-None-Match", ifNoneMatch)
					}
					res, err := client.Do(req)
					require.NoError(t, err)
					_, _ = io.Copy(io.Discard, res.Body)
					return res
				}
				first := ask("", "").Header.Get("ETag")
				want := etag
				if encoding != "" {
					want = fmt.Sprintf(`"abc-%s"`, encoding)
				}
				require.Equal(t, want, first)
				for _, known := range []string{first, `"other", ` + first, "W/" + first} {
					again := ask("", known)
					assert.Equal(t, http.StatusNotModified, again.StatusCode, known)
					assert.Equal(t, first, again.Header.Get("ETag"), "a cache finds by it what it may go on using")
				}
				assert.Equal(t, http.StatusOK, ask("", `"abc-deflate"`).StatusCode)
				plain := ask("", etag)
				assert.Equal(t, http.StatusNotModified, plain.StatusCode, "an answer that came without compression")
				assert.Equal(t, etag, plain.Header.Get("ETag"))
				assert.Equal(t, "W/"+first, ask("?weak=W/", "").Header.Get("ETag"), "a file has the same one whether it was compressed now or ahead")
			})
		}
	}
}

// Next.js sends some answers without a content type; what they look like is for the browser to say.
func TestAnAnswerWithoutAContentTypeStaysWithoutOne(t *testing.T) {
	address := edgetest.Upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil
		_, _ = io.WriteString(w, "<html>"+strings.Repeat("page ", 200))
	})
	e := edgetest.Serve(t, "nextjs "+address)
	for _, front := range edgetest.Protocols {
		for _, encoding := range codingtest.All {
			client, base := e.Client(t, front)
			req, err := http.NewRequest(http.MethodGet, base, nil)
			require.NoError(t, err)
			req.Header.Set("Accept-Encoding", encoding)
			res, err := client.Do(req)
			require.NoError(t, err)
			_, _ = io.Copy(io.Discard, res.Body)
			assert.Empty(t, res.Header["Content-Type"], "%s %s", front, encoding)
			assert.Empty(t, res.Header["Content-Encoding"], "%s %s", front, encoding)
		}
	}
}

// A shared cache learns from Vary that an answer has other encodings, whatever this client accepts.
func TestVaryNamesTheEncodingWhetherOrNotTheClientAcceptsOne(t *testing.T) {
	address := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.URL.Query().Get("type"))
		if vary := r.URL.Query().Get("vary"); vary != "" {
			w.Header().Set("Vary", vary)
		}
		if r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, "0123456789")
	})
	e := edgetest.Serve(t, "nextjs "+address)
	client, base := e.Client(t, edgetest.H1)
	for _, c := range []struct {
		query, accept, ifNoneMatch string
		vary                       []string
	}{
		{"?type=text/html", "", "", []string{"Accept-Encoding"}},
		{"?type=text/html", "br", "", []string{"Accept-Encoding"}},
		{"?type=text/html", "gzip", "", []string{"Accept-Encoding"}},
		{"?type=text/x-component&vary=rsc,next-url", "", "", []string{"rsc,next-url", "Accept-Encoding"}},
		{"?type=text/html&vary=rsc,accept-encoding", "", "", []string{"rsc,accept-encoding"}},
		{"?type=image/png", "", "", nil},
		{"?type=image/png", "gzip", "", nil},
		{"?type=text/html", "", `"x"`, []string{"Accept-Encoding"}},
	} {
		req, err := http.NewRequest(http.MethodGet, base+c.query, nil)
		require.NoError(t, err)
		if c.accept != "" {
			req.Header.Set("Accept-Encoding", c.accept)
		}
		if c.ifNoneMatch != "" {
			req.Header.Set("If-None-Match", c.ifNoneMatch)
		}
		res, err := client.Do(req)
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, res.Body)
		assert.Equal(t, c.vary, res.Header.Values("Vary"), "%+v", c)
	}
}
