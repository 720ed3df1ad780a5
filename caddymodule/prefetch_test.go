package caddymodule

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// ofSegment are the headers of a prefetch of a segment.
var ofSegment = http.Header{"Rsc": {"1"}, "Next-Router-Prefetch": {"1"}, "Next-Router-Segment-Prefetch": {"/_tree"}}

// askWith sends a request with headers.
func askWith(t *testing.T, client *http.Client, method, url string, headers http.Header) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(method, url, nil)
	require.NoError(t, err)
	req.Header = headers.Clone()
	res, err := client.Do(req)
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res, string(body)
}

func TestAPrefetchThatIsRedirectedIsEmpty(t *testing.T) {
	var connections sync.Map
	address := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Set-Cookie", "seen=1")
		h.Set("Cache-Control", "s-maxage=60")
		h.Set("Cdn-Cache-Control", "max-age=60")
		switch {
		case strings.HasSuffix(r.URL.Path, "/moved"):
			connections.Store(r.RemoteAddr, true)
			h.Set("Refresh", "0;url=/open")
			http.Redirect(w, r, "/open", http.StatusPermanentRedirect)
		case r.URL.Path == "/streamed":
			h.Set("Location", "/open")
			w.WriteHeader(http.StatusSeeOther)
			_ = http.NewResponseController(w).Flush()
			_, _ = io.WriteString(w, strings.Repeat("x", 1<<16))
		default:
			_, _ = io.WriteString(w, "payload")
		}
	})
	count := func() float64 {
		return metric(t, "repairs_total", "root", "prefetch_redirects")
	}
	for _, front := range []string{edgetest.H1, edgetest.H2} {
		e := edgetest.Serve(t, "nextjs "+address+" {\n cache\n}")
		connections.Clear()
		client, base := e.Client(t, front)
		for _, path := range []string{"/moved", "//moved", "/a/%2e%2e/moved", "/streamed"} {
			if path == "/streamed" {
				used := 0
				connections.Range(func(any, any) bool { used++; return true })
				assert.Equal(t, 1, used, "connections are used again")
			}
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				for range 2 {
					before := count()
					res, body := askWith(t, client, method, base+path, ofSegment)
					assert.Equal(t, http.StatusNoContent, res.StatusCode, path)
					assert.Empty(t, body)
					assert.Equal(t, []string{"private, no-store"}, res.Header["Cache-Control"], path)
					assert.Equal(t, []string{"seen=1"}, res.Header["Set-Cookie"], path)
					for _, name := range []string{"Location", "Refresh", "Cdn-Cache-Control", "Content-Type"} {
						assert.Empty(t, res.Header[name], "%s %s", path, name)
					}
					assert.NotContains(t, res.Header.Get("Cache-Status"), "stored")
					assert.InDelta(t, 1, count()-before, 0)
				}
			}
		}
		before := count()
		res, body := askWith(t, client, http.MethodGet, base+"/there", ofSegment)
		assert.Equal(t, http.StatusOK, res.StatusCode)
		assert.Equal(t, "payload", body)
		res, _ = askWith(t, client, http.MethodPost, base+"/moved", ofSegment)
		assert.Equal(t, http.StatusPermanentRedirect, res.StatusCode, "an action may redirect")
		for _, others := range []http.Header{{}, {"Rsc": {"1"}}, {"Rsc": {"1"}, "Next-Router-Prefetch": {"1"}}} {
			res, _ = askWith(t, client, http.MethodGet, base+"/moved", others)
			assert.Equal(t, http.StatusPermanentRedirect, res.StatusCode, others)
			assert.Equal(t, "/open", res.Header.Get("Location"))
		}
		assert.InDelta(t, 0, count()-before, 0)
	}
	e := edgetest.Serve(t, "nextjs "+address+" {\n repair {\n prefetch_redirects off\n }\n}")
	client, base := e.Client(t, edgetest.H1)
	res, _ := askWith(t, client, http.MethodGet, base+"/moved", ofSegment)
	assert.Equal(t, http.StatusPermanentRedirect, res.StatusCode)
}
