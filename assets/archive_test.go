package assets

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-nextjs/caddy-nextjs/internal/codingtest"
)

// testArchive is an archive that works when it is told to.
type testArchive struct {
	*Archive
	logs *observer.ObservedLogs
}

// Applications.
var shop, web = NewSpace("shop", ":80"), NewSpace("web", ":80")

func openArchive(t testing.TB, dir string) testArchive {
	t.Helper()
	core, logs := observer.New(zapcore.InfoLevel)
	a := testArchive{newArchive(dir, zap.New(core)), logs}
	a.stop = func() {}
	close(a.done)
	a.SetLimits(0, 0)
	a.attach()
	t.Cleanup(func() { assert.NoError(t, a.Close()) })
	return a
}

// reopened is the archive as the next process has it.
func (a testArchive) reopened(t testing.TB) testArchive {
	t.Helper()
	require.NoError(t, a.Close())
	a.lock = nil
	return openArchive(t, a.dir)
}

// add has the archive copy a build of an application.
func (a testArchive) add(t testing.TB, space *Space, deployment string, files map[string]string) *Set {
	t.Helper()
	set, _ := newTestSet(t, nil, files)
	a.Add(space, deployment, set)
	a.work(t.Context())
	return set
}

// find is what a configuration finds that serves the application.
func (a testArchive) find(space *Space, wanted Wanted) *Archived {
	a.Use(space, 1)
	defer a.Use(space, -1)
	return a.Find(space, wanted)
}

// get asks for a file, "" if the archive has none.
func (a testArchive) get(t testing.TB, space *Space, address string) string {
	t.Helper()
	res, body := a.ask(t, space, address, http.MethodGet)
	if res == nil {
		return ""
	}
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Equal(t, []string{immutable}, res.Header["Cache-Control"])
	return body
}

func (a testArchive) ask(t testing.TB, space *Space, address, method string, headers ...string) (*http.Response, string) {
	t.Helper()
	wanted := wantedOf("/_next/static/" + address)
	found := a.find(space, wanted)
	if found == nil {
		return nil, ""
	}
	r, w := httptest.NewRequest(method, "/", nil), httptest.NewRecorder()
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	source, err := found.Serve(w, r, wanted.Path, nil, func() []string { return []string{"br"} })
	require.NoError(t, err)
	if source == NotServed {
		return nil, ""
	}
	require.Equal(t, FromArchive, source)
	body, err := io.ReadAll(w.Result().Body)
	require.NoError(t, err)
	return w.Result(), string(body)
}

func TestFilesAreThereWhenTheirBuildIsGone(t *testing.T) {
	a := openArchive(t, t.TempDir())
	set := a.add(t, shop, "", map[string]string{
		"static/chunks/a b.js": "a", "static/service-worker/sw.js": "worker", "../public/a.txt": "public", "static/css/empty.css": "",
	})
	require.NoError(t, set.Close())
	a = a.reopened(t)
	assert.Equal(t, "a", a.get(t, shop, "chunks/a%20b.js"))
	res, _ := a.ask(t, shop, "css/empty.css", http.MethodGet)
	assert.Equal(t, "0", res.Header.Get("Content-Length"))
	assert.Equal(t, "text/css; charset=UTF-8", res.Header.Get("Content-Type"))
	for _, path := range []string{"service-worker/sw.js", "../../a.txt", "chunks/b.js", "chunks/", ""} {
		assert.Empty(t, a.get(t, shop, path), path)
	}
	assert.Empty(t, a.get(t, web, "chunks/a%20b.js"), "another application")
	assert.Empty(t, a.logs.All())
}

func TestWhichBuildAnArchivedFileIsOf(t *testing.T) {
	a := openArchive(t, t.TempDir())
	for _, deployment := range []string{"one", "two"} {
		a.add(t, shop, deployment, map[string]string{
			"static/chunks/page.js": "page of " + deployment, "static/constant/_buildManifest.js": "manifest of " + deployment,
			"static/immutable/" + deployment + ".js": "for ever", "static/chunks/" + deployment + ".js": "only " + deployment,
		})
	}
	for _, id := range []string{"x", "y"} { // without deployment ids, one of them with a constant build id
		a.add(t, web, "", map[string]string{
			"static/constant/_buildManifest.js": "manifest of " + id, "static/" + id + "/_ssgManifest.js": "of " + id, "static/chunks/page.js": "page of " + id,
		})
	}
	for range 2 {
		for address, want := range map[string]string{
			"shop chunks/page.js":                         "page of two",
			"shop chunks/page.js?dpl=two":                 "page of two",
			"shop chunks/page.js?a=b&dpl=one":             "page of one",
			"shop chunks/page.js?dpl=unknown":             "",
			"shop chunks/one.js":                          "only one",
			"shop chunks/one.js?dpl=two":                  "",
			"shop immutable/one.js?dpl=two":               "for ever",
			"shop immutable/two.js":                       "for ever",
			"shop constant/_buildManifest.js?dpl=one":     "manifest of one",
			"shop constant/_buildManifest.js?dpl=two":     "manifest of two",
			"shop constant/_buildManifest.js":             "",
			"shop constant/_buildManifest.js?dpl=unknown": "",
			"web constant/_buildManifest.js":              "", // nobody can tell
			"web x/_ssgManifest.js":                       "of x",
			"web y/_ssgManifest.js":                       "of y",
			"web chunks/page.js":                          "page of y",
		} {
			space, path, _ := strings.Cut(address, " ")
			assert.Equal(t, want, a.get(t, map[string]*Space{"shop": shop, "web": web}[space], path), address)
		}
		a = a.reopened(t)
	}
	assert.Empty(t, a.logs.All())
}

// What is for ever by its name and is not is said, and kept apart by deployment no less.
func TestImmutableFilesAreComparedByBytes(t *testing.T) {
	a := openArchive(t, t.TempDir())
	for _, deployment := range []string{"one", "two"} {
		a.add(t, shop, deployment, map[string]string{"static/immutable/a.js": "same", "static/immutable/b.js": "same"})
	}
	assert.Empty(t, a.logs.All())
	a.add(t, shop, "three", map[string]string{"static/immutable/a.js": "other", "static/immutable/b.js": "same"})
	require.Equal(t, 1, a.logs.FilterMessageSnippet("different files of one name below /_next/static/immutable").Len())
	assert.Equal(t, "same", a.get(t, shop, "immutable/a.js?dpl=one"))
	assert.Equal(t, "other", a.get(t, shop, "immutable/a.js?dpl=three"))
	assert.Equal(t, "other", a.get(t, shop, "immutable/a.js"))
}

func TestArchivedFilesAreServedAsOthersAre(t *testing.T) {
	a := openArchive(t, t.TempDir())
	a.add(t, shop, "", map[string]string{"static/chunks/a.js": "0123456789"})
	res, body := a.ask(t, shop, "chunks/a.js", http.MethodGet)
	assert.Equal(t, "0123456789", body)
	etag := res.Header.Get("Etag")
	assert.Regexp(t, `^"[0-9a-f]{32}"$`, etag)
	assert.Equal(t, http.Header{
		"Accept-Ranges": {"bytes"}, "Cache-Control": {immutable}, "Content-Length": {"10"}, "Etag": {etag},
		"Content-Type": {"application/javascript; charset=UTF-8"},
	}, res.Header)
	res, body = a.ask(t, shop, "chunks/a.js", http.MethodHead)
	assert.Equal(t, "10", res.Header.Get("Content-Length"))
	assert.Empty(t, body)
	res, body = a.ask(t, shop, "chunks/a.js", http.MethodGet, "Range", "bytes=2-3")
	assert.Equal(t, http.StatusPartialContent, res.StatusCode)
	assert.Equal(t, "23", body)
	res, _ = a.ask(t, shop, "chunks/a.js", http.MethodGet, "If-None-Match", etag)
	assert.Equal(t, http.StatusNotModified, res.StatusCode)
	res, body = a.ask(t, shop, "chunks/a.js", http.MethodGet, "Range", "bytes=2-3", "If-Range", `"other"`)
	assert.Equal(t, http.StatusOK, res.StatusCode)
	assert.Equal(t, "0123456789", body)
}

// Copies that were made when the build was served are named by content, so they are there for the archive too.
func TestArchivedFilesHaveCompressedCopies(t *testing.T) {
	a, copies := openArchive(t, t.TempDir()), NewCopies(newTestStore(t, t.TempDir()), zap.NewNop())
	build := buildOf(t, map[string]string{"static/chunks/a.js": script})
	set := newCopiedSet(t, build, copies)
	runCopies(t, copies)
	a.Add(shop, "", set)
	a.work(t.Context())
	require.NoError(t, set.Close())
	a.UseCopies(copies)
	res, body := a.ask(t, shop, "chunks/a.js", http.MethodGet)
	require.Equal(t, "br", res.Header.Get("Content-Encoding"))
	assert.Equal(t, script, codingtest.Decode(t, "br", []byte(body)))
	assert.Equal(t, "Accept-Encoding", res.Header.Get("Vary"))
	assert.True(t, strings.HasSuffix(res.Header.Get("Etag"), `-br"`))
	res, body = a.ask(t, shop, "chunks/a.js", http.MethodGet, "Range", "bytes=0-9")
	assert.Equal(t, script[:10], body)
	assert.Empty(t, res.Header.Get("Content-Encoding"))
}

// What passes through is there when the store has it no longer, with what the application says of it.
func TestFilesThatPassThroughAreLearnt(t *testing.T) {
	a := openArchive(t, t.TempDir())
	k, _, store := newTestKeep(t)
	a.Use(shop, 1)
	k.LearnInto(a.Archive, shop, "known")
	u := newUpstream(script)
	for _, name := range []string{keptPath, keptPath + "?dpl=two", "/_next/static/css/b.css"} {
		_, _, source := askKept(t, k, u, http.MethodGet, name, nil)
		require.Equal(t, FromUpstream, source)
	}
	a.work(t.Context())
	a = a.reopened(t)
	a.Use(shop, 1)
	k.LearnInto(a.Archive, shop, "known")
	store.DeleteSpace("shop")
	u.status = http.StatusNotFound
	res, body, source := askKept(t, k, u, http.MethodGet, keptPath, nil)
	assert.Equal(t, FromArchive, source)
	assert.Equal(t, script, string(body))
	assert.Equal(t, []string{"a, b"}, res.Header["X-Own"])
	assert.Equal(t, []string{immutable}, res.Header["Cache-Control"])
	for name, want := range map[string]Source{
		keptPath + "?dpl=two": FromArchive, keptPath + "?dpl=known": FromArchive, keptPath + "?dpl=three": FromUpstream,
		"/_next/static/css/b.css?dpl=known": FromArchive, "/_next/static/css/b.css?dpl=two": FromUpstream,
	} {
		_, _, source := askKept(t, k, u, http.MethodGet, name, nil)
		assert.Equal(t, want, source, name)
	}
	a.work(t.Context())
	assert.EqualValues(t, 2, a.Stats().Builds, "a 404 is not learnt")
}

func TestANilArchiveKeepsNothing(t *testing.T) {
	var a *Archive
	set, _ := newTestSet(t, nil, map[string]string{"static/chunks/a.js": "a"})
	a.Add(shop, "", set)
	a.Use(shop, 1)
	a.UseCopies(nil)
	assert.Nil(t, a.Find(shop, Wanted{Path: "/_next/static/chunks/a.js"}))
	assert.Zero(t, a.Stats())
	assert.Empty(t, a.Builds(shop))
}

// Builds and files are added, asked for and evicted at once.
func TestAnArchiveIsUsedByManyAtOnce(t *testing.T) {
	a := OpenArchive(t.TempDir(), 0, 0, zap.NewNop())
	k, _, _ := newTestKeep(t)
	learnt := NewSpace("learnt", ":80")
	a.Use(learnt, 1)
	k.LearnInto(a, learnt, "")
	u := newUpstream("text")
	var group sync.WaitGroup
	for i := range 8 {
		set, _ := newTestSet(t, nil, map[string]string{"static/chunks/all.js": "all", fmt.Sprintf("static/chunks/%d.js", i): fmt.Sprint(i)})
		name := fmt.Sprintf("/_next/static/chunks/%d.js", i)
		_, _, _ = askKept(t, k, u, http.MethodGet, name, nil)
		group.Go(func() {
			a.Add(shop, "", set)
			a.Use(shop, 1)
			for a.Find(shop, Wanted{Path: name}) == nil || a.Find(learnt, Wanted{Path: name}) == nil {
				time.Sleep(time.Millisecond)
			}
			_, _ = a.Find(shop, Wanted{Path: name}).Serve(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil), name, nil, identityOnly)
			a.Stats()
			a.Builds(shop)
		})
	}
	group.Wait()
	assert.EqualValues(t, 9, a.Stats().Builds)
	require.NoError(t, a.Close())
}

// What has passed through shortly before the end is not lost.
func TestAnArchiveLearnsUntilItsEnd(t *testing.T) {
	dir := t.TempDir()
	a := OpenArchive(dir, 0, 0, zap.NewNop())
	k, _, _ := newTestKeep(t)
	k.LearnInto(a, shop, "")
	_, _, _ = askKept(t, k, newUpstream(script), http.MethodGet, keptPath, nil)
	require.NoError(t, a.Close())
	assert.Equal(t, script, openArchive(t, dir).get(t, shop, "chunks/a.js"))
}
