package assets

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/internal/codings"
	"github.com/caddy-nextjs/caddy-nextjs/internal/codingtest"
)

const keptPath = "/_next/static/chunks/a.js"

// upstream answers like an application, and counts.
type upstream struct {
	asked  atomic.Int64
	status int
	header http.Header
	body   string
	err    error
}

func newUpstream(body string) *upstream {
	return &upstream{status: http.StatusOK, body: body, header: http.Header{
		"Cache-Control": {"public, max-age=31536000, immutable"}, "Content-Type": {"application/javascript; charset=UTF-8"},
		"Etag": {`W/"4b-19a"`}, "Last-Modified": {"Sun, 22 Nov 2026 06:00:00 GMT"}, "Content-Length": {fmt.Sprint(len(body))},
		"Vary": {"Accept-Encoding"}, "Date": {"Sun, 22 Nov 2026 06:00:01 GMT"}, "Via": {"1.1 Caddy"}, "X-Own": {"a", "b"},
	}}
}

func (u *upstream) answer(w http.ResponseWriter) error {
	u.asked.Add(1)
	for name, values := range u.header {
		w.Header()[name] = values
	}
	w.WriteHeader(u.status)
	if u.err != nil {
		_, _ = io.WriteString(w, u.body[:len(u.body)/2])
		return u.err
	}
	_, err := io.WriteString(w, u.body)
	return err
}

func wantedOf(address string) Wanted {
	path, query, _ := strings.Cut(address, "?")
	return WantedOf(path, query)
}

// askKept asks for a kept file, and otherwise the upstream.
func askKept(t testing.TB, k *Keep, u *upstream, method, name string, accepts []string, headers ...string) (*http.Response, []byte, Source) {
	t.Helper()
	r := httptest.NewRequest(method, "/", nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	w.Header().Set("X-Outer", "the site's")
	source, err := k.Serve(w, r, wantedOf(name), func() []string { return accepts }, nil, u.answer)
	if u.err == nil {
		require.NoError(t, err)
	}
	body, err := io.ReadAll(w.Result().Body)
	require.NoError(t, err)
	return w.Result(), body, source
}

func newTestKeep(t testing.TB) (*Keep, *Copies, *blobstore.Store) {
	t.Helper()
	store := newTestStore(t, t.TempDir())
	copies := NewCopies(store, zap.NewNop())
	return NewKeep(store, copies, "shop"), copies, store
}

func TestAnImmutableFileIsFetchedOnce(t *testing.T) {
	k, copies, _ := newTestKeep(t)
	u := newUpstream(script)
	_, body, source := askKept(t, k, u, http.MethodGet, keptPath, []string{"br"})
	assert.Equal(t, script, string(body))
	assert.Equal(t, FromUpstream, source)

	res, body, source := askKept(t, k, u, http.MethodGet, keptPath, []string{"br"})
	assert.Equal(t, FromKept, source)
	assert.Equal(t, script, string(body), "no copy was made yet")
	assert.Equal(t, http.Header{
		"Cache-Control": {"public, max-age=31536000, immutable"}, "Content-Type": {"application/javascript; charset=UTF-8"}, "Content-Length": {fmt.Sprint(len(script))},
		"Etag": {`W/"4b-19a"`}, "Last-Modified": {"Sun, 22 Nov 2026 06:00:00 GMT"}, "X-Own": {"a", "b"}, "Accept-Ranges": {"bytes"}, "X-Outer": {"the site's"},
	}, res.Header)

	runCopies(t, copies)
	for _, coding := range codings.Names {
		res, body, source = askKept(t, k, u, http.MethodGet, keptPath, []string{coding})
		assert.Equal(t, FromKept, source)
		assert.Equal(t, coding, res.Header.Get("Content-Encoding"))
		assert.Equal(t, `W/"4b-19a-`+coding+`"`, res.Header.Get("Etag"))
		assert.Equal(t, "Accept-Encoding", res.Header.Get("Vary"))
		assert.Equal(t, script, codingtest.Decode(t, coding, body))
		for _, etag := range []string{`W/"4b-19a-` + coding + `"`, `W/"4b-19a"`} {
			res, body, _ = askKept(t, k, u, http.MethodGet, keptPath, []string{coding}, "If-None-Match", etag)
			assert.Equal(t, http.StatusNotModified, res.StatusCode)
			assert.Equal(t, etag, res.Header.Get("Etag"))
			assert.Empty(t, body)
		}
	}
	res, body, _ = askKept(t, k, u, http.MethodGet, keptPath, []string{"br"}, "Range", "bytes=7-11")
	assert.Equal(t, http.StatusPartialContent, res.StatusCode)
	assert.Equal(t, script[7:12], string(body))
	res, body, _ = askKept(t, k, u, http.MethodHead, keptPath, []string{"br"})
	assert.Equal(t, "br", res.Header.Get("Content-Encoding"))
	assert.Empty(t, body)
	assert.EqualValues(t, 1, u.asked.Load())
}

func TestWhatIsNotTheSameForEverybodyIsNotKept(t *testing.T) {
	for name, change := range map[string]func(*upstream){
		"not found":             func(u *upstream) { u.status = http.StatusNotFound },
		"a part":                func(u *upstream) { u.status = http.StatusPartialContent },
		"a cookie":              func(u *upstream) { u.header.Set("Set-Cookie", "a=1") },
		"not immutable":         func(u *upstream) { u.header.Set("Cache-Control", "public, max-age=60") },
		"private":               func(u *upstream) { u.header.Set("Cache-Control", "private, immutable") },
		"no Cache-Control":      func(u *upstream) { u.header.Del("Cache-Control") },
		"by origin":             func(u *upstream) { u.header.Set("Vary", "Origin") },
		"encoded":               func(u *upstream) { u.header.Set("Content-Encoding", "gzip") },
		"shorter than it says":  func(u *upstream) { u.header.Set("Content-Length", "999999") },
		"a length of no number": func(u *upstream) { u.header.Set("Content-Length", "long") },
		"broken off":            func(u *upstream) { u.err = errors.New("connection reset") },
	} {
		t.Run(name, func(t *testing.T) {
			k, _, store := newTestKeep(t)
			u := newUpstream(script)
			change(u)
			askKept(t, k, u, http.MethodGet, keptPath, nil)
			u2 := newUpstream("another")
			_, body, source := askKept(t, k, u2, http.MethodGet, keptPath, nil)
			assert.Equal(t, FromUpstream, source)
			assert.Equal(t, "another", string(body))
			assert.Equal(t, 1, store.Stats().Disk.Entries)
		})
	}
}

// An answer that panics (as reverse_proxy does when the upstream breaks off) leaves nothing, and nobody waiting.
func TestAPanicLeavesNothing(t *testing.T) {
	k, _, store := newTestKeep(t)
	assert.Panics(t, func() {
		_, _ = k.Serve(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil), Wanted{Path: keptPath}, identityOnly, nil, func(w http.ResponseWriter) error {
			_ = newUpstream(script).answer(w)
			panic(http.ErrAbortHandler)
		})
	})
	assert.Zero(t, store.Stats().Disk.Entries)
	_, _, source := askKept(t, k, newUpstream(script), http.MethodGet, keptPath, nil)
	assert.Equal(t, FromUpstream, source)
}

// What comes for a HEAD, a range or a condition is not the file.
func TestOnlyWholeAnswersAreKept(t *testing.T) {
	k, _, store := newTestKeep(t)
	u := newUpstream(script)
	askKept(t, k, u, http.MethodHead, keptPath, nil)
	askKept(t, k, u, http.MethodGet, keptPath, nil, "Range", "bytes=0-1")
	askKept(t, k, u, http.MethodGet, keptPath, nil, "If-None-Match", `"x"`)
	assert.Zero(t, store.Stats().Disk.Entries)
}

// Many ask at once: one of them fetches, the others wait for it.
func TestRequestsForOneFileAreOneFetch(t *testing.T) {
	k, _, _ := newTestKeep(t)
	u := newUpstream(script)
	arrived, letGo := make(chan struct{}), make(chan struct{})
	var once sync.Once
	slow := func(w http.ResponseWriter) error {
		once.Do(func() { close(arrived) })
		<-letGo
		return u.answer(w)
	}
	var group sync.WaitGroup
	ask := func() {
		w := httptest.NewRecorder()
		_, err := k.Serve(w, httptest.NewRequest(http.MethodGet, "/", nil), Wanted{Path: keptPath}, identityOnly, nil, slow)
		assert.NoError(t, err)
		assert.Equal(t, script, w.Body.String())
	}
	group.Go(ask)
	<-arrived
	for range 50 {
		group.Go(ask)
	}
	close(letGo)
	group.Wait()
	assert.EqualValues(t, 1, u.asked.Load())
}

func TestWhichPathsMayBeKept(t *testing.T) {
	for path, want := range map[string]bool{
		"/_next/static/chunks/a.js": true, "/_next/static/css/a.css": true, "/_next/static/media/a.woff2": true, "/_next/static/immutable/a.js": true,
		"/_next/static/BUILD/_buildManifest.js": false, "/_next/static/chunks": true, "/_next/static/service-worker/sw.js": false, "/chunks/a.js": false, "/": false, "": false,
	} {
		for method, may := range map[string]bool{http.MethodGet: true, http.MethodHead: true, http.MethodPost: false} {
			assert.Equal(t, want && may, Keepable(httptest.NewRequest(method, "/", nil), path), "%s %s", method, path)
		}
	}
}
