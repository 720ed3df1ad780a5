package imageopt

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

const (
	acceptOfChrome  = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
	acceptOfFirefox = "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
	acceptOfSafari  = "image/webp,image/avif,image/jxl,image/heic,image/heic-sequence,video/*;q=0.8,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
)

// app is an application with an optimizer of its own.
type app struct {
	*Passing
	clock *clock
	mu    sync.Mutex
	asked []string // whom each request was made for: nobody, or by its cookie
	serve func(ctx context.Context, who string, w http.ResponseWriter) error
}

const nobodysCookie = "nobody"

func newApp(t *testing.T, serve func(ctx context.Context, who string, w http.ResponseWriter) error) *app {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	a := &app{Passing: NewPassing(openStore(t)), clock: newClock(), serve: serve}
	a.now = a.clock.read
	t.Cleanup(a.Close)
	return a
}

func (a *app) answer(ctx context.Context, who string, w http.ResponseWriter) error {
	a.mu.Lock()
	a.asked = append(a.asked, who)
	serve := a.serve
	a.mu.Unlock()
	return serve(ctx, who, w)
}

func (a *app) change(serve func(ctx context.Context, who string, w http.ResponseWriter) error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.serve = serve
}

// log is whom the requests so far were made for.
func (a *app) log() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.asked...)
}

// drawn is an answer of Next.js.
func drawn(body string) func(context.Context, string, http.ResponseWriter) error {
	return func(_ context.Context, _ string, w http.ResponseWriter) error {
		h := w.Header()
		h.Set("Content-Type", "image/webp")
		h.Set("Cache-Control", "public, max-age=60, must-revalidate")
		h.Set("Vary", "Accept")
		h.Set("Etag", "tag-of-"+body)
		h.Set("X-Nextjs-Cache", "MISS")
		h.Set("Content-Length", fmt.Sprint(len(body)))
		_, err := io.WriteString(w, body)
		return err
	}
}

// with adds headers to an answer.
func with(answer func(context.Context, string, http.ResponseWriter) error, headers ...string) func(context.Context, string, http.ResponseWriter) error {
	return func(ctx context.Context, who string, w http.ResponseWriter) error {
		return answer(ctx, who, &overridden{w, headers})
	}
}

type overridden struct {
	http.ResponseWriter
	headers []string
}

func (o *overridden) Write(p []byte) (int, error) {
	for i := 0; i < len(o.headers); i += 2 {
		o.Header().Set(o.headers[i], o.headers[i+1])
	}
	return o.ResponseWriter.Write(p)
}

func (a *app) ask(t *testing.T, ctx context.Context, headers ...string) served {
	t.Helper()
	return a.askBy(t, ctx, http.MethodGet, headers...)
}

func (a *app) askBy(t *testing.T, ctx context.Context, method string, headers ...string) served {
	t.Helper()
	query := url.Values{"url": {"/a.jpg"}, "w": {"64"}, "q": {"75"}}.Encode()
	r := httptest.NewRequestWithContext(ctx, method, "/_next/image?"+query, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	key, ok := PassKey("zone", "/_next/image", query, r.Header.Get("Accept"))
	require.True(t, ok)
	w := httptest.NewRecorder()
	result, err := a.Serve(w, r, key, Pass{
		Next: func(w http.ResponseWriter) error { return a.answer(r.Context(), r.Header.Get("Cookie"), w) },
		Again: func(ctx context.Context, accept string, w http.ResponseWriter) error {
			assert.Equal(t, r.Header.Get("Accept"), accept)
			return a.answer(ctx, nobodysCookie, w)
		},
	})
	if err != nil {
		assert.ErrorIs(t, err, errOrigin)
	}
	return served{w, result}
}

func (a *app) settle() { a.flights.Wait() }
