package assets

import (
	"bytes"
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

// newTestSet makes a set of a build with the given files, by their path below the distDir.
func newTestSet(t testing.TB, memory *Memory, files map[string]string) (*Set, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), ".next")
	buildtest.Write(t, dir, buildtest.Build{Files: files})
	build, err := nextbuild.Read(dir)
	require.NoError(t, err)
	set, err := NewSet(build, Settings{Memory: memory})
	require.NoError(t, err)
	t.Cleanup(func() { _ = set.Close() })
	return set, dir
}

func identityOnly() []string { return nil }

func ask(t testing.TB, set *Set, method, path string, headers ...string) (*http.Response, string, Source) {
	t.Helper()
	r := httptest.NewRequest(method, "/", nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	source, err := set.Serve(w, r, path, nil, identityOnly)
	require.NoError(t, err)
	body, err := io.ReadAll(w.Result().Body)
	require.NoError(t, err)
	return w.Result(), string(body), source
}

func TestEachClassOfFilesHasItsHeaders(t *testing.T) {
	set, _ := newTestSet(t, NewMemory(1<<20, new(atomic.Int64)), map[string]string{
		"static/chunks/a.js": "a", "static/service-worker/sw.js": "sw", "static/media/x.woff2": "x", "../public/a b/ö.txt": "ö", "../public/none": "n",
	})
	for path, want := range map[string]struct{ cacheControl, contentType string }{
		"/_next/static/chunks/a.js":          {"public, max-age=31536000, immutable", "application/javascript; charset=UTF-8"},
		"/_next/static/service-worker/sw.js": {"public, max-age=0, must-revalidate", "application/javascript; charset=UTF-8"},
		"/_next/static/media/x.woff2":        {"public, max-age=31536000, immutable", "font/woff2"},
		"/a%20b/%C3%B6.txt":                  {"public, max-age=0", "text/plain; charset=UTF-8"},
		"/none":                              {"public, max-age=0", "application/octet-stream"},
	} {
		for _, source := range []Source{FromDisk, FromMemory} {
			res, _, from := ask(t, set, http.MethodGet, path)
			assert.Equal(t, http.StatusOK, res.StatusCode, path)
			assert.Equal(t, source, from, path)
			assert.Equal(t, want.cacheControl, res.Header.Get("Cache-Control"), path)
			assert.Equal(t, want.contentType, res.Header.Get("Content-Type"), path)
			assert.Equal(t, "bytes", res.Header.Get("Accept-Ranges"), path)
		}
	}
	res, _, _ := ask(t, set, http.MethodGet, "/_next/static/service-worker/sw.js")
	assert.Equal(t, "/", res.Header.Get("Service-Worker-Allowed"))
}

func TestHeadersOfTheBuildWin(t *testing.T) {
	set, _ := newTestSet(t, nil, map[string]string{"../public/a.txt": "a"})
	w := httptest.NewRecorder()
	_, err := set.Serve(w, httptest.NewRequest(http.MethodGet, "/", nil), "/a.txt", []nextbuild.Header{
		{Key: "cache-control", Value: "public, max-age=600"}, {Key: "X-File", Value: "a"}, {Key: "Set-Cookie", Value: "a=1"}, {Key: "Set-Cookie", Value: "b=2"},
	}, identityOnly)
	require.NoError(t, err)
	assert.Equal(t, []string{"public, max-age=600"}, w.Header().Values("Cache-Control"))
	assert.Equal(t, "a", w.Header().Get("X-File"))
	assert.Equal(t, []string{"a=1", "b=2"}, w.Header().Values("Set-Cookie"))
}

// From memory as from disk, ranges and conditions are answered as Go's own file server does.
func TestRangesAndConditionsAreThoseOfServeContent(t *testing.T) {
	small, large := strings.Repeat("0123456789", 100), strings.Repeat("0123456789", 100_000)
	set, dir := newTestSet(t, NewMemory(1<<20, new(atomic.Int64)), map[string]string{"static/small.txt": small, "static/large.txt": large})
	for name, content := range map[string]string{"small.txt": small, "large.txt": large} {
		info, err := os.Stat(filepath.Join(dir, "static", name))
		require.NoError(t, err)
		path := "/_next/static/" + name
		first, _, _ := ask(t, set, http.MethodGet, path)
		etag, modified := first.Header.Get("Etag"), first.Header.Get("Last-Modified")
		old := info.ModTime().Add(-time.Hour).UTC().Format(http.TimeFormat)
		for _, headers := range [][]string{
			{},
			{"Range", "bytes=0-9"},
			{"Range", "bytes=-5"},
			{"Range", "bytes=990-"},
			{"Range", "bytes=0-1,5-6"},
			{"Range", "bytes=9999999-"},
			{"Range", "bytes=5-1"},
			{"Range", "lines=1-2"},
			{"If-None-Match", etag},
			{"If-None-Match", `"other", ` + etag},
			{"If-None-Match", "*"},
			{"If-None-Match", `"other"`},
			{"If-Modified-Since", modified},
			{"If-Modified-Since", old},
			{"If-Unmodified-Since", old},
			{"If-Match", `"other"`},
			{"If-Match", "*"},
			{"Range", "bytes=0-9", "If-Range", etag},
			{"Range", "bytes=0-9", "If-Range", modified},
			{"Range", "bytes=0-9", "If-Range", old},
			{"If-None-Match", `"other"`, "If-Modified-Since", modified},
		} {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				got, body, _ := ask(t, set, method, path, headers...)
				r := httptest.NewRequest(method, "/", nil)
				for i := 0; i < len(headers); i += 2 {
					r.Header.Set(headers[i], headers[i+1])
				}
				w := httptest.NewRecorder()
				w.Header().Set("Etag", etag)
				w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
				http.ServeContent(w, r, "", info.ModTime(), bytes.NewReader([]byte(content)))
				what := method + " " + name + " " + strings.Join(headers, " ")
				assert.Equal(t, w.Code, got.StatusCode, what)
				for _, header := range []string{"Content-Length", "Content-Range", "Accept-Ranges", "Etag", "Last-Modified"} {
					assert.Equal(t, w.Header().Get(header), got.Header.Get(header), "%s: %s", what, header)
				}
				if !strings.Contains(got.Header.Get("Content-Type"), "multipart") {
					assert.Equal(t, w.Body.String(), body, what)
				}
			}
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	total := new(atomic.Int64)
	memory := NewMemory(250, total)
	files := map[string]string{}
	for _, name := range []string{"a", "b", "c", "d"} {
		files["static/"+name] = strings.Repeat(name, 100)
	}
	set, _ := newTestSet(t, memory, files)
	for range 3 {
		for _, name := range []string{"a", "b", "c", "d"} {
			_, body, _ := ask(t, set, http.MethodGet, "/_next/static/"+name)
			assert.Equal(t, strings.Repeat(name, 100), body)
		}
	}
	assert.EqualValues(t, 200, total.Load())
	require.NoError(t, set.Close())
	assert.Zero(t, total.Load())
	_, _, source := ask(t, set, http.MethodGet, "/_next/static/a")
	assert.Equal(t, NotServed, source, "a set that is given back serves nothing")
	assert.Zero(t, total.Load())
}

// What is not as it was when the set was made is left to Next.js.
func TestAFileThatHasChangedIsNotServed(t *testing.T) {
	set, dir := newTestSet(t, nil, map[string]string{
		"static/other.js": "other", "static/longer.js": "longer", "../public/gone.js": "gone", "../public/dir.js": "x",
	})
	static, public := filepath.Join(dir, "static"), filepath.Join(filepath.Dir(dir), "public")
	require.NoError(t, os.Remove(filepath.Join(public, "gone.js")))
	later := time.Now().Add(time.Minute)
	require.NoError(t, os.Chtimes(filepath.Join(static, "other.js"), later, later))
	require.NoError(t, os.WriteFile(filepath.Join(static, "longer.js"), []byte("longer and longer"), 0o600))
	require.NoError(t, os.Remove(filepath.Join(public, "dir.js")))
	require.NoError(t, os.Mkdir(filepath.Join(public, "dir.js"), 0o700))
	for _, path := range []string{"/_next/static/other.js", "/_next/static/longer.js", "/_next/static/never.js", "/gone.js", "/dir.js"} {
		_, body, source := ask(t, set, http.MethodGet, path)
		assert.Equal(t, NotServed, source, path)
		assert.Empty(t, body)
	}
}

// Pages that are open while their build is replaced ask for its files, which the next build has removed or replaced.
func TestFilesOfABuildOutliveItsDirectory(t *testing.T) {
	large := strings.Repeat("0123456789", 20_000)
	before := HeldFiles()
	set, dir := newTestSet(t, nil, map[string]string{"static/a.js": "old a", "static/large.js": large, "static/dir.js": "x", "../public/b.txt": "b"})
	assert.Equal(t, before+3, HeldFiles())
	static := filepath.Join(dir, "static")
	require.NoError(t, os.RemoveAll(static))
	require.NoError(t, os.MkdirAll(filepath.Join(static, "dir.js"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(static, "a.js"), []byte("new a"), 0o600))
	for name, want := range map[string]string{"a.js": "old a", "large.js": large, "dir.js": "x"} {
		res, body, source := ask(t, set, http.MethodGet, "/_next/static/"+name)
		assert.Equal(t, FromDisk, source, name)
		assert.Equal(t, want, body, name)
		assert.Equal(t, "public, max-age=31536000, immutable", res.Header.Get("Cache-Control"), name)
	}
	res, body, _ := ask(t, set, http.MethodGet, "/_next/static/large.js", "Range", "bytes=5-9")
	assert.Equal(t, http.StatusPartialContent, res.StatusCode)
	assert.Equal(t, "56789", body)
	require.NoError(t, set.Close())
	assert.Equal(t, before, HeldFiles())
	_, _, source := ask(t, set, http.MethodGet, "/_next/static/a.js")
	assert.Equal(t, NotServed, source)
}

func TestLinksDoNotLeadOut(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret.txt")
	require.NoError(t, os.WriteFile(secret, []byte("SECRET"), 0o600))
	dir := filepath.Join(t.TempDir(), ".next")
	buildtest.Write(t, dir, buildtest.Build{Files: map[string]string{"../public/inside.txt": "inside", "../public/plain.txt": "plain"}})
	public := filepath.Join(filepath.Dir(dir), "public")
	require.NoError(t, os.Symlink(secret, filepath.Join(public, "out.txt")))
	require.NoError(t, os.Symlink("../.next/prerender-manifest.json", filepath.Join(public, "manifest.json")))
	require.NoError(t, os.Symlink("inside.txt", filepath.Join(public, "in.txt")))
	require.NoError(t, os.Symlink("/", filepath.Join(public, "root")))
	build, err := nextbuild.Read(dir)
	require.NoError(t, err)
	set, err := NewSet(build, Settings{})
	require.NoError(t, err)
	defer set.Close()
	assert.NotNil(t, set.find("/in.txt"), "a link to a file beside it is one")
	assert.Nil(t, set.find("/out.txt"))
	assert.Nil(t, set.find("/manifest.json"))
	assert.Nil(t, set.find("/root/etc/passwd"))

	// One that is put in the place of a file later leads out neither.
	require.NoError(t, os.Remove(filepath.Join(public, "plain.txt")))
	require.NoError(t, os.Symlink(secret, filepath.Join(public, "plain.txt")))
	_, body, source := ask(t, set, http.MethodGet, "/plain.txt")
	assert.Equal(t, NotServed, source)
	assert.NotContains(t, body, "SECRET")
}

func BenchmarkServe(b *testing.B) {
	for name, size := range map[string]int{"17KB": 17 << 10, "229KB": 229 << 10} {
		b.Run(name, func(b *testing.B) {
			set, _ := newTestSet(b, NewMemory(1<<20, new(atomic.Int64)), map[string]string{"static/a.js": strings.Repeat("x", size)})
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			b.ReportAllocs()
			for b.Loop() {
				w := nothing{http.Header{}}
				if _, err := set.Serve(w, r, "/_next/static/a.js", nil, identityOnly); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

type nothing struct{ h http.Header }

func (n nothing) Header() http.Header       { return n.h }
func (nothing) WriteHeader(int)             {}
func (nothing) Write(p []byte) (int, error) { return len(p), nil }
