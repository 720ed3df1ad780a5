package caddymodule

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

const forEver = "public, max-age=31536000, immutable"

// awaitArchived waits until so many builds are in the archive.
func awaitArchived(t *testing.T, builds int) {
	t.Helper()
	eventuallyEqual(t, float64(builds), func() float64 { return metric(t, "static_archive_builds") })
}

// askedOf asks for a file, and returns its body and what caches are told.
func askedOf(t *testing.T, e *edgetest.Edge, path string) (status int, body, cacheControl string) {
	t.Helper()
	res, body := getEncoded(t, e, path, "Accept-Encoding", "identity")
	return res.StatusCode, body, res.Header.Get("Cache-Control")
}

// A build is replaced twice in its place: nobody else has the file that an open page asks for.
func TestFilesOutliveTheirBuilds(t *testing.T) {
	dir, state := filepath.Join(t.TempDir(), ".next"), t.TempDir()
	writeNext(t, dir, "first")
	var picture bytes.Buffer
	require.NoError(t, png.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 80, 80))))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "static", "media"), 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "static", "media", "a.png"), picture.Bytes(), 0o600))
	p := startProcess(t, "first")
	pictures := "image {\n local /**\n sizes 64\n qualities 75\n }"
	site := fmt.Sprintf("nextjs {\n watch 10ms\n zone / %s {\n build %s\n %s\n }\n}", p.address, dir, pictures)
	e := edgetest.Serve(t, site, edgetest.State(state))
	awaitArchived(t, 1)
	for i, id := range []string{"second", "third"} {
		writeNext(t, dir, id)
		p.run(id)
		awaitArchived(t, i+2)
	}
	isThere := func() {
		t.Helper()
		status, body, cacheControl := askedOf(t, e, "/_next/static/first.js")
		assert.Equal(t, http.StatusOK, status)
		assert.Equal(t, "script of first", body)
		assert.Equal(t, forEver, cacheControl)
	}
	before := metric(t, "static_requests_total", "root", "archive")
	isThere()
	assert.EqualValues(t, 1, metric(t, "static_requests_total", "root", "archive")-before)
	assert.Positive(t, metric(t, "static_archive_bytes"))

	require.NoError(t, caddy.Stop())
	require.NoError(t, e.Load(t, site, edgetest.State(state)))
	isThere()
	p.stop()
	isThere()
	res := e.Ask(t, http.MethodGet, "/_next/image?url=%2F_next%2Fstatic%2Fmedia%2Fa.png&w=64&q=75")
	assert.Equal(t, http.StatusOK, res.StatusCode, "a picture of it, too")
	assert.Contains(t, res.Header.Get("Content-Type"), "image/")

	require.NoError(t, e.Load(t, site, fmt.Sprintf("nextjs {\n state %s\n static {\n assets off\n }\n}", state)))
	status, _, _ := askedOf(t, e, "/_next/static/first.js?dpl=x")
	assert.NotEqual(t, http.StatusOK, status)
}

// With a deployment id all builds have one build id, and the document that asks says which it means.
func TestAPathWithOtherBytesIsOfItsDeployment(t *testing.T) {
	dir, state := filepath.Join(t.TempDir(), ".next"), t.TempDir()
	site := fmt.Sprintf("nextjs localhost:1 {\n build %s\n queue off\n}", dir)
	e := edgetest.New(t)
	t.Cleanup(func() { require.NoError(t, caddy.Stop()) })
	for i, dpl := range []string{"one", "two"} {
		require.NoError(t, caddy.Stop())
		buildtest.Write(t, dir, buildtest.Build{
			ID: "constant", Config: buildtest.JSON{"deploymentId": dpl}, Files: map[string]string{
				"static/constant/_buildManifest.js": "manifest of " + dpl, "static/chunks/page.js": "page of " + dpl,
			},
		})
		require.NoError(t, e.Load(t, site, edgetest.State(state)))
		awaitArchived(t, i+1)
	}
	for path, want := range map[string]string{
		"constant/_buildManifest.js":           "manifest of two",
		"constant/_buildManifest.js?dpl=two":   "manifest of two",
		"constant/_buildManifest.js?dpl=one":   "manifest of one",
		"chunks/page.js?dpl=one":               "page of one",
		"chunks/page.js?dpl=unknown":           "page of two", // as Next.js, which ignores it
		"chunks/page.js?other=one&dpl=one&c=d": "page of one",
	} {
		status, body, cacheControl := askedOf(t, e, "/_next/static/"+path)
		assert.Equal(t, http.StatusOK, status, path)
		assert.Equal(t, want, body, path)
		assert.Equal(t, forEver, cacheControl, path)
	}
}

// pods are those of an application whose build the edge does not know.
type pods struct {
	address string
	gone    atomic.Bool // those that had the files
	asked   atomic.Int64
}

func startPods(t *testing.T) *pods {
	t.Helper()
	p := new(pods)
	p.address = edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		// headers() of an application say so whatever becomes of the path.
		w.Header().Set("Cache-Control", forEver)
		if p.gone.Load() {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/javascript; charset=UTF-8")
		w.Header().Set("Access-Control-Allow-Origin", "https://a.example")
		_, _ = io.WriteString(w, "// "+r.URL.RequestURI()+"\n"+chunk)
	})
	return p
}

func TestFilesThatPassThroughOutliveTheirPods(t *testing.T) {
	p, state := startPods(t), t.TempDir()
	site := "nextjs " + p.address + " {\n queue off\n}"
	e := edgetest.Serve(t, site, edgetest.State(state))
	paths := []string{"/_next/static/chunks/a.js?dpl=one", "/_next/static/chunks/a.js?dpl=two", "/_next/static/chunks/b.js"}
	for _, path := range paths {
		status, _, _ := askedOf(t, e, path)
		require.Equal(t, http.StatusOK, status)
	}
	awaitArchived(t, 3)
	require.NoError(t, caddy.Stop())
	require.NoError(t, os.RemoveAll(filepath.Join(state, "files"))) // what was kept has given way
	require.NoError(t, e.Load(t, site, edgetest.State(state)))
	p.gone.Store(true)
	asked := p.asked.Load()
	areThere := func() {
		t.Helper()
		for _, path := range paths {
			res, body := getEncoded(t, e, path, "Accept-Encoding", "identity")
			assert.Equal(t, http.StatusOK, res.StatusCode, path)
			assert.Equal(t, "// "+path+"\n"+chunk, body)
			assert.Equal(t, forEver, res.Header.Get("Cache-Control"))
			assert.Equal(t, "application/javascript; charset=UTF-8", res.Header.Get("Content-Type"))
			assert.Equal(t, "https://a.example", res.Header.Get("Access-Control-Allow-Origin"), "what the application says of it")
		}
	}
	areThere()
	res, _ := getEncoded(t, e, paths[0])
	assert.Equal(t, "zstd", res.Header.Get("Content-Encoding"))
	assert.Equal(t, asked, p.asked.Load(), "a name tells the content")

	_, body, _ := askedOf(t, e, "/_next/static/chunks/a.js")
	assert.Contains(t, body, "dpl=two", "of the newest, as no deployment is named")
	status, _, cacheControl := askedOf(t, e, "/_next/static/chunks/unknown.js")
	assert.Equal(t, http.StatusNotFound, status)
	assert.Contains(t, cacheControl, "no-store", "what is missing is not so for ever")
	status, _, _ = askedOf(t, e, "/_next/static/chunks/a.js?dpl=three")
	assert.Equal(t, http.StatusNotFound, status, "another deployment may have other bytes")
}
