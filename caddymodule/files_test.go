package caddymodule

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/files"
	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

var chunk = strings.Repeat("export const page = 1;\n", 500)

// getEncoded asks for a file as a browser does.
func getEncoded(t *testing.T, e *edgetest.Edge, path string, headers ...string) (*http.Response, string) {
	t.Helper()
	client, base := e.Client(t, edgetest.H1)
	req, err := http.NewRequest(http.MethodGet, strings.TrimSuffix(base, "/")+path, nil)
	require.NoError(t, err)
	req.Close = true // a reload closes idle connections
	req.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	var res *http.Response
	edgetest.AfterReload(t, func() bool { res, err = client.Do(req); return err == nil })
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res, string(body)
}

// copiesMade waits until every file has its copies.
func copiesMade(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { return files.Current().Copies.Pending() == 0 }, edgetest.Patience,
		edgetest.Patience/10_000)
}

func TestFilesOfABuildAreCompressedAhead(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	buildtest.Write(t, filepath.Join(dir, ".next"), buildtest.Build{Files: map[string]string{"static/chunks/a.js": chunk}})
	directive := fmt.Sprintf("nextjs localhost:1 {\n build %s\n}", dir)
	e := edgetest.Serve(t, directive, edgetest.State(state))
	copiesMade(t)
	sent := func() float64 { return metric(t, "static_bytes_total", "root", "memory", "br") }
	before := sent()
	res, body := getEncoded(t, e, "/_next/static/chunks/a.js")
	assert.Equal(t, "br", res.Header.Get("Content-Encoding"))
	assert.Less(t, len(body), 200, "by the best level")
	assert.EqualValues(t, len(body), sent()-before)
	assert.Equal(t, "Accept-Encoding", res.Header.Get("Vary"))
	etag := res.Header.Get("Etag")
	assert.True(t, strings.HasSuffix(etag, `-br"`), etag)
	for _, known := range []string{etag, strings.Replace(etag, "-br", "-zstd", 1), strings.Replace(etag, "-br", "", 1)} {
		res, _ = getEncoded(t, e, "/_next/static/chunks/a.js", "If-None-Match", known)
		assert.Equal(t, http.StatusNotModified, res.StatusCode, known)
		assert.Equal(t, known, res.Header.Get("Etag"))
	}
	entries, err := os.ReadDir(filepath.Join(state, "files"))
	require.NoError(t, err)
	assert.NotEmpty(t, entries, "beside the state, not in the build")

	// A reload finds them; a failing one changes nothing.
	assert.Error(t, e.Load(t, "nextjs localhost:1 {\n build /nowhere\n}", edgetest.State(t.TempDir())))
	res, _ = getEncoded(t, e, "/_next/static/chunks/a.js")
	assert.Equal(t, "br", res.Header.Get("Content-Encoding"))
	require.NoError(t, e.Load(t, directive, edgetest.State(state)))
	copiesMade(t)
	again, sameBody := getEncoded(t, e, "/_next/static/chunks/a.js")
	assert.Equal(t, "br", again.Header.Get("Content-Encoding"))
	assert.Equal(t, body, sameBody)
}

func TestPrecompressOff(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	buildtest.Write(t, filepath.Join(dir, ".next"), buildtest.Build{Files: map[string]string{"static/chunks/a.js": chunk}})
	e := edgetest.Serve(t, fmt.Sprintf("nextjs localhost:1 {\n build %s\n}", dir),
		fmt.Sprintf("nextjs {\n state %s\n static {\n precompress off\n memory off\n }\n}", state))
	res, _ := getEncoded(t, e, "/_next/static/chunks/a.js")
	assert.Equal(t, "zstd", res.Header.Get("Content-Encoding"), "on its way")
	assert.True(t, strings.HasSuffix(res.Header.Get("Etag"), `-zstd"`))
}

func TestBoundsThatAreTooSmallAreRefusedByName(t *testing.T) {
	e := edgetest.Serve(t, "nextjs localhost:1", edgetest.State(t.TempDir()))
	for _, word := range []string{"memory", "cache_size"} {
		err := e.Load(t, "nextjs localhost:1", fmt.Sprintf("nextjs {\n state %s\n static {\n %s 1KiB\n }\n}", t.TempDir(),
			word))
		assert.ErrorContains(t, err, "static: "+word+" must be at least 8KiB")
	}
}

// A state directory that cannot be used costs what is kept there, and nothing else.
func TestAStateDirectoryThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	buildtest.Write(t, filepath.Join(dir, ".next"), buildtest.Build{Files: map[string]string{"static/chunks/a.js": chunk}})
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	e := edgetest.Serve(t, fmt.Sprintf("nextjs localhost:1 {\n build %s\n}", dir), edgetest.State(file))
	copiesMade(t)
	res, _ := getEncoded(t, e, "/_next/static/chunks/a.js")
	assert.Equal(t, "br", res.Header.Get("Content-Encoding"), "copies are kept in memory")
}

// immutableUpstream answers like Next.js for files of its build, and counts.
func immutableUpstream(t *testing.T) (address string, asked *atomic.Int64) {
	t.Helper()
	asked = new(atomic.Int64)
	return edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet { // by HEAD the edge asks which build it runs
			asked.Add(1)
		}
		w.Header().Set("Content-Type", "application/javascript; charset=UTF-8")
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		w.Header().Set("Etag", `W/"2cec-19a"`)
		_, _ = io.WriteString(w, "// "+r.URL.RequestURI()+"\n"+chunk)
	}), asked
}

func TestFilesThatPassThroughAreKept(t *testing.T) {
	address, asked := immutableUpstream(t)
	state := t.TempDir()
	e := edgetest.Serve(t, "nextjs "+address, edgetest.State(state))
	first, _ := getEncoded(t, e, "/_next/static/chunks/a.js")
	assert.Equal(t, "zstd", first.Header.Get("Content-Encoding"), "on its way")
	copiesMade(t)
	kept := metric(t, "static_requests_total", "root", "kept")
	second, _ := getEncoded(t, e, "/_next/static/chunks/a.js?x=1")
	assert.Equal(t, "br", second.Header.Get("Content-Encoding"))
	assert.EqualValues(t, 1, metric(t, "static_requests_total", "root", "kept")-kept)
	for name := range first.Header {
		switch name {
		case "Content-Encoding", "Etag", "Date", "Via", "Content-Length":
		default:
			assert.Equal(t, first.Header[name], second.Header[name], name)
		}
	}
	assert.EqualValues(t, 1, asked.Load())

	require.NoError(t, e.Load(t, "nextjs "+address+" {\n watch 3s\n}", edgetest.State(state)))
	_, _ = getEncoded(t, e, "/_next/static/chunks/a.js")
	assert.EqualValues(t, 1, asked.Load(), "a reload loses nothing")

	_, body := getEncoded(t, e, "/_next/static/chunks/a.js?dpl=two", "Accept-Encoding", "identity")
	assert.Contains(t, body, "dpl=two", "another deployment")
	_, _ = getEncoded(t, e, "/_next/static/build-id/_buildManifest.js")
	_, _ = getEncoded(t, e, "/_next/static/build-id/_buildManifest.js")
	assert.EqualValues(t, 4, asked.Load(), "its name does not tell its content")

	require.NoError(t, e.Load(t, "nextjs "+address+" {\n static off\n}", edgetest.State(state)))
	_, _ = getEncoded(t, e, "/_next/static/chunks/a.js")
	assert.EqualValues(t, 5, asked.Load())
}

func TestAnAssetHost(t *testing.T) {
	dir := t.TempDir()
	for name, config := range map[string]buildtest.JSON{
		"web": {"assetPrefix": "https://assets.example.com"}, "docs": {"assetPrefix": "https://assets.example.com", "basePath": "/docs"},
		"shop": {"assetPrefix": "https://assets.example.com/s/"},
	} {
		buildtest.Write(t, filepath.Join(dir, name, ".next"), buildtest.Build{
			Config: config, App: map[string]string{"/page": "/", "/about/page": "/about"},
			Routes: buildtest.JSON{"headers": []buildtest.JSON{{
				"source": "/docs/_next/static/media/docs.js", "regex": `^/docs/_next/static/media/docs\.js$`,
				"headers": []buildtest.JSON{{"key": "Access-Control-Allow-Origin", "value": "https://a.example"}},
			}}},
			Files: map[string]string{"static/chunks/" + name + ".js": chunk, "static/media/" + name + ".js": "own", "../public/a.txt": "public"},
		})
	}
	address, asked := immutableUpstream(t)
	e := edgetest.Serve(t, fmt.Sprintf(`nextjs {
		asset_host
		zone web %[1]s {
			build %[2]s/web
		}
		zone docs localhost:1 {
			build %[2]s/docs
		}
		zone shop localhost:1 {
			build %[2]s/shop
		}
		zone /plain %[1]s
	}`, address, dir), edgetest.State(t.TempDir()))
	for path, want := range map[string]int{
		"/_next/static/chunks/web.js": 200, "/_next/static/chunks/docs.js": 200, "/s/_next/static/chunks/shop.js": 200,
		"/": 404, "/about": 404, "/a.txt": 404, "/docs/a.txt": 404, "/_next/image?url=%2Fa.png&w=64&q=75": 404, "/_next/static/../../a.txt": 404, "/s/about": 404, "/plain/about": 404,
		"/_next/static/chunks/last.js": 200, "/plain/_next/static/chunks/p.js": 200,
	} {
		res, body := getEncoded(t, e, path, "Accept-Encoding", "identity")
		assert.Equal(t, want, res.StatusCode, path)
		if want != http.StatusOK {
			continue
		}
		assert.Equal(t, []string{"*"}, res.Header["Access-Control-Allow-Origin"], path)
		assert.Equal(t, []string{"cross-origin"}, res.Header["Cross-Origin-Resource-Policy"], path)
		assert.Equal(t, "public, max-age=31536000, immutable", res.Header.Get("Cache-Control"), path)
		assert.Contains(t, body, chunk, path)
	}
	assert.EqualValues(t, 2, asked.Load(), "what no build names, and a zone without build")
	_, body := getEncoded(t, e, "/plain/_next/static/chunks/p.js", "Accept-Encoding", "identity")
	assert.Contains(t, body, "// /plain/_next/static/chunks/p.js\n")
	assert.EqualValues(t, 2, asked.Load())
	res, _ := getEncoded(t, e, "/_next/static/media/docs.js")
	assert.Equal(t, []string{"https://a.example"}, res.Header["Access-Control-Allow-Origin"], "what the build says wins")
}
