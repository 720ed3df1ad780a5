package assets

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// newExport returns the files of an export below basePath that nobody else serves.
func newExport(e *nextbuild.Export, basePath string, settings Settings) (*Export, error) {
	index, err := NewExportIndex(e, basePath)
	if err != nil {
		return nil, err
	}
	set, err := index.only(settings)
	if err != nil {
		return nil, err
	}
	return ExportOf(set), nil
}

func newTestExport(t *testing.T, memory *Memory, files map[string]string) (*Export, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "out")
	buildtest.WriteExport(t, dir, "abc", files)
	read, err := nextbuild.ReadExport(dir)
	require.NoError(t, err)
	export, err := newExport(read, "", Settings{Memory: memory})
	require.NoError(t, err)
	t.Cleanup(func() { _ = export.Close() })
	return export, dir
}

func askExport(t *testing.T, export *Export, path string, headers ...string) (*http.Response, string, Source) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	source, err := export.Serve(w, r, path, nil, identityOnly)
	require.NoError(t, err)
	body, err := io.ReadAll(w.Result().Body)
	require.NoError(t, err)
	return w.Result(), string(body), source
}

func TestFilesOfAnExportHaveTheirHeaders(t *testing.T) {
	export, _ := newTestExport(t, nil, map[string]string{"about.txt": "0:", "items/a.html": buildtest.Page("", "a")})
	for path, want := range map[string][2]string{
		"/index.html":               {revalidated, "text/html; charset=UTF-8"},
		"/about.txt":                {revalidated, "text/plain; charset=UTF-8"},
		"/_next/static/chunks/a.js": {immutable, "application/javascript; charset=UTF-8"},
	} {
		res, _, source := askExport(t, export, path)
		assert.Equal(t, FromDisk, source, path)
		assert.Equal(t, want[0], res.Header.Get("Cache-Control"), path)
		assert.Equal(t, want[1], res.Header.Get("Content-Type"), path)
	}
}

// A container image may give all files one time, and two builds pages of one size.
func TestPagesOfTwoBuildsHaveTwoETags(t *testing.T) {
	tags := map[string]map[string]string{}
	for _, id := range []string{"abc", "def"} {
		dir := filepath.Join(t.TempDir(), "out")
		buildtest.WriteExport(t, dir, id, nil)
		epoch := time.Unix(1, 0)
		for _, name := range []string{"index.html", "index.txt", "_next/static/chunks/a.js"} {
			require.NoError(t, os.Chtimes(filepath.Join(dir, name), epoch, epoch))
		}
		read, err := nextbuild.ReadExport(dir)
		require.NoError(t, err)
		export, err := newExport(read, "", Settings{})
		require.NoError(t, err)
		defer export.Close()
		tags[id] = map[string]string{}
		for _, path := range []string{"/index.html", "/index.txt", "/_next/static/chunks/a.js"} {
			res, _, _ := askExport(t, export, path)
			tags[id][path] = res.Header.Get("Etag")
			again, _, _ := askExport(t, export, path, "If-None-Match", tags[id][path])
			assert.Equal(t, http.StatusNotModified, again.StatusCode, path)
		}
	}
	assert.NotEqual(t, tags["abc"]["/index.html"], tags["def"]["/index.html"])
	assert.NotEqual(t, tags["abc"]["/index.txt"], tags["def"]["/index.txt"])
	assert.Equal(t, tags["abc"]["/_next/static/chunks/a.js"], tags["def"]["/_next/static/chunks/a.js"])
}

// While an export is replaced its files are served as they were, whole, with ranges and conditions.
func TestAnExportOutlivesItsDirectory(t *testing.T) {
	large := strings.Repeat("0123456789", 20_000)
	before := HeldFiles()
	export, dir := newTestExport(t, nil, map[string]string{"large.bin": large})
	held, files := export.Held()
	assert.Equal(t, files, held)
	assert.Equal(t, before+int64(files), HeldFiles())
	require.NoError(t, os.RemoveAll(dir))
	buildtest.WriteExport(t, dir, "def", map[string]string{"large.bin": "other"})

	res, body, _ := askExport(t, export, "/large.bin")
	assert.Equal(t, http.StatusOK, res.StatusCode)
	assert.Equal(t, large, body)
	res, body, _ = askExport(t, export, "/large.bin", "Range", "bytes=5-9")
	assert.Equal(t, http.StatusPartialContent, res.StatusCode)
	assert.Equal(t, "56789", body)
	res, _, _ = askExport(t, export, "/index.html", "If-None-Match", "*")
	assert.Equal(t, http.StatusNotModified, res.StatusCode)

	w := httptest.NewRecorder()
	served, err := export.ServeNotFound(w, httptest.NewRequest(http.MethodGet, "/x", nil), "/404.html", nil)
	require.NoError(t, err)
	assert.True(t, served)
	assert.Contains(t, w.Body.String(), "nothing here")

	require.NoError(t, export.Close())
	assert.Equal(t, before, HeldFiles())
}

// What is written over in place is neither the old nor the new file.
func TestAFileThatIsWrittenOverIsNotServed(t *testing.T) {
	export, dir := newTestExport(t, nil, nil)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "index.html"), []byte("half"), 0o600))
	_, body, source := askExport(t, export, "/index.html")
	assert.Equal(t, NotServed, source)
	assert.Empty(t, body)
}

func TestThePageForWhatIsNotFound(t *testing.T) {
	total := new(atomic.Int64)
	export, _ := newTestExport(t, NewMemory(1<<20, total), nil)
	for range 2 { // from disk, from memory
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/nowhere", nil)
		r.Header.Set("Range", "bytes=0-3")
		r.Header.Set("If-None-Match", "*")
		served, err := export.ServeNotFound(w, r, "/404.html", []nextbuild.Header{{Key: "X-A", Value: "a"}, {Key: "Cache-Control", Value: "public, max-age=600"}})
		require.NoError(t, err)
		assert.True(t, served)
		assert.Equal(t, http.StatusNotFound, w.Code)
		assert.Equal(t, buildtest.Page("", "nothing here"), w.Body.String())
		assert.Equal(t, notStored, w.Header().Get("Cache-Control"))
		assert.Equal(t, "a", w.Header().Get("X-A"))
		assert.Empty(t, w.Header().Get("Etag"))
		assert.Positive(t, total.Load())
	}
	w := httptest.NewRecorder()
	_, err := export.ServeNotFound(w, httptest.NewRequest(http.MethodHead, "/x", nil), "/404.html", nil)
	require.NoError(t, err)
	assert.Empty(t, w.Body.String())
	assert.NotEqual(t, "0", w.Header().Get("Content-Length"))
	served, err := export.ServeNotFound(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/x", nil), "/nope.html", nil)
	require.NoError(t, err)
	assert.False(t, served)
}

// The last request that began with an export gives it back.
func TestAnExportIsGivenBackByItsLastRequest(t *testing.T) {
	total := new(atomic.Int64)
	export, dir := newTestExport(t, NewMemory(1<<20, total), nil)
	require.True(t, export.Acquire())
	require.NoError(t, export.Close())
	require.NoError(t, os.RemoveAll(dir))
	assert.False(t, export.Acquire(), "no other may begin with it")
	_, body, _ := askExport(t, export, "/index.html")
	assert.Equal(t, buildtest.Page("", "home of abc"), body)
	export.Release()
	assert.Zero(t, total.Load())
	_, _, source := askExport(t, export, "/index.html")
	assert.Equal(t, NotServed, source)
}

func TestLinksDoNotLeadOutOfAnExport(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret.txt")
	require.NoError(t, os.WriteFile(secret, []byte("SECRET"), 0o600))
	dir := filepath.Join(t.TempDir(), "out")
	buildtest.WriteExport(t, dir, "abc", nil)
	require.NoError(t, os.Symlink(secret, filepath.Join(dir, "out.txt")))
	require.NoError(t, os.Symlink("index.txt", filepath.Join(dir, "in.txt")))
	read, err := nextbuild.ReadExport(dir)
	require.NoError(t, err)
	export, err := newExport(read, "", Settings{})
	require.NoError(t, err)
	defer export.Close()
	_, body, _ := askExport(t, export, "/in.txt")
	assert.Equal(t, "0:home", body)
	_, body, source := askExport(t, export, "/out.txt")
	assert.Equal(t, NotServed, source)
	assert.Empty(t, body)
}
