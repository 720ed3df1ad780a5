package assets

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/codings"
	"github.com/caddy-nextjs/caddy-nextjs/internal/codingtest"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// newTestStore opens a store in dir, which is closed at the end of the test.
func newTestStore(t testing.TB, dir string) *blobstore.Store {
	t.Helper()
	store, err := blobstore.Open(blobstore.Settings{Dir: dir, Memory: -1})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	return store
}

// runCopies lets copies be made until none is pending.
func runCopies(t testing.TB, c *Copies) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { c.work(ctx); close(ended) }()
	require.Eventually(t, func() bool { return c.Pending() == 0 }, time.Minute, time.Millisecond)
	cancel()
	<-ended
}

func buildOf(t testing.TB, files map[string]string) *nextbuild.Build {
	t.Helper()
	dir := filepath.Join(t.TempDir(), ".next")
	buildtest.Write(t, dir, buildtest.Build{Files: files})
	build, err := nextbuild.Read(dir)
	require.NoError(t, err)
	return build
}

func newCopiedSet(t testing.TB, build *nextbuild.Build, copies *Copies) *Set {
	t.Helper()
	set, err := NewSet(build, Settings{Copies: copies})
	require.NoError(t, err)
	t.Cleanup(func() { _ = set.Close() })
	return set
}

// askFor asks for a file as a client that takes the given codings.
func askFor(t testing.TB, set *Set, method, path string, accepts []string, headers ...string) (*http.Response, []byte) {
	t.Helper()
	r := httptest.NewRequest(method, "/", nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	source, err := set.Serve(w, r, path, nil, func() []string { return accepts })
	require.NoError(t, err)
	require.NotEqual(t, NotServed, source)
	body, err := io.ReadAll(w.Result().Body)
	require.NoError(t, err)
	return w.Result(), body
}

var script = strings.Repeat("export const a = 1;\n", 200)

func TestCopiesAreServedInTheCodingThatTheClientLikesBest(t *testing.T) {
	const path = "/_next/static/chunks/a.js"
	copies := NewCopies(newTestStore(t, t.TempDir()), zap.NewNop())
	set := newCopiedSet(t, buildOf(t, map[string]string{"static/chunks/a.js": script}), copies)
	assert.EqualValues(t, 1, copies.Pending())
	res, body := askFor(t, set, http.MethodGet, path, []string{"br"})
	assert.Empty(t, res.Header.Get("Content-Encoding"), "there is no copy yet: whoever compresses on the way does it")
	assert.Equal(t, script, string(body))
	plain := res.Header.Get("Etag")
	runCopies(t, copies)

	for _, test := range []struct {
		accepts []string
		want    string
	}{
		{[]string{"br", "zstd", "gzip"}, "br"},
		{[]string{"zstd", "gzip"}, "zstd"},
		{[]string{"gzip"}, "gzip"},
		{[]string{"deflate", "gzip"}, "gzip"},
		{[]string{"identity", "br"}, ""},
		{[]string{"deflate"}, ""},
		{nil, ""},
	} {
		res, body := askFor(t, set, http.MethodGet, path, test.accepts)
		assert.Equal(t, http.StatusOK, res.StatusCode)
		assert.Equal(t, test.want, res.Header.Get("Content-Encoding"), test.accepts)
		assert.Equal(t, script, codingtest.Decode(t, test.want, body), test.accepts)
		assert.EqualValues(t, len(body), res.ContentLength)
		assert.Equal(t, "public, max-age=31536000, immutable", res.Header.Get("Cache-Control"))
		assert.Equal(t, "application/javascript; charset=UTF-8", res.Header.Get("Content-Type"))
		if test.want == "" {
			assert.Equal(t, plain, res.Header.Get("Etag"))
			continue
		}
		assert.Equal(t, "Accept-Encoding", res.Header.Get("Vary"))
		assert.Equal(t, strings.TrimSuffix(plain, `"`)+"-"+test.want+`"`, res.Header.Get("Etag"))
		assert.Empty(t, res.Header.Get("Accept-Ranges"), "ranges are of the file as it is")
		head, none := askFor(t, set, http.MethodHead, path, test.accepts)
		assert.Empty(t, none)
		assert.Equal(t, res.Header, head.Header)
	}
}

// Somebody else may have written under the key of a copy.
func TestAnEntryThatIsNoCopyIsNotServedAndNotHeld(t *testing.T) {
	const path = "/_next/static/chunks/a.js"
	store := newTestStore(t, t.TempDir())
	copies := NewCopies(store, zap.NewNop())
	set := newCopiedSet(t, buildOf(t, map[string]string{"static/chunks/a.js": script}), copies)
	runCopies(t, copies)
	c := set.find(path).copyFor([]string{"br"})
	require.NotNil(t, c)
	require.NoError(t, store.Put(t.Context(), c.key, nil, make([]byte, 100_000))) // as large as only files are
	defer debug.SetGCPercent(debug.SetGCPercent(-1))                              // which would close what nobody holds
	before := openFiles(t)
	res, body := askFor(t, set, http.MethodGet, path, []string{"br"})
	assert.Empty(t, res.Header.Get("Content-Encoding"))
	assert.Equal(t, script, string(body))
	assert.Equal(t, before, openFiles(t))
}

// openFiles is how many files the process has open.
func openFiles(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("open files are counted on Linux only")
	}
	require.NoError(t, err)
	return len(files)
}

func TestConditionsOfCopies(t *testing.T) {
	const path = "/_next/static/chunks/a.js"
	copies := NewCopies(newTestStore(t, t.TempDir()), zap.NewNop())
	set := newCopiedSet(t, buildOf(t, map[string]string{"static/chunks/a.js": script}), copies)
	runCopies(t, copies)
	res, _ := askFor(t, set, http.MethodGet, path, []string{"br"})
	coded, modified := res.Header.Get("Etag"), res.Header.Get("Last-Modified")
	plain := strings.Replace(coded, "-br", "", 1)
	past := time.Now().Add(-1000 * time.Hour).UTC().Format(http.TimeFormat)
	for _, test := range []struct {
		name    string
		headers []string
		status  int
		etag    string
	}{
		{"the ETag of the copy", []string{"If-None-Match", coded}, 304, coded},
		{"among others", []string{"If-None-Match", `"x", ` + coded}, 304, coded},
		{"compared weakly", []string{"If-None-Match", strings.TrimPrefix(coded, "W/")}, 304, coded},
		{"any", []string{"If-None-Match", "*"}, 304, coded},
		{"that of the file as it is", []string{"If-None-Match", plain}, 304, plain},
		{"that of another coding", []string{"If-None-Match", strings.Replace(coded, "-br", "-gzip", 1)}, 200, coded},
		{"another", []string{"If-None-Match", `"x"`}, 200, coded},
		{"its date", []string{"If-Modified-Since", modified}, 304, coded},
		{"an older date", []string{"If-Modified-Since", past}, 200, coded},
		{"no date", []string{"If-Modified-Since", "yesterday"}, 200, coded},
		{"an ETag counts more than a date", []string{"If-None-Match", `"x"`, "If-Modified-Since", modified}, 200, coded},
		{"a part is of the file as it is", []string{"Range", "bytes=0-9"}, 206, plain},
		{"a condition for a part too", []string{"If-Range", coded}, 200, plain},
		{"a condition for a change", []string{"If-Match", `"x"`}, 412, plain},
	} {
		t.Run(test.name, func(t *testing.T) {
			res, body := askFor(t, set, http.MethodGet, path, []string{"br"}, test.headers...)
			assert.Equal(t, test.status, res.StatusCode)
			assert.Equal(t, test.etag, res.Header.Get("Etag"))
			if test.status == http.StatusNotModified {
				assert.Empty(t, body)
				assert.Empty(t, res.Header.Get("Content-Encoding"))
				assert.Equal(t, "Accept-Encoding", res.Header.Get("Vary"))
				assert.Equal(t, "public, max-age=31536000, immutable", res.Header.Get("Cache-Control"))
			}
		})
	}
}

func TestOnlyFilesThatGetSmallerHaveCopies(t *testing.T) {
	random := make([]byte, 4000)
	for i := range random {
		random[i] = byte(rand.Uint32())
	}
	copies := NewCopies(newTestStore(t, t.TempDir()), zap.NewNop())
	set := newCopiedSet(t, buildOf(t, map[string]string{
		"static/media/a.woff2": script, "static/chunks/small.js": "a()", "static/chunks/random.js": string(random), "../public/a.txt": script,
	}), copies)
	runCopies(t, copies)
	for path, want := range map[string]string{
		"/_next/static/media/a.woff2": "", "/_next/static/chunks/small.js": "", "/_next/static/chunks/random.js": "", "/a.txt": "br",
	} {
		res, _ := askFor(t, set, http.MethodGet, path, []string{"br"})
		assert.Equal(t, want, res.Header.Get("Content-Encoding"), path)
	}
}

// Another build, another process: what has the same content has the same copies, and they are not made again.
func TestCopiesAreSharedByContentAndFoundAfterARestart(t *testing.T) {
	dir := t.TempDir()
	store, err := blobstore.Open(blobstore.Settings{Dir: dir})
	require.NoError(t, err)
	copies := NewCopies(store, zap.NewNop())
	newCopiedSet(t, buildOf(t, map[string]string{"static/chunks/a.js": script}), copies)
	runCopies(t, copies)
	other := newCopiedSet(t, buildOf(t, map[string]string{"static/chunks/b.js": script}), copies)
	runCopies(t, copies)
	assert.Equal(t, len(codings.Names), store.Stats().Disk.Entries)
	res, _ := askFor(t, other, http.MethodGet, "/_next/static/chunks/b.js", []string{"br"})
	assert.Equal(t, "br", res.Header.Get("Content-Encoding"))
	require.NoError(t, store.Close())

	before := filesBelow(t, dir)
	again := NewCopies(newTestStore(t, dir), zap.NewNop())
	set := newCopiedSet(t, buildOf(t, map[string]string{"static/chunks/c.js": script}), again)
	runCopies(t, again)
	res, body := askFor(t, set, http.MethodGet, "/_next/static/chunks/c.js", []string{"zstd"})
	assert.Equal(t, "zstd", res.Header.Get("Content-Encoding"))
	assert.Equal(t, script, codingtest.Decode(t, "zstd", body))
	assert.Equal(t, before, filesBelow(t, dir), "no copy was written again")
}

// filesBelow returns the files of a directory and when they were written.
func filesBelow(t testing.TB, dir string) map[string]time.Time {
	t.Helper()
	found := map[string]time.Time{}
	require.NoError(t, filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() && info.Size() > 0 {
			found[path] = info.ModTime()
		}
		return err
	}))
	return found
}

func TestACopyThatIsGoneIsNoError(t *testing.T) {
	store := newTestStore(t, t.TempDir())
	copies := NewCopies(store, zap.NewNop())
	set := newCopiedSet(t, buildOf(t, map[string]string{"static/chunks/a.js": script}), copies)
	runCopies(t, copies)
	store.DeleteSpace(copiesSpace)
	for _, coding := range codings.Names {
		res, body := askFor(t, set, http.MethodGet, "/_next/static/chunks/a.js", []string{coding})
		assert.Empty(t, res.Header.Get("Content-Encoding"))
		assert.Equal(t, script, string(body))
	}
}

// The store cannot take them: files are served as they are, and that is said once.
func TestCopiesThatCannotBeKeptAreNoError(t *testing.T) {
	store, err := blobstore.Open(blobstore.Settings{Dir: t.TempDir(), Size: 4096, Memory: -1})
	require.NoError(t, err)
	require.NoError(t, store.Close())
	core, logged := observer.New(zap.InfoLevel)
	copies := NewCopies(store, zap.New(core))
	set := newCopiedSet(t, buildOf(t, map[string]string{"static/chunks/a.js": script, "static/chunks/b.js": script + "b"}), copies)
	runCopies(t, copies)
	assert.Len(t, logged.All(), 1)
	res, body := askFor(t, set, http.MethodGet, "/_next/static/chunks/a.js", []string{"br"})
	assert.Empty(t, res.Header.Get("Content-Encoding"))
	assert.Equal(t, script, string(body))
}

// A file that was changed after the build was read has no copy: nothing is served torn.
func TestAChangedFileHasNoCopy(t *testing.T) {
	build := buildOf(t, map[string]string{"static/chunks/a.js": script})
	copies := NewCopies(newTestStore(t, t.TempDir()), zap.NewNop())
	set := newCopiedSet(t, build, copies)
	require.NoError(t, os.WriteFile(filepath.Join(build.StaticDir, "chunks", "a.js"), []byte(script+"changed"), 0o600))
	runCopies(t, copies)
	assert.Nil(t, set.find("/_next/static/chunks/a.js").copies.Load())
}
