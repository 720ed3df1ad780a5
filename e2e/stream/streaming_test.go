//go:build e2e

package stream_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// slowMark is in the part that comes when it is let go.
const slowMark = `data-testid="part-slow"`

// The application holds the slow part of the page back until the test, having read the shell, lets it go. Should
// anything between the two keep the shell for itself, nobody ever lets go and the deadline ends the test.
func TestAPageStreamsThrough(t *testing.T) {
	e, _ := harness.SharedEdge(t)
	for _, protocol := range edgetest.Protocols {
		for _, coding := range harness.Codings {
			t.Run(edgetest.InShort(protocol)+" "+coding, func(t *testing.T) {
				client := e.Client(t, protocol)
				hold := strings.ToLower("page-" + harness.NextMark())
				page := harness.Open(t, client, edgetest.Request(t, edgetest.Within(t, edgetest.Patience), http.MethodGet,
					e.TLSURL("/live?hold="+hold), nil), protocol, coding)
				page.ReadUntil(t, harness.ShellMark)
				require.NotContains(t, page.Seen.String(), slowMark)

				harness.Release(t, client, e.TLSURL(""), hold)
				text := page.ReadToEnd(t)
				assert.Contains(t, text, slowMark)
				assert.Contains(t, text, "You let go.")
				assert.Contains(t, text, "</html>")
			})
		}
	}
}

// A soft navigation streams too: the payload of the shell comes before the slow part.
func TestAnRSCPayloadStreamsThrough(t *testing.T) {
	e, _ := harness.SharedEdge(t)
	for _, coding := range harness.Codings {
		t.Run(coding, func(t *testing.T) {
			client := e.Client(t, edgetest.H2)
			client.CheckRedirect = nil // Next.js adds its own hash of the headers by a redirect
			hold := "rsc-" + harness.NextMark()
			req := edgetest.Request(t, edgetest.Within(t, edgetest.Patience), http.MethodGet, e.TLSURL("/live?hold="+hold), nil,
				"RSC", "1")
			payload := harness.Open(t, client, req, edgetest.H2, coding)
			require.Equal(t, "text/x-component", payload.Header.Get("Content-Type"))
			payload.ReadUntil(t, `"data-testid":"shell"`)
			require.NotContains(t, payload.Seen.String(), "You let go.")

			harness.Release(t, client, e.TLSURL(""), hold)
			assert.Contains(t, payload.ReadToEnd(t), "You let go.")
		})
	}
}

func TestRepeatedContentIsCompressedAndVaries(t *testing.T) {
	e, _ := harness.SharedEdge(t)
	client := e.Client(t, edgetest.H2)
	for _, path := range []string{"/about", "/blog", "/shop", "/blog/api/time"} {
		for _, coding := range harness.Codings[1:] {
			a := edgetest.Get(t, client, e.TLSURL(path), "Accept-Encoding", coding)
			assert.Equal(t, coding, a.Header.Get("Content-Encoding"), path)
			assert.Contains(t, strings.ToLower(harness.HeaderValue(a, "Vary")), "accept-encoding", path)
		}
		assert.Empty(t, edgetest.Get(t, client, e.TLSURL(path), "Accept-Encoding", "identity").Header.Get("Content-Encoding"),
			path)
	}
	short := edgetest.Get(t, client, e.TLSURL("/docs/timetable.txt"), "Accept-Encoding", "gzip, br, zstd")
	assert.Empty(t, short.Header.Get("Content-Encoding"), "a file of 396 bytes")
	picture := edgetest.Get(t, client, e.TLSURL("/shop/prints/gannet.jpg"), "Accept-Encoding", "gzip, br, zstd")
	assert.Empty(t, picture.Header.Get("Content-Encoding"), "a picture is compressed already")
}
