package pagecache

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/internal/codings"
	"github.com/caddy-nextjs/caddy-nextjs/internal/codingtest"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// long makes a body of a text that is worth a copy.
func long(text string) string { return strings.Repeat("<p>"+text+"</p>", 100) }

// longPage answers with a text, a hundred times, with the headers that more adds.
func longPage(text *atomic.Value, more ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "s-maxage=60, stale-while-revalidate=3600")
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Etag", strconv.Quote(text.Load().(string)))
		h.Set("Vary", "rsc")
		for i := 0; i < len(more); i += 2 {
			h.Set(more[i], more[i+1])
		}
		if r.Header.Get("If-None-Match") == h.Get("Etag") {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, long(text.Load().(string)))
	}
}

// copied waits until all copies are made that were asked for.
func (s *site) copied() {
	require.Eventually(s.t, func() bool {
		c := &s.cache.copies
		c.mu.Lock()
		defer c.mu.Unlock()
		return !c.working
	}, 10*time.Second, 100*time.Microsecond)
}

// warm asks for a page until there is a copy of it, if there is to be one.
func (s *site) warm(path, accept string) {
	for range 1 + worthCopying {
		s.ask(path, policy.VariantHTML, "Accept-Encoding", accept)
	}
	s.copied()
}

func (s *site) made(coding string) CopyStats { return s.cache.Stats().Copies[codings.Rank(coding)] }

func TestACopyIsMadeOfWhatIsAskedForAgain(t *testing.T) {
	for _, name := range codings.Names {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, Settings{}, longPage(text("one")))
			first := s.ask("/a", policy.VariantHTML, "Accept-Encoding", name)
			require.Equal(t, miss, first.result)
			assert.Equal(t, []string{"rsc", "Accept-Encoding"}, first.Header()["Vary"])
			for range worthCopying {
				a := s.ask("/a", policy.VariantHTML, "Accept-Encoding", name)
				require.Equal(t, hit, a.result)
				assert.Empty(t, a.Header()["Content-Encoding"])
				assert.Equal(t, long("one"), a.body())
				assert.Equal(t, []string{"rsc", "Accept-Encoding"}, a.Header()["Vary"])
				assert.Equal(t, `"one"`, a.Header().Get("Etag"))
			}
			s.copied()
			check := func(served uint64) {
				a := s.ask("/a", policy.VariantHTML, "Accept-Encoding", name)
				require.Equal(t, hit, a.result)
				assert.Equal(t, name, a.Header().Get("Content-Encoding"))
				assert.Equal(t, strconv.Itoa(a.Body.Len()), a.Header().Get("Content-Length"))
				assert.Equal(t, long("one"), codingtest.Decode(t, name, a.Body.Bytes()))
				assert.Equal(t, []string{"rsc", "Accept-Encoding"}, a.Header()["Vary"])
				assert.Equal(t, `"one-`+name+`"`, a.Header().Get("Etag"))
				size := a.Body.Len()
				head := s.request(httptest.NewRequest(http.MethodHead, "/a", nil), policy.VariantHTML, "Accept-Encoding", name)
				assert.Zero(t, head.Body.Len())
				assert.Equal(t, name, head.Header().Get("Content-Encoding"))
				assert.Equal(t, strconv.Itoa(size), head.Header().Get("Content-Length"))
				assert.Equal(t, 2*served, s.made(name).Served)
			}
			check(1)
			check(2)
			assert.Equal(t, uint64(1), s.made(name).Made)
			assert.Positive(t, s.made(name).Bytes)
			for _, other := range []string{"", "identity", "deflate"} {
				a := s.ask("/a", policy.VariantHTML, "Accept-Encoding", other)
				assert.Equal(t, long("one"), a.body())
				assert.Equal(t, []string{"rsc", "Accept-Encoding"}, a.Header()["Vary"])
			}
			s.restart()
			check(1)
			assert.Zero(t, s.made(name).Made, "it is kept with its page")
			assert.EqualValues(t, 1, s.fetches.Load())
		})
	}
}

func TestNoCopyOfWhatGainsNothing(t *testing.T) {
	noise := make([]byte, 2000)
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise) // never fails
	for name, c := range map[string]struct {
		settings Settings
		upstream http.HandlerFunc
		made     uint64
		vary     bool
	}{
		"short": {upstream: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "s-maxage=60")
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, strings.Repeat("x", codings.SmallestCopied-1))
		}},
		"picture": {upstream: longPage(text("one"), "Content-Type", "image/png")},
		"no type": {upstream: func(w http.ResponseWriter, _ *http.Request) { // of what is kept, only redirects have none
			w.Header().Set("Cache-Control", "s-maxage=60")
			w.Header().Set("Location", "/b")
			w.Header().Del("Content-Type")
			w.WriteHeader(http.StatusPermanentRedirect)
			_, _ = io.WriteString(w, long("one"))
		}},
		"no-transform": {upstream: longPage(text("one"), "Cache-Control", "s-maxage=60, no-transform")},
		"switched off": {vary: true, settings: Settings{NoCopies: true}, upstream: longPage(text("one"))}, // it may be switched on
		"noise": {made: 1, vary: true, upstream: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "s-maxage=60")
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write(noise)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, c.settings, c.upstream)
			for range 3 { // that there is nothing to gain is remembered
				s.warm("/a", "br")
			}
			a := s.ask("/a", policy.VariantHTML, "Accept-Encoding", "br")
			require.Equal(t, hit, a.result)
			assert.Empty(t, a.Header()["Content-Encoding"])
			assert.Equal(t, c.made, s.made("br").Made)
			assert.Zero(t, s.made("br").Bytes)
			assert.Zero(t, s.made("br").Served)
			assert.Equal(t, c.vary, strings.Contains(strings.Join(a.Header()["Vary"], ","), "Accept-Encoding"))
		})
	}
}

func TestACopyIsOfOneBody(t *testing.T) {
	version := text("one")
	s := newSite(t, Settings{}, longPage(version))
	s.warm("/a", "br")
	coded := func() string {
		a := s.ask("/a", policy.VariantHTML, "Accept-Encoding", "br")
		if a.Header().Get("Content-Encoding") == "" {
			return "as it is: " + a.body()
		}
		return codingtest.Decode(t, "br", a.Body.Bytes())
	}
	require.Equal(t, long("one"), coded())

	s.pass(61 * time.Second) // stale, and made again with the same body: a 304 of the upstream
	require.Equal(t, long("one"), coded(), "a stale page is sent as a copy too")
	s.idle()
	require.Equal(t, long("one"), coded())
	require.EqualValues(t, 1, s.made("br").Made, "the body is the same, and so is its copy")

	version.Store("two")
	s.pass(61 * time.Second)
	require.Equal(t, long("one"), coded())
	s.idle()
	require.Equal(t, "as it is: "+long("two"), coded(), "the copy is of another body")
	require.EqualValues(t, 1, s.made("br").Made)
	s.warm("/a", "br")
	require.Equal(t, long("two"), coded())
	require.EqualValues(t, 2, s.made("br").Made)

	require.NoError(t, s.cache.Purge(Selector{Space: "zone", Group: groupOf("/a")}))
	key, _ := policy.KeyOf(asking("/a"), s.facts("/a", policy.VariantHTML), false)
	_, there := s.store.Get(t.Context(), copyKey(key, "br"))
	require.False(t, there, "a purge removes copies too")
	require.Equal(t, "as it is: "+long("two"), coded())
}

// A purge between the wish for a copy and its making leaves none behind. Nothing holds the one who makes copies between
// the two, so the test makes them.
func TestNoCopyOfWhatIsPurged(t *testing.T) {
	s := newSite(t, Settings{}, longPage(text("one")))
	s.ask("/a", policy.VariantHTML)
	key, _ := policy.KeyOf(asking("/a"), s.facts("/a", policy.VariantHTML), false)
	entry, ok := s.store.Get(t.Context(), key)
	require.True(t, ok)
	m, err := parseMeta(entry.Meta())
	require.NoError(t, err)
	require.NoError(t, entry.Close())
	job := copyJob{of: key, coding: "br", hash: m.hash, now: time.Unix(0, s.now.Load())}
	other := job
	other.hash[0]++
	require.ErrorIs(t, s.cache.copies.make(other), errNotThatBody)
	require.NoError(t, s.cache.Purge(Selector{Space: "zone", Group: groupOf("/a")}))
	require.ErrorIs(t, s.cache.copies.make(job), errNotThatBody)
	s.ask("/a", policy.VariantHTML)
	require.NoError(t, s.cache.copies.make(job))
	require.NoError(t, s.cache.copies.make(job))
	require.EqualValues(t, 1, s.made("br").Made, "it is there already")
}

func TestETagsOfCopies(t *testing.T) {
	s := newSite(t, Settings{}, longPage(text("one")))
	s.warm("/a", "br")
	for _, c := range []struct{ accept, named, want string }{
		{"br", `"one-br"`, `"one-br"`},
		{"br", `W/"one-br"`, `"one-br"`},
		{"br", `"one"`, `"one"`},
		{"br", `"zero", "one-br"`, `"one-br"`},
		{"br", `"one-br", "one"`, `"one"`},
		{"br", `*`, `"one"`},
		{"gzip, br, zstd", `"one-zstd"`, `"one-zstd"`}, // compressed on its way, on the first request
		{"gzip", `"one-br"`, ""},
		{"br;q=0, gzip", `"one-br"`, ""},
		{"br", `"two-br"`, ""},
		{"br", `"one-lzma"`, ""},
		{"", `"one-br"`, ""},
	} {
		a := s.ask("/a", policy.VariantHTML, "Accept-Encoding", c.accept, "If-None-Match", c.named, "If-Modified-Since", "Sun, 22 Nov 2026 12:00:00 GMT")
		if c.want == "" {
			assert.Equal(t, http.StatusOK, a.Code, c)
			continue
		}
		assert.Equal(t, http.StatusNotModified, a.Code, c)
		assert.Equal(t, c.want, a.Header().Get("Etag"), c)
		assert.Empty(t, a.Header()["Content-Encoding"], c)
		assert.Zero(t, a.Body.Len(), c)
		assert.Contains(t, a.Header()["Vary"], "Accept-Encoding", c)
	}
	// One who has it from a copy is answered likewise by the request that fills.
	require.NoError(t, s.cache.Purge(Selector{Space: "zone", Group: groupOf("/a")}))
	a := s.ask("/a", policy.VariantHTML, "Accept-Encoding", "br", "If-None-Match", `"one-br"`)
	require.Equal(t, policy.ResultMiss, a.result.Kind)
	assert.Equal(t, http.StatusNotModified, a.Code)
	assert.Equal(t, `"one-br"`, a.Header().Get("Etag"))
	assert.Equal(t, []string{"rsc", "Accept-Encoding"}, a.Header()["Vary"])
}

func TestPartsAreOfTheBodyAsItIs(t *testing.T) {
	s := newSite(t, Settings{}, longPage(text("one")))
	s.warm("/a", "br")
	a := s.ask("/a", policy.VariantHTML, "Accept-Encoding", "br", "Range", "bytes=0-9")
	assert.Equal(t, http.StatusPartialContent, a.Code)
	assert.Equal(t, long("one")[:10], a.body())
	assert.Empty(t, a.Header()["Content-Encoding"])
	assert.Equal(t, `"one"`, a.Header().Get("Etag"))
	a = s.ask("/a", policy.VariantHTML, "Accept-Encoding", "br", "Range", "bytes=0-9", "If-Range", `"one-br"`)
	assert.Equal(t, http.StatusOK, a.Code, "what the client has is no part of this")
	assert.Equal(t, long("one"), a.body())
}

func TestCopiesThatWaitAreBounded(t *testing.T) {
	s := newSite(t, Settings{}, longPage(text("one")))
	c := &s.cache.copies
	c.working = true // nobody takes them: no cache can be told to make copies slowly
	ask := func(n int, at time.Time) {
		key := blobstore.Key{Space: "zone", Group: strconv.Itoa(n), Name: "0"}
		for range worthCopying {
			c.ask(copyKey(key, "br"), copyJob{of: key, coding: "br", now: at})
		}
	}
	for n := range maxCopiesWaiting + 5 {
		ask(n, now)
	}
	stats := s.cache.Stats()
	assert.Equal(t, maxCopiesWaiting, stats.CopiesWaiting)
	assert.EqualValues(t, 5, stats.CopiesSkipped)
	ask(0, now)
	assert.EqualValues(t, 5, s.cache.Stats().CopiesSkipped, "what waits does not wait twice")

	first, ok := c.take()
	require.True(t, ok)
	c.settle(first, fmt.Errorf("the disk is full"))
	ask(0, now.Add(copyPause-1))
	assert.Equal(t, maxCopiesWaiting-1, s.cache.Stats().CopiesWaiting, "what has failed is left for a while")
	ask(0, now.Add(copyPause))
	assert.Equal(t, maxCopiesWaiting, s.cache.Stats().CopiesWaiting)
	for n := range maxRecent {
		ask(n, now)
	}
	assert.LessOrEqual(t, len(c.asked), maxRecent)
}
