package caddymodule

import (
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

func TestASoftNavigationToAnotherZoneIsAnsweredByTheEdge(t *testing.T) {
	var asked atomic.Int64
	address := edgetest.Upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = io.WriteString(w, "payload")
	})
	e := edgetest.Serve(t, fmt.Sprintf("rewrite /old/* /blog{path}\nnextjs {\n zone left / %s\n zone /blog %s\n}",
		edgetest.Named(t, "home"), address))
	count := crossZoneTotal.WithLabelValues("blog")
	for _, front := range edgetest.Protocols {
		client, base := e.Client(t, front)
		for _, c := range []struct {
			path, from string
			headers    []string
			answered   bool
		}{
			{"/blog/a", "/about", []string{"RSC", "1"}, true},
			{"/blog/a", "/about", []string{"RSC", "1", "Next-Router-Prefetch", "1"}, true},
			{"/blog/a", "/about", []string{"RSC", "1", "Next-Router-Prefetch", "1", "Next-Router-Segment-Prefetch", "/_tree"}, true},
			{"/blog/a", "/about", nil, false},
			{"/blog/a", "/blog/b", []string{"RSC", "1"}, false},
			// The browser knows nothing of the rewrite.
			{"/old/a", "/old/b", []string{"RSC", "1"}, false},
		} {
			before, askedBefore := testutil.ToFloat64(count), asked.Load()
			req, err := http.NewRequest(http.MethodGet, base+c.path+"?_rsc=x", nil)
			require.NoError(t, err)
			req.Header.Set("Referer", base+c.from)
			for i := 0; i < len(c.headers); i += 2 {
				req.Header.Set(c.headers[i], c.headers[i+1])
			}
			res, err := client.Do(req)
			require.NoError(t, err)
			body, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			assert.Equal(t, http.StatusOK, res.StatusCode)
			if !c.answered {
				assert.Equal(t, "payload", string(body), "%s from %s", c.path, c.from)
				assert.Equal(t, askedBefore+1, asked.Load())
				continue
			}
			assert.Empty(t, body)
			assert.Equal(t, "private, no-store", res.Header.Get("Cache-Control"))
			assert.Equal(t, "text/html; charset=utf-8", res.Header.Get("Content-Type"))
			assert.InDelta(t, before+1, testutil.ToFloat64(count), 0)
			assert.Equal(t, askedBefore, asked.Load())
		}
	}
}
