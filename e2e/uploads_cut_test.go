//go:build e2e

package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	// cutAt is how much of a body Next.js hands on behind middleware, unless the build says otherwise (bytes).
	cutAt = 10 << 20
	// tooMuch is more than that.
	tooMuch = 11 << 20
)

// withManifests starts a copy of the application with manifests of its build that are changed, by their name below
// .next.
func withManifests(t *testing.T, f *fixture, change map[string]func(map[string]any)) *app {
	t.Helper()
	standalone := filepath.Join(f.dir, ".next", "standalone")
	dir, err := os.MkdirTemp(scratch, "changed-")
	require.NoError(t, err)
	for _, folder := range []string{".next", "public"} {
		require.NoError(t, os.CopyFS(filepath.Join(dir, folder), os.DirFS(filepath.Join(standalone, folder))))
	}
	require.NoError(t, os.Symlink(filepath.Join(standalone, "node_modules"), filepath.Join(dir, "node_modules")))
	for _, name := range []string{"package.json", "server.js"} {
		require.NoError(t, copyFile(filepath.Join(standalone, name), filepath.Join(dir, name)))
	}
	for name, change := range change {
		var manifest map[string]any
		name = filepath.Join(dir, ".next", name)
		readJSON(t, name, &manifest)
		change(manifest)
		text, err := json.Marshal(manifest)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(name, text, 0o600))
	}
	copied := &app{zone: f.zone, dir: dir, server: "server.js", ready: f.ready}
	require.NoError(t, copied.start())
	t.Cleanup(copied.kill)
	require.NoError(t, copied.waitUntilReady())
	copied.showLogOnFailure(t)
	return copied
}

// upload posts a body of some size, with a length or in chunks.
func upload(t *testing.T, client *http.Client, url string, size int, chunked bool, headers ...string) answer {
	t.Helper()
	var body io.Reader = strings.NewReader(strings.Repeat("x", size))
	if chunked {
		body = io.MultiReader(body) // the length is not known
	}
	headers = append([]string{"Cookie", "pass=1", "Content-Type", "text/plain"}, headers...)
	return do(t, client, request(t, within(t, 4*patience), http.MethodPost, url, body, headers...))
}

// arrived returns how many bytes of an upload the application says that it has got.
func arrived(t *testing.T, res answer) int {
	t.Helper()
	var got struct {
		Bytes int
		Body  string
	}
	require.NoError(t, json.Unmarshal([]byte(res.body), &got), "%d %.200s", res.StatusCode, res.body)
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
	a := withManifests(t, fixtures(t).next16, map[string]func(map[string]any){
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
	door := startDoor(t, a)
	zone := fmt.Sprintf("\t\tzone next16 %s {\n\t\t\tbuild %s\n\t\t}\n", door.upstream(), filepath.Join(a.dir, ".next"))
	on := &pageSite{startEdge(t, nil, setup{zones: zone}), door}
	off := &pageSite{startEdge(t, nil, setup{zones: zone + "\t\trepair {\n\t\t\tuploads off\n\t\t}\n"}), door}
	for _, path := range []string{"/api/echo", "/out/side"} {
		// With its length, Next.js lets whoever it is rewritten to wait for the rest, and answers 500 half a minute
		// later.
		direct := upload(t, plainClient(t), a.url(path), tooMuch, true)
		assert.Equal(t, http.StatusOK, direct.StatusCode, path)
		assert.LessOrEqual(t, arrived(t, direct), cutAt, "the test is sharp: Next.js cuts what is sent to %s", path)
		assert.LessOrEqual(t, arrived(t, upload(t, plainClient(t), off.url(path), tooMuch, true)), cutAt, "it is turned off")
		for _, protocol := range protocols {
			client := on.client(t, protocol)
			before := door.count(path)
			res := upload(t, client, on.tlsURL(path), tooMuch, false)
			assert.Equal(t, http.StatusRequestEntityTooLarge, res.StatusCode, "%s, %s", path, protocol)
			assert.Contains(t, res.body, "experimental.proxyClientMaxBodySize", path)
			assert.Equal(t, before, door.count(path), "Next.js is not asked, %s", path)

			res = upload(t, client, on.tlsURL(path), tooMuch, true)
			assert.Equal(t, http.StatusRequestEntityTooLarge, res.StatusCode, "%s in chunks, %s", path, protocol)
			assert.Contains(t, res.body, "experimental.proxyClientMaxBodySize", path)

			for _, chunked := range []bool{false, true} {
				res = upload(t, client, on.tlsURL(path), cutAt, chunked)
				assert.Equal(t, http.StatusOK, res.StatusCode, path)
				assert.Equal(t, cutAt, arrived(t, res), "what is at the limit arrives, %s", path)
			}
		}
	}
	for _, protocol := range protocols {
		res := upload(t, on.client(t, protocol), on.tlsURL("/api/echo"), tooMuch, false, "X-Skip", "1")
		assert.Equal(t, tooMuch, arrived(t, res), "no matcher matches it, %s", protocol)
	}
	assert.Equal(t, 12.0, on.metric(t, `caddy_nextjs_repairs_total{repair="uploads",zone="next16"}`))
	assert.Equal(t, 1, strings.Count(on.log.since(0), "an upload that Next.js would have cut was refused"))
}

// 15.5 has another name for the setting, and here middleware in the edge runtime.
func TestUploadsThatNext15WouldCutAreRefused(t *testing.T) {
	f := fixtures(t).next15
	path := f.path("/dynamic/")
	mark := f.log.mark()
	direct := upload(t, plainClient(t), f.url(path), tooMuch, false)
	eventually(t, patience, func() bool { return strings.Contains(f.log.since(mark), "Request body exceeded 10MB for "+path) }, "the test is sharp")
	for _, chunked := range []bool{false, true} {
		res := upload(t, plainClient(t), f.edgeURL(path), tooMuch, chunked)
		assert.Equal(t, http.StatusRequestEntityTooLarge, res.StatusCode)
		assert.Contains(t, res.body, "experimental.middlewareClientMaxBodySize")
		assert.Equal(t, direct.StatusCode, upload(t, plainClient(t), f.edgeURL(path), cutAt, chunked).StatusCode)
	}
}
