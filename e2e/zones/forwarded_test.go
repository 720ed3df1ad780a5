//go:build e2e

package zones_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// The CDN asks for the origin's own name, and says by which one the visitor came.
var fromCDN = []string{"X-Forwarded-Host", "www.example.com", "X-Forwarded-Proto", "https", "X-Forwarded-For", "203.0.113.9"}

func forwardedHeaders(t *testing.T, e *harness.Edge, headers ...string) map[string]string {
	t.Helper()
	a := edgetest.Get(t, edgetest.PlainClient(t), e.URL("/api/echo"), headers...)
	require.Equal(t, http.StatusOK, a.StatusCode)
	var body struct {
		Headers map[string]string `json:"headers"`
	}
	require.NoError(t, json.Unmarshal([]byte(a.Text), &body))
	return body.Headers
}

// sign sends the guestbook's form without script and reports whether it was taken.
func sign(t *testing.T, url func(path string) string, origin string, headers ...string) bool {
	t.Helper()
	client := edgetest.PlainClient(t)
	page := edgetest.Get(t, client, url("/guestbook"))
	message := "forwarded, " + harness.NextMark()
	body, contentType := filledForm(t, page.Text, map[string]string{"name": "Nora", "message": message})
	a := edgetest.Post(t, client, url("/guestbook"), contentType, body, append([]string{"Origin", origin}, headers...)...)
	written := entriesOf(t, edgetest.Get(t, client, url("/guestbook")).Text)
	if a.StatusCode == http.StatusOK {
		assert.Contains(t, written, message)
		return true
	}
	assert.NotContains(t, written, message)
	return false
}

func TestAServerActionWorksFromThePublicHostBehindATrustedProxy(t *testing.T) {
	e := harness.StartEdge(t, harness.NextApps(t), harness.Setup{Global: harness.BehindCDN})
	seen := forwardedHeaders(t, e, fromCDN...)
	assert.Equal(t, "www.example.com", seen["x-forwarded-host"])
	assert.Equal(t, "https", seen["x-forwarded-proto"])
	assert.Regexp(t, `^203\.0\.113\.9, (127\.0\.0\.1|::1)$`, seen["x-forwarded-for"], "the peer is added to what it says")

	assert.True(t, sign(t, e.URL, "https://www.example.com", fromCDN...), "from the public host")
	assert.False(t, sign(t, e.URL, "https://evil.example", fromCDN...), "from another site")
	assert.False(t, sign(t, e.URL, e.URL(""), fromCDN...), "the origin's own name is not where the visitor is")
	assert.True(t, sign(t, e.URL, e.URL("")), "without a word of the proxy the Host counts")
}

func TestAServerActionIsRefusedForAForgedHost(t *testing.T) {
	f := harness.NextApps(t)
	require.True(t, sign(t, f.Home.URL, "https://www.example.com", fromCDN...),
		"without the edge it is taken: this test is sharp")
	e := harness.StartEdge(t, f, harness.Setup{})
	seen := forwardedHeaders(t, e, fromCDN...)
	assert.Equal(t, e.Address(), seen["x-forwarded-host"])
	assert.Equal(t, "http", seen["x-forwarded-proto"])
	assert.NotContains(t, seen["x-forwarded-for"], "203.0.113.9")

	assert.True(t, sign(t, e.URL, e.URL("")), "from the public host")
	assert.True(t, sign(t, e.URL, e.URL(""), fromCDN...), "what an untrusted peer says changes nothing")
	assert.False(t, sign(t, e.URL, "https://www.example.com", fromCDN...),
		"a forged host does not make another site this one")
	assert.False(t, sign(t, e.URL, "https://evil.example", "X-Forwarded-Host", "evil.example", "Forwarded",
		"host=evil.example"))
}

// Trusted are only those peers that the operator has named.
func TestAPeerOutsideTheTrustedRangesIsNotBelieved(t *testing.T) {
	e := harness.StartEdge(t, harness.NextApps(t), harness.Setup{Global: "servers {\ntrusted_proxies static 192.0.2.0/24\n}"})
	assert.Equal(t, e.Address(), forwardedHeaders(t, e, fromCDN...)["x-forwarded-host"])
	assert.False(t, sign(t, e.URL, "https://www.example.com", fromCDN...))
	assert.True(t, sign(t, e.URL, e.URL(""), fromCDN...))
}
