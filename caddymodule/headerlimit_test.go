package caddymodule

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

func TestTooLargeHeadersAreAnsweredByTheEdge(t *testing.T) {
	var asked atomic.Int64
	address := edgetest.Upstream(t, func(_ http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
	})
	for _, setting := range []struct {
		words string
		limit int
	}{{"", 16384}, {"max_header_size 4KiB", 4096}} {
		e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone limited / %s\n %s\n}", address, setting.words))
		count := func() float64 { return metric(t, "headers_too_large_total", "limited") }
		for _, c := range []struct {
			name, method, body string
			values             []string
			refused            bool
		}{
			{"fitting", http.MethodGet, "", []string{strings.Repeat("a", setting.limit-1024)}, false},
			{"large", http.MethodGet, "", []string{strings.Repeat("a", setting.limit)}, true},
			{"large with a body", http.MethodPost, "hello", []string{strings.Repeat("a", setting.limit)}, true},
			{"many", http.MethodGet, "", make([]string, 980), false},
			// Node.js would drop some of them.
			{"too many", http.MethodGet, "", make([]string, 1001), true},
		} {
			for _, front := range edgetest.Protocols {
				t.Run(fmt.Sprintf("%s %d %s", c.name, setting.limit, front), func(t *testing.T) {
					client, base := e.Client(t, front)
					before, askedBefore := count(), asked.Load()
					req, err := http.NewRequest(c.method, base+"/a", strings.NewReader(c.body))
					require.NoError(t, err)
					req.Header["X"] = c.values
					res, err := client.Do(req)
					require.NoError(t, err)
					_, _ = io.Copy(io.Discard, res.Body)
					assert.False(t, res.Close, "the client's connection stays")
					if c.refused {
						assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, res.StatusCode)
						assert.InDelta(t, before+1, count(), 0)
						assert.Equal(t, askedBefore, asked.Load(), "no upstream is asked")
					} else {
						assert.Equal(t, http.StatusOK, res.StatusCode)
						assert.Equal(t, askedBefore+1, asked.Load())
					}
				})
			}
		}
	}
}

func TestTooLargeHeadersOfHEAD(t *testing.T) {
	e := edgetest.Serve(t, "nextjs "+edgetest.Named(t, "x"))
	client, base := e.Client(t, edgetest.H1)
	req, err := http.NewRequest(http.MethodHead, base, nil)
	require.NoError(t, err)
	req.Header.Set("Cookie", strings.Repeat("a", 16384))
	res, err := client.Do(req)
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.Empty(t, body)
	assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, res.StatusCode)
	assert.Equal(t, "private, no-store", res.Header.Get("Cache-Control"))
}
