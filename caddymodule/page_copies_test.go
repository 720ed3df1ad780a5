package caddymodule

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/pages"
	"github.com/caddy-nextjs/caddy-nextjs/internal/codings"
	"github.com/caddy-nextjs/caddy-nextjs/internal/codingtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// codedPage is an upstream with one page that is worth a copy.
func codedPage(t *testing.T) (url, body string) {
	t.Helper()
	body = strings.Repeat("<p>a page</p>", 200)
	return pageOf(t, body), body
}

func pageOf(t *testing.T, body string) (url string) {
	t.Helper()
	return edgetest.Upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("X-Nextjs-Cache", "HIT")
		h.Set("Cache-Control", "s-maxage=31536000")
		h.Set("Etag", `"abc"`)
		_, _ = io.WriteString(w, body)
	})
}

// codedAs asks for a page with headers.
func codedAs(t *testing.T, e *edgetest.Edge, headers ...string) (res *http.Response, body []byte) {
	t.Helper()
	client, _ := e.Client(t, edgetest.H1)
	req, err := http.NewRequest(http.MethodGet, e.URL("/page"), nil)
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err = client.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err = io.ReadAll(res.Body)
	require.NoError(t, err)
	return res, body
}

const browser = "gzip, deflate, br, zstd"

// What is compressed on its way and what is a copy are told apart by their coding only, and a browser's ETag is known
// whichever it has had.
func TestCopiesOfPagesBehindEncode(t *testing.T) {
	next, body := codedPage(t)
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / %s\n cache\n}", next), "nextjs {\n state "+t.TempDir()+"\n}")
	first, coded := codedAs(t, e, "Accept-Encoding", browser)
	require.Equal(t, "zstd", first.Header.Get("Content-Encoding"), "compressed on its way")
	assert.Equal(t, body, codingtest.Decode(t, "zstd", coded))
	assert.Equal(t, `"abc-zstd"`, first.Header.Get("Etag"))
	for _, c := range []struct{ accept, coding string }{{browser, "br"}, {"zstd, gzip", "zstd"}, {"gzip", "gzip"}} {
		served := pages.Current().Cache.Stats().Copies[codings.Rank(c.coding)].Served
		require.Eventually(t, func() bool {
			res, coded := codedAs(t, e, "Accept-Encoding", c.accept)
			coding := res.Header.Get("Content-Encoding")
			require.NotEmpty(t, coding)
			require.Equal(t, body, codingtest.Decode(t, coding, coded))
			require.Equal(t, []string{"Accept-Encoding"}, res.Header["Vary"])
			require.Equal(t, fmt.Sprintf(`"abc-%s"`, coding), res.Header.Get("Etag"))
			return coding == c.coding && pages.Current().Cache.Stats().Copies[codings.Rank(c.coding)].Served > served
		}, 10*time.Second, time.Millisecond, c.coding)
	}
	for _, c := range []struct{ accept, named, etag string }{
		{browser, `"abc-zstd"`, `"abc-zstd"`},
		{browser, `"abc-br"`, `"abc-br"`},
		{browser, `W/"abc-br"`, `"abc-br"`},
		{browser, `"abc"`, `"abc"`},
		{"gzip", `"abc-gzip"`, `"abc-gzip"`},
		{"br", `"abc-br"`, `"abc-br"`},
		{"gzip", `"abc-br"`, ""},
		{browser, `"abd-br"`, ""},
	} {
		res, coded := codedAs(t, e, "Accept-Encoding", c.accept, "If-None-Match", c.named)
		assert.Equal(t, []string{"Accept-Encoding"}, res.Header["Vary"], c)
		if c.etag == "" {
			assert.Equal(t, http.StatusOK, res.StatusCode, c)
			continue
		}
		assert.Equal(t, http.StatusNotModified, res.StatusCode, c)
		assert.Equal(t, c.etag, res.Header.Get("Etag"), c)
		assert.Empty(t, coded, c)
		assert.Empty(t, res.Header["Content-Encoding"], c)
	}
}

// Entries that are too large for the memory go from the disk, past encode.
func TestALargeCopyOfAPage(t *testing.T) {
	var text strings.Builder
	for random := rand.New(rand.NewPCG(1, 2)); text.Len() < 1<<20; {
		_, _ = fmt.Fprintf(&text, "<p>%d</p>", random.Uint32())
	}
	body := text.String()
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / %s\n cache\n}", pageOf(t, body)),
		"nextjs {\n state "+t.TempDir()+"\n}")
	require.Eventually(t, func() bool {
		res, coded := codedAs(t, e, "Accept-Encoding", browser)
		coding := res.Header.Get("Content-Encoding")
		require.True(t, body == codingtest.Decode(t, coding, coded), coding)
		if coding != "br" {
			return false
		}
		require.Greater(t, len(coded), 128<<10)
		require.EqualValues(t, len(coded), res.ContentLength)
		return true
	}, 20*time.Second, time.Millisecond)
}

func TestPagesAreCompressedOnTheirWayWithPrecompressOff(t *testing.T) {
	next, body := codedPage(t)
	site, state := fmt.Sprintf("nextjs {\n zone / %s\n cache\n}", next), t.TempDir()
	e := edgetest.Serve(t, site, "nextjs {\n state "+state+"\n cache {\n precompress off\n }\n}")
	ask := func() string {
		res, coded := codedAs(t, e, "Accept-Encoding", browser)
		coding := res.Header.Get("Content-Encoding")
		require.Equal(t, body, codingtest.Decode(t, coding, coded))
		return coding
	}
	for range 10 {
		require.Equal(t, "zstd", ask())
	}
	stats := pages.Current().Cache.Stats()
	assert.Zero(t, stats.Copies[codings.Rank("br")].Made)
	assert.Zero(t, stats.CopiesWaiting)

	require.NoError(t, e.Load(t, site, "nextjs {\n state "+state+"\n}"))
	require.Eventually(t, func() bool { return ask() == "br" }, 10*time.Second, time.Millisecond, "a reload turns it on")
	require.NoError(t, e.Load(t, site, "nextjs {\n state "+state+"\n cache {\n precompress off\n }\n}"))
	require.Equal(t, "zstd", ask(), "and off, copies or not")
}
