//go:build e2e

package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	shellMark = `data-testid="shell"`
	slowMark  = `data-testid="part-slow"`
)

// The application holds the slow part of the page back until the test, having read the shell, lets it go. Should anything between
// the two keep the shell for itself, nobody ever lets go and the deadline ends the test.
func TestAPageStreamsThrough(t *testing.T) {
	e, _ := sharedEdge(t)
	for _, protocol := range protocols {
		for _, coding := range codings {
			t.Run(inShort(protocol)+" "+coding, func(t *testing.T) {
				client := e.client(t, protocol)
				hold := strings.ToLower("page-" + nextMark())
				page := open(t, client, request(t, within(t, patience), http.MethodGet, e.tlsURL("/live?hold="+hold), nil), protocol, coding)
				page.readUntil(t, shellMark)
				require.NotContains(t, page.seen.String(), slowMark)

				release(t, client, e.tlsURL(""), hold)
				text := page.readToEnd(t)
				assert.Contains(t, text, slowMark)
				assert.Contains(t, text, "You let go.")
				assert.Contains(t, text, "</html>")
			})
		}
	}
}

// A soft navigation streams too: the payload of the shell comes before the slow part.
func TestAnRSCPayloadStreamsThrough(t *testing.T) {
	e, _ := sharedEdge(t)
	for _, coding := range codings {
		t.Run(coding, func(t *testing.T) {
			client := e.client(t, "HTTP/2.0")
			client.CheckRedirect = nil // Next.js adds its own hash of the headers by a redirect
			hold := "rsc-" + nextMark()
			req := request(t, within(t, patience), http.MethodGet, e.tlsURL("/live?hold="+hold), nil, "RSC", "1")
			payload := open(t, client, req, "HTTP/2.0", coding)
			require.Equal(t, "text/x-component", payload.Header.Get("Content-Type"))
			payload.readUntil(t, `"data-testid":"shell"`)
			require.NotContains(t, payload.seen.String(), "You let go.")

			release(t, client, e.tlsURL(""), hold)
			assert.Contains(t, payload.readToEnd(t), "You let go.")
		})
	}
}

// release lets the slow part of a held page go.
func release(t testing.TB, client *http.Client, base, hold string) {
	t.Helper()
	released := post(t, client, base+"/api/release?id="+hold, "text/plain", "")
	require.Equal(t, http.StatusOK, released.StatusCode, "the page waits for its release: %s", released.body)
}

func TestRepeatedContentIsCompressedAndVaries(t *testing.T) {
	e, _ := sharedEdge(t)
	client := e.client(t, "HTTP/2.0")
	for _, path := range []string{"/about", "/blog", "/shop", "/blog/api/time"} {
		for _, coding := range codings[1:] {
			a := get(t, client, e.tlsURL(path), "Accept-Encoding", coding)
			assert.Equal(t, coding, a.Header.Get("Content-Encoding"), path)
			assert.Contains(t, strings.ToLower(headerValue(a, "Vary")), "accept-encoding", path)
		}
		assert.Empty(t, get(t, client, e.tlsURL(path), "Accept-Encoding", "identity").Header.Get("Content-Encoding"), path)
	}
	short := get(t, client, e.tlsURL("/docs/timetable.txt"), "Accept-Encoding", "gzip, br, zstd")
	assert.Empty(t, short.Header.Get("Content-Encoding"), "a file of 396 bytes")
	picture := get(t, client, e.tlsURL("/shop/prints/gannet.jpg"), "Accept-Encoding", "gzip, br, zstd")
	assert.Empty(t, picture.Header.Get("Content-Encoding"), "a picture is compressed already")
}
