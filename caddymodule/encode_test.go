package caddymodule

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A shared cache learns from Vary that an answer has other encodings, whatever this client accepts.
func TestVaryNamesTheEncodingWhetherOrNotTheClientAcceptsOne(t *testing.T) {
	address := upstream(t, func(w http.ResponseWriter, r *http.Request) {
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
	e := serve(t, "nextjs "+address)
	client, base := e.client(t, "h1")
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
