package caddymodule

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRedirectsThatNameTheUpstreamAreMadeRelative(t *testing.T) {
	address := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		location := r.URL.Query().Get("to")
		w.Header().Set("Location", location)
		w.Header().Set("Refresh", "0;url="+location)
		w.Header().Set("X-Nextjs-Redirect", location)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	_, port, _ := strings.Cut(address, ":")
	anyAddress, others := "http://0.0.0.0:1/login", "https://example.com/login"
	own := "https://localhost:" + port + "/login?a=b"
	tests := []struct {
		words, to, want string
	}{
		{"", anyAddress, "/login"},
		{"", own, "/login?a=b"},
		{"", others, others},
		{"", "http://localhost:EDGE/login", "http://localhost:EDGE/login"},
		{"repair off", anyAddress, anyAddress},
		{"repair {\n location off\n }", anyAddress, anyAddress},
	}
	for _, front := range []string{"h1", "h2"} {
		for _, test := range tests {
			e := serve(t, "nextjs "+address+" {\n "+test.words+"\n}")
			client, base := e.client(t, front)
			_, port, _ := strings.Cut(strings.TrimPrefix(base, "https://"), ":")
			to, want := strings.ReplaceAll(test.to, "EDGE", port), strings.ReplaceAll(test.want, "EDGE", port)
			before := testutil.ToFloat64(repairsTotal.WithLabelValues("root", "location"))
			res, err := client.Get(base + "/a?to=" + url.QueryEscape(to))
			require.NoError(t, err)
			_, _ = io.Copy(io.Discard, res.Body)
			require.NoError(t, res.Body.Close())
			assert.Equal(t, want, res.Header.Get("Location"), test.to)
			assert.Equal(t, "0;url="+want, res.Header.Get("Refresh"), test.to)
			assert.Equal(t, want, res.Header.Get("X-Nextjs-Redirect"), test.to)
			counted := testutil.ToFloat64(repairsTotal.WithLabelValues("root", "location")) - before
			assert.Equal(t, want != to, counted == 1, test.to)
		}
	}
}
