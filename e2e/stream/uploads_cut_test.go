//go:build e2e

package stream_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

const (
	// cutAt is how much of a body Next.js hands on behind middleware, unless the build says otherwise (bytes).
	cutAt = 10 << 20
	// tooMuch is more than that.
	tooMuch = 11 << 20
)

// upload posts a body of some size, with a length or in chunks.
func upload(t *testing.T, client *http.Client, url string, size int, chunked bool, headers ...string) edgetest.Answer {
	t.Helper()
	var body io.Reader = strings.NewReader(strings.Repeat("x", size))
	if chunked {
		body = io.MultiReader(body) // the length is not known
	}
	headers = append([]string{"Cookie", "pass=1", "Content-Type", "text/plain"}, headers...)
	return edgetest.Do(t, client, edgetest.Request(t, edgetest.Within(t, 4*edgetest.Patience), http.MethodPost, url, body, headers...))
}

// arrived returns how many bytes of an upload the application says that it has got.
func arrived(t *testing.T, res edgetest.Answer) int {
	t.Helper()
	var got struct {
		Bytes int
		Body  string
	}
	require.NoError(t, json.Unmarshal([]byte(res.Text), &got), "%d %.200s", res.StatusCode, res.Text)
	return got.Bytes + len(got.Body)
}

// Where Next.js copies a body it hands on the first 10 MiB and says 200. The edge says 413 instead, before it asks if
// the length is known. Everywhere else uploads arrive whole.
func TestUploadsThatNextWouldCutAreRefused(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprintf(w, `{"bytes": %d}`, n)
	}))
	t.Cleanup(elsewhere.Close)
	a := harness.WithManifests(t, harness.Fixtures(t).Next16, map[string]func(map[string]any){
		"server/functions-config-manifest.json": func(m map[string]any) {
			m["functions"].(map[string]any)["/_middleware"].(map[string]any)["matchers"] = []any{map[string]any{
				"regexp": "^/api/echo$", "originalSource": "/api/echo", "missing": []any{map[string]any{"type": "header", "key": "x-skip"}},
			}}
		},
		"routes-manifest.json": func(m map[string]any) {
			rewrites := m["rewrites"].(map[string]any)
			rewrites["fallback"] = append(rewrites["fallback"].([]any), map[string]any{
				"source": "/out/:path*", "destination": elsewhere.URL + "/:path*", "regex": "^/out(?:/((?:[^/]+?)(?:/(?:[^/]+?))*))?(?:/)?$",
			})
		},
	})
	door := harness.StartDoor(t, a)
	zone := fmt.Sprintf("\t\tzone next16 %s {\n\t\t\tbuild %s\n\t\t}\n", door.Upstream(), filepath.Join(a.Dir, ".next"))
	on := &harness.PageSite{Edge: harness.StartEdge(t, nil, harness.Setup{Zones: zone}), Door: door}
	off := &harness.PageSite{Edge: harness.StartEdge(t, nil, harness.Setup{Zones: zone + "\t\trepair {\n\t\t\tuploads off\n\t\t}\n"}), Door: door}
	for _, path := range []string{"/api/echo", "/out/side"} {
		// With its length, Next.js lets whoever it is rewritten to wait for the rest, and answers 500 half a minute
		// later.
		direct := upload(t, edgetest.PlainClient(t), a.URL(path), tooMuch, true)
		assert.Equal(t, http.StatusOK, direct.StatusCode, path)
		assert.LessOrEqual(t, arrived(t, direct), cutAt, "the test is sharp: Next.js cuts what is sent to %s", path)
		assert.LessOrEqual(t, arrived(t, upload(t, edgetest.PlainClient(t), off.URL(path), tooMuch, true)), cutAt,
			"it is turned off")
		for _, protocol := range edgetest.Protocols {
			client := on.Client(t, protocol)
			before := door.Count(path)
			res := upload(t, client, on.TLSURL(path), tooMuch, false)
			assert.Equal(t, http.StatusRequestEntityTooLarge, res.StatusCode, "%s, %s", path, protocol)
			assert.Contains(t, res.Text, "experimental.proxyClientMaxBodySize", path)
			assert.Equal(t, before, door.Count(path), "Next.js is not asked, %s", path)

			res = upload(t, client, on.TLSURL(path), tooMuch, true)
			assert.Equal(t, http.StatusRequestEntityTooLarge, res.StatusCode, "%s in chunks, %s", path, protocol)
			assert.Equal(t, protocol == edgetest.H1, res.Close, "what is left is not read, and the client is told, %s", path)
			assert.Contains(t, res.Text, "experimental.proxyClientMaxBodySize", path)

			for _, chunked := range []bool{false, true} {
				res = upload(t, client, on.TLSURL(path), cutAt, chunked)
				assert.Equal(t, http.StatusOK, res.StatusCode, path)
				assert.Equal(t, cutAt, arrived(t, res), "what is at the limit arrives, %s", path)
			}
		}
	}
	for _, protocol := range edgetest.Protocols {
		res := upload(t, on.Client(t, protocol), on.TLSURL("/api/echo"), tooMuch, false, "X-Skip", "1")
		assert.Equal(t, tooMuch, arrived(t, res), "no matcher matches it, %s", protocol)
	}
	assert.Equal(t, 12.0, on.Metric(t, `caddy_nextjs_repairs_total{repair="uploads",zone="next16"}`))
	assert.Equal(t, 1, strings.Count(on.Log.Since(0), "an upload that Next.js would have cut was refused"))
}

// 15.5 has another name for the setting, and here middleware in the edge runtime.
func TestUploadsThatNext15WouldCutAreRefused(t *testing.T) {
	f := harness.Fixtures(t).Next15
	path := f.Path("/dynamic/")
	mark := f.Log.Mark()
	direct := upload(t, edgetest.PlainClient(t), f.URL(path), tooMuch, false)
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		return strings.Contains(f.Log.Since(mark),
			"Request body exceeded 10MB for "+path)
	}, "the test is sharp")
	for _, chunked := range []bool{false, true} {
		res := upload(t, edgetest.PlainClient(t), f.EdgeURL(path), tooMuch, chunked)
		assert.Equal(t, http.StatusRequestEntityTooLarge, res.StatusCode)
		assert.Contains(t, res.Text, "experimental.middlewareClientMaxBodySize")
		assert.Equal(t, direct.StatusCode, upload(t, edgetest.PlainClient(t), f.EdgeURL(path), cutAt, chunked).StatusCode)
	}
}
