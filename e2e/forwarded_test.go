//go:build e2e

package e2e_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// behindCDN makes the peers of the tests, which come from this machine, a CDN that the operator trusts.
const behindCDN = "servers {\ntrusted_proxies static private_ranges\n}"

// The CDN asks for the origin's own name, and says by which one the visitor came.
var fromCDN = []string{"X-Forwarded-Host", "www.example.com", "X-Forwarded-Proto", "https", "X-Forwarded-For", "203.0.113.9"}

func forwardedHeaders(t *testing.T, e *edge, headers ...string) map[string]string {
	t.Helper()
	a := get(t, plainClient(t), e.url("/api/echo"), headers...)
	require.Equal(t, http.StatusOK, a.StatusCode)
	var body struct {
		Headers map[string]string `json:"headers"`
	}
	require.NoError(t, json.Unmarshal([]byte(a.body), &body))
	return body.Headers
}

// sign sends the guestbook's form without script and reports whether it was taken.
func sign(t *testing.T, url func(path string) string, origin string, headers ...string) bool {
	t.Helper()
	client := plainClient(t)
	page := get(t, client, url("/guestbook"))
	message := "forwarded, " + nextMark()
	body, contentType := filledForm(t, page.body, map[string]string{"name": "Nora", "message": message})
	a := post(t, client, url("/guestbook"), contentType, body, append([]string{"Origin", origin}, headers...)...)
	written := entriesOf(t, get(t, client, url("/guestbook")).body)
	if a.StatusCode == http.StatusOK {
		assert.Contains(t, written, message)
		return true
	}
	assert.NotContains(t, written, message)
	return false
}

func TestAServerActionWorksFromThePublicHostBehindATrustedProxy(t *testing.T) {
	e := startEdge(t, nextApps(t), setup{global: behindCDN})
	seen := forwardedHeaders(t, e, fromCDN...)
	assert.Equal(t, "www.example.com", seen["x-forwarded-host"])
	assert.Equal(t, "https", seen["x-forwarded-proto"])
	assert.Regexp(t, `^203\.0\.113\.9, (127\.0\.0\.1|::1)$`, seen["x-forwarded-for"], "the peer is added to what it says")

	assert.True(t, sign(t, e.url, "https://www.example.com", fromCDN...), "from the public host")
	assert.False(t, sign(t, e.url, "https://evil.example", fromCDN...), "from another site")
	assert.False(t, sign(t, e.url, e.url(""), fromCDN...), "the origin's own name is not where the visitor is")
	assert.True(t, sign(t, e.url, e.url("")), "without a word of the proxy the Host counts")
}

func TestAServerActionIsRefusedForAForgedHost(t *testing.T) {
	f := nextApps(t)
	require.True(t, sign(t, f.home.url, "https://www.example.com", fromCDN...), "without the edge it is taken: this test is sharp")
	e := startEdge(t, f, setup{})
	seen := forwardedHeaders(t, e, fromCDN...)
	assert.Equal(t, e.address(), seen["x-forwarded-host"])
	assert.Equal(t, "http", seen["x-forwarded-proto"])
	assert.NotContains(t, seen["x-forwarded-for"], "203.0.113.9")

	assert.True(t, sign(t, e.url, e.url("")), "from the public host")
	assert.True(t, sign(t, e.url, e.url(""), fromCDN...), "what an untrusted peer says changes nothing")
	assert.False(t, sign(t, e.url, "https://www.example.com", fromCDN...), "a forged host does not make another site this one")
	assert.False(t, sign(t, e.url, "https://evil.example", "X-Forwarded-Host", "evil.example", "Forwarded", "host=evil.example"))
}

// Trusted are only those peers that the operator has named.
func TestAPeerOutsideTheTrustedRangesIsNotBelieved(t *testing.T) {
	e := startEdge(t, nextApps(t), setup{global: "servers {\ntrusted_proxies static 192.0.2.0/24\n}"})
	assert.Equal(t, e.address(), forwardedHeaders(t, e, fromCDN...)["x-forwarded-host"])
	assert.False(t, sign(t, e.url, "https://www.example.com", fromCDN...))
	assert.True(t, sign(t, e.url, e.url(""), fromCDN...))
}
