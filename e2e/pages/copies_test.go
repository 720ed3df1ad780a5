//go:build e2e

package pages_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/codingtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// A page that is asked for often goes out as a compressed copy, which is made once; who has it already is told so,
// however it came.
func TestPagesAreCompressedOnce(t *testing.T) {
	s := harness.StartPageSite(t, "")
	copies := func(what, coding string) int {
		return int(s.Metric(t, fmt.Sprintf(`caddy_nextjs_page_%s{coding=%q}`, what, coding)))
	}
	for _, target := range []struct {
		path    string
		headers []string
	}{
		{"/gallery", nil},
		{"/gallery?_rsc=HEAvJdHAQJrUAe2K", []string{"RSC", "1", "Next-Router-Prefetch", "1"}},
	} {
		ask := func(accept string, more ...string) (edgetest.Answer, string) {
			return s.Ask(t, target.path, append(append([]string{"Accept-Encoding", accept}, target.headers...), more...)...)
		}
		first, _ := ask("gzip, deflate, br, zstd")
		require.Equal(t, http.StatusOK, first.StatusCode)
		require.Equal(t, "zstd", first.Header.Get("Content-Encoding"), "compressed on its way")
		var plain edgetest.Answer
		edgetest.Eventually(t, edgetest.Patience, func() bool { // who asks right behind the first one joins it
			var how string
			plain, how = ask("identity")
			return how == "hit"
		}, "%s is kept", target.path)
		require.Empty(t, plain.Header.Get("Content-Encoding"))
		etag := plain.Header.Get("Etag")
		for _, coding := range []string{"br", "zstd", "gzip"} {
			made, served := copies("copies_total", coding), copies("copies_served_total", coding)
			edgetest.Eventually(t, edgetest.Patience, func() bool {
				a, how := ask(coding)
				require.Equal(t, "hit", how, a.Header)
				require.Equal(t, coding, a.Header.Get("Content-Encoding"))
				return copies("copies_served_total", coding) > served
			}, "%s is answered by a copy in %s", target.path, coding)
			served = copies("copies_served_total", coding)
			for n := range 5 {
				a, how := ask(coding)
				require.Equal(t, "hit", how, a.Header)
				require.Equal(t, coding, a.Header.Get("Content-Encoding"))
				assert.Equal(t, fmt.Sprint(len(a.Text)), a.Header.Get("Content-Length"))
				assert.Contains(t, strings.ToLower(strings.Join(a.Header["Vary"], ",")), "accept-encoding")
				body, err := io.ReadAll(codingtest.Reader(t, coding, strings.NewReader(a.Text)))
				require.NoError(t, err)
				assert.Equal(t, plain.Text, string(body))
				assert.Equal(t, served+n+1, copies("copies_served_total", coding), "nothing is compressed for it")
				if etag != "" {
					assert.Equal(t, strings.TrimSuffix(etag, `"`)+"-"+coding+`"`, a.Header.Get("Etag"))
				}
			}
			assert.Equal(t, made+1, copies("copies_total", coding), "it is made once")
			assert.Positive(t, copies("copy_bytes_total", coding))
		}
		if etag == "" {
			continue // of a payload
		}
		for _, named := range []string{first.Header.Get("Etag"), etag, strings.TrimSuffix(etag, `"`) + `-br"`, strings.TrimSuffix(etag, `"`) + `-gzip"`} {
			a, _ := ask("gzip, deflate, br, zstd", "If-None-Match", named)
			assert.Equal(t, http.StatusNotModified, a.StatusCode, named)
			assert.Equal(t, named, a.Header.Get("Etag"))
			assert.Empty(t, a.Text)
		}
		assert.Equal(t, 1, s.Door.Count("/gallery"))
	}
}

// A browser reads the copy of a page, runs the page, and is told when it reloads that it has it.
func TestABrowserReadsCopiesOfPages(t *testing.T) {
	s := harness.StartPageSite(t, "")
	served := func() (n float64) {
		for _, coding := range []string{"br", "zstd", "gzip"} {
			n += s.Metric(t, fmt.Sprintf(`caddy_nextjs_page_copies_served_total{coding=%q}`, coding))
		}
		return n
	}
	for _, coding := range []string{"br", "zstd", "gzip"} {
		edgetest.Eventually(t, edgetest.Patience, func() bool {
			before := served()
			_, _ = s.Ask(t, "/gallery", "Accept-Encoding", coding)
			return served() > before
		}, "there is a copy in %s", coding)
	}
	before := served()
	var mu sync.Mutex
	var coding string
	documents := map[network.RequestID]bool{}
	unmodified := false
	// Over TLS it would not keep what comes with a certificate that nobody has signed.
	w := harness.OpenWindowAt(t, s.Edge, strings.TrimSuffix(s.URL("/"), "/"), "/gallery", func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			documents[e.RequestID] = e.Type == network.ResourceTypeDocument
		case *network.EventResponseReceived:
			if value, ok := e.Response.Headers["Content-Encoding"].(string); ok && e.Type == network.ResourceTypeDocument && coding == "" {
				coding = value
			}
		case *network.EventResponseReceivedExtraInfo:
			unmodified = unmodified || documents[e.RequestID] && e.StatusCode == http.StatusNotModified
		}
	})
	assert.Greater(t, served(), before, "the document is a copy")
	func() {
		mu.Lock()
		defer mu.Unlock()
		assert.Contains(t, []string{"br", "zstd", "gzip"}, coding)
		unmodified = false
	}()
	w.WaitFor(t, `(location.reload(), true)`)
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return unmodified
	}, "the document has not changed")
	w.WaitFor(t, `document.readyState === "complete" && document.querySelector("h1").textContent === "Gallery"`)
}
