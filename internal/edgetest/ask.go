package edgetest

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// URL returns the address of a path of the site without TLS.
func (e *Edge) URL(path string) string { return "http://localhost:" + e.Port + path }

// Client returns a client that speaks one HTTP version, and the base URL to use it with: of the site without TLS for
// HTTP/1.1.
func (e *Edge) Client(t testing.TB, protocol string) (client *http.Client, base string) {
	t.Helper()
	client = NewClient(t, protocol, &tls.Config{InsecureSkipVerify: true})
	if protocol == H1 {
		return client, e.URL("")
	}
	return client, "https://localhost:" + e.TLSPort
}

// Ask sends a request by HTTP/1.1 with headers given as name, value, name, value….
func (e *Edge) Ask(t testing.TB, method, path string, headers ...string) Answer {
	t.Helper()
	client, base := e.Client(t, H1)
	return Do(t, client, Request(t, t.Context(), method, base+path, nil, headers...))
}

// Get returns status and body of a GET with a Host of choice.
func (e *Edge) Get(t testing.TB, host, path string) (status int, body string) {
	t.Helper()
	client, base := e.Client(t, H1)
	req := Request(t, t.Context(), http.MethodGet, base+path, nil)
	req.Host = host
	res := Do(t, client, req)
	return res.StatusCode, res.Text
}

// Cached asks for a page and returns its body and what the cache says of it. An answer that is still being put into the
// cache, which its reader may overtake, is waited for.
func (e *Edge) Cached(t testing.TB, path string, headers ...string) (body, status string) {
	t.Helper()
	Eventually(t, Patience, func() bool {
		body, status = e.CachedAtOnce(t, path, headers...)
		return !strings.Contains(status, "; collapsed")
	}, "the answer to %s is kept", path)
	return body, status
}

// CachedAtOnce is Cached without waiting.
func (e *Edge) CachedAtOnce(t testing.TB, path string, headers ...string) (body, status string) {
	t.Helper()
	res := e.Ask(t, http.MethodGet, path, headers...)
	assert.Empty(t, res.Header["X-Next-Cache-Tags"])
	return res.Text, strings.Join(res.Header["Cache-Status"], ", ")
}

// AfterReload waits until something holds. The servers of the old configuration are still about to stop when a reload
// returns, and Go's http.Server drops a request that it reads at that very moment.
func AfterReload(t testing.TB, condition func() bool) {
	t.Helper()
	Eventually(t, Patience, condition, "what follows a reload")
}
