//go:build e2e

package parity_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// /api/echo of the home zone tells which headers reached the application.
func TestForgedInternalHeadersDoNotReachTheApplication(t *testing.T) {
	e, f := harness.SharedEdge(t)
	forged := []string{
		"X-Middleware-Subrequest", "proxy:proxy:proxy:proxy:proxy", "X-Invoke-Path", "/keepers", "X-Prerender-Revalidate", "1",
		"X-Vercel-Ip-Country", "XX", "X-Forwarded-Host", "evil.example", "Forwarded", "host=evil.example", "X-Real-Ip", "6.6.6.6",
	}
	received := func(url string) map[string]any {
		a := edgetest.Get(t, edgetest.PlainClient(t), url, forged...)
		require.Equal(t, http.StatusOK, a.StatusCode)
		var body struct {
			URL     string         `json:"url"`
			Headers map[string]any `json:"headers"`
		}
		require.NoError(t, json.Unmarshal([]byte(a.Text), &body))
		assert.Contains(t, body.URL, "kept=1")
		body.Headers[""] = body.URL
		return body.Headers
	}
	const path = "/api/echo?kept=1&__nextDataReq=1"
	direct, through := received(f.Home.URL(path)), received(e.URL(path))
	for _, name := range []string{"x-middleware-subrequest", "x-invoke-path", "x-prerender-revalidate", "x-vercel-ip-country", "forwarded", "x-real-ip"} {
		assert.Contains(t, direct, name, "without the edge the application sees it: this test is sharp")
		assert.NotContains(t, through, name)
	}
	assert.NotContains(t, through[""], "__nextDataReq")
	assert.Equal(t, e.Address(), through["x-forwarded-host"])
}

// Next.js 16 redirects a soft navigation whose _rsc parameter does not fit its headers; the edge spares the client the
// round trip.
func TestSoftNavigationsAreNotRedirectedForTheirParameter(t *testing.T) {
	e, f := harness.SharedEdge(t)
	client := edgetest.PlainClient(t)
	headers := []string{"RSC", "1", "Next-Router-Prefetch", "1"}
	for _, query := range []string{"", "?_rsc=wrong", "?a=1"} {
		direct := edgetest.Get(t, client, f.Home.URL("/about"+query), headers...)
		require.Equal(t, http.StatusTemporaryRedirect, direct.StatusCode, "without the edge it is redirected: this test is sharp")
		through := edgetest.Get(t, client, e.URL("/about"+query), headers...)
		assert.Equal(t, http.StatusOK, through.StatusCode)
		assert.Contains(t, through.Header.Get("Content-Type"), "text/x-component")
		assert.Equal(t, "private, no-store", through.Header.Get("Cache-Control"), "no cache may take it for the page")
	}
	const fits = "/about?_rsc=HEAvJdHAQJrUAe2K"
	direct, through := edgetest.Get(t, client, f.Home.URL(fits), headers...), edgetest.Get(t, client, e.URL(fits),
		headers...)
	assert.Equal(t, http.StatusOK, direct.StatusCode)
	want := harness.WantedCacheControl(direct, through)
	assert.Equal(t, want, through.Header.Get("Cache-Control"), "what fits is kept as any page")
	assert.Equal(t, direct.Text, through.Text)
}
