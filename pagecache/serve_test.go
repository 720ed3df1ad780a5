package pagecache

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

func TestWhatIsKeptIsServedWithoutTheUpstream(t *testing.T) {
	s := newSite(t, Settings{}, page(text("one")))
	first := s.ask("/a", policy.VariantHTML)
	assert.Equal(t, miss, first.result)
	assert.Equal(t, "one 0", first.body())
	s.pass(10 * time.Second)
	second := s.ask("/a", policy.VariantHTML)
	assert.Equal(t, hit, second.result)
	assert.Equal(t, "one 0", second.body())
	assert.Equal(t, "text/html", second.Header().Get("Content-Type"))
	assert.Equal(t, "10", second.Header().Get("Age"))
	assert.Equal(t, "5", second.Header().Get("Content-Length"))
	assert.Equal(t, "nextjs; hit; ttl=50; detail=fresh", second.status())
	assert.EqualValues(t, 1, s.fetches.Load())
	assert.Equal(t, miss, s.ask("/b", policy.VariantHTML).result, "another page")
	assert.Equal(t, miss, s.ask("/a", policy.VariantRSC).result, "another variant")
}

func TestAHeadOfSeveralValuesComesBackAsItWas(t *testing.T) {
	s := newSite(t, Settings{}, func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "s-maxage=60")
		h["X-Nextjs-Prerender"] = []string{"1", "1"}
		h["Link"] = []string{"a", "b", "c"}
		h.Set("Date", "Fri, 15 Jan 2027 07:59:59 GMT")
		h.Set("Connection", "keep-alive")
		h.Set("Empty", "")
		w.WriteHeader(http.StatusNotFound)
	})
	s.ask("/a", policy.VariantHTML)
	a := s.ask("/a", policy.VariantHTML)
	assert.Equal(t, hit, a.result)
	assert.Equal(t, http.StatusNotFound, a.Code)
	assert.Equal(t, []string{"1", "1"}, a.Header()["X-Nextjs-Prerender"])
	assert.Equal(t, []string{"a", "b", "c"}, a.Header()["Link"])
	assert.Equal(t, []string{""}, a.Header()["Empty"])
	assert.Equal(t, "Fri, 15 Jan 2027 07:59:59 GMT", a.Header().Get("Date"), "when Next.js has made it (RFC 9110, 6.6.1)")
	assert.NotContains(t, a.Header(), "Connection")
}

func TestAStalePageIsServedAndFetchedOnce(t *testing.T) {
	words := text("one")
	s := newSite(t, Settings{}, page(words))
	s.ask("/a", policy.VariantHTML)
	s.pass(61 * time.Second)
	words.Store("two")
	release := make(chan struct{})
	upstream := s.upstream
	s.upstream = func(w http.ResponseWriter, r *http.Request) {
		<-release
		upstream(w, r)
	}
	for range 10 {
		a := s.ask("/a", policy.VariantHTML)
		assert.Equal(t, Result{policy.ResultStale, policy.ReasonExpired}, a.result)
		assert.Equal(t, "one 0", a.body())
	}
	close(release)
	s.idle()
	a := s.ask("/a", policy.VariantHTML)
	assert.Equal(t, hit, a.result)
	assert.Equal(t, "two 0", a.body())
	assert.EqualValues(t, 2, s.fetches.Load())
	assert.Equal(t, `"one"`, s.asked[1].Header.Get("If-None-Match"))
}

func TestAnUnchangedPageIsFreshAgain(t *testing.T) {
	s := newSite(t, Settings{}, page(text("one")))
	s.ask("/a", policy.VariantHTML)
	for range 3 {
		s.pass(61 * time.Second)
		assert.Equal(t, Result{policy.ResultStale, policy.ReasonExpired}, s.ask("/a", policy.VariantHTML).result)
		s.idle()
		a := s.ask("/a", policy.VariantHTML)
		assert.Equal(t, hit, a.result)
		assert.Equal(t, "one 0", a.body())
		assert.Equal(t, "text/html", a.Header().Get("Content-Type"))
	}
}

func TestAFullPoolServesStaleWithoutFetching(t *testing.T) {
	s := newSite(t, Settings{Revalidations: 1}, page(text("one")))
	s.ask("/a", policy.VariantHTML)
	s.ask("/b", policy.VariantHTML)
	s.pass(61 * time.Second)
	release := make(chan struct{})
	upstream := s.upstream
	s.upstream = func(w http.ResponseWriter, r *http.Request) {
		<-release
		upstream(w, r)
	}
	assert.Equal(t, policy.ResultStale, s.ask("/a", policy.VariantHTML).result.Kind)
	assert.Equal(t, policy.ResultStale, s.ask("/b", policy.VariantHTML).result.Kind)
	assert.EqualValues(t, 1, s.cache.Stats().Skipped)
	close(release)
	s.idle()
	assert.Equal(t, hit, s.ask("/a", policy.VariantHTML).result)
	assert.Equal(t, policy.ResultStale, s.ask("/b", policy.VariantHTML).result.Kind, "it was not fetched")
	s.idle()
}

func TestThousandClientsOfAnExpiredPageFetchItOnce(t *testing.T) {
	s := newSite(t, Settings{}, page(text("one")))
	s.ask("/a", policy.VariantHTML)
	s.pass(24 * time.Hour)
	var clients sync.WaitGroup
	for range 1000 {
		clients.Go(func() {
			assert.Equal(t, "one 0", s.ask("/a", policy.VariantHTML).body())
		})
	}
	clients.Wait()
	assert.EqualValues(t, 2, s.fetches.Load())
}

func TestWhatIsNotKept(t *testing.T) {
	headers := func(pairs ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(pairs); i += 2 {
				w.Header().Set(pairs[i], pairs[i+1])
			}
			_, _ = w.Write([]byte("text"))
		}
	}
	for name, c := range map[string]struct {
		upstream http.HandlerFunc
		reason   policy.Reason
	}{
		"no freshness":                 {headers(), policy.ReasonNoFreshness},
		"Set-Cookie":                   {headers("Cache-Control", "s-maxage=60", "Set-Cookie", "a=b"), policy.ReasonSetCookie},
		"too large":                    {headers("Cache-Control", "s-maxage=60", "Content-Length", "2000"), policy.ReasonTooLarge},
		"a length that makes no sense": {headers("Cache-Control", "s-maxage=60", "Content-Length", "-4"), policy.ReasonIncomplete},
		"too large, as it turns out": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "s-maxage=60")
			_, _ = w.Write(make([]byte, 2000))
		}, policy.ReasonTooLarge},
		"trailers":          {headers("Cache-Control", "s-maxage=60", "Trailer", "X"), policy.ReasonTrailers},
		"a coding":          {headers("Cache-Control", "s-maxage=60", "Content-Encoding", "gzip"), policy.ReasonCoding},
		"shorter than said": {headers("Cache-Control", "s-maxage=60", "Content-Length", "5"), policy.ReasonIncomplete},
		"trailers without notice": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "s-maxage=60")
			_, _ = w.Write([]byte("text"))
			w.Header().Set(http.TrailerPrefix+"X", "1")
		}, policy.ReasonTrailers},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, Settings{MaxBody: 1000}, c.upstream)
			for range 2 {
				assert.Equal(t, Result{policy.ResultMiss, c.reason}, s.ask("/a", policy.VariantHTML).result)
			}
			assert.EqualValues(t, 2, s.fetches.Load())
		})
	}
}

func TestASegmentTakesTheTagsOfItsPage(t *testing.T) {
	tags := "x"
	s := newSite(t, Settings{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "s-maxage=60")
		if variantOf(r) == policy.VariantHTML {
			w.Header().Set(policy.TagsHeader, tags)
		}
	})
	assert.Equal(t, Result{policy.ResultMiss, policy.ReasonTags}, s.ask("/a", policy.VariantSegment).result)
	s.ask("/a", policy.VariantHTML)
	assert.Equal(t, miss, s.ask("/a", policy.VariantSegment).result)
	assert.Equal(t, hit, s.ask("/a", policy.VariantSegment).result)
	require.NoError(t, s.cache.Purge(Selector{Space: "zone", Tag: "x"}))
	assert.Equal(t, Result{policy.ResultMiss, policy.ReasonPurged}, s.ask("/a", policy.VariantSegment).result)
}

func TestAPageThatIsNoLongerKeptIsNotServedOn(t *testing.T) {
	words := text("one")
	s := newSite(t, Settings{}, page(words))
	s.ask("/a", policy.VariantHTML)
	s.pass(61 * time.Second)
	s.upstream = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "private")
		_, _ = w.Write([]byte("yours"))
	}
	assert.Equal(t, "one 0", s.ask("/a", policy.VariantHTML).body())
	s.idle()
	assert.Equal(t, "yours", s.ask("/a", policy.VariantHTML).body())
	assert.Zero(t, s.cache.Stats().Failed)
}

func TestPastTheCache(t *testing.T) {
	s := newSite(t, Settings{}, page(text("one")))
	s.ask("/a", policy.VariantHTML)
	a := s.ask("/a", policy.VariantHTML, "Authorization", "Basic x")
	assert.Equal(t, Result{policy.ResultBypass, policy.ReasonAuthorization}, a.result)
	assert.Equal(t, "nextjs; fwd=bypass; detail=authorization", a.status())
	post := s.request(httptest.NewRequest(http.MethodPost, "/a", nil), policy.VariantHTML)
	assert.Equal(t, Result{policy.ResultBypass, policy.ReasonMethod}, post.result)
	assert.EqualValues(t, 3, s.fetches.Load())
}

func TestPartsAndConditions(t *testing.T) {
	s := newSite(t, Settings{}, page(text("one")))
	partial := s.ask("/a", policy.VariantHTML, "Range", "bytes=0-1")
	assert.Equal(t, Result{policy.ResultMiss, policy.ReasonRange}, partial.result, "what comes may not be the whole")
	head := s.request(httptest.NewRequest(http.MethodHead, "/a", nil), policy.VariantHTML)
	assert.Equal(t, Result{policy.ResultMiss, policy.ReasonMethod}, head.result)

	first := s.ask("/a", policy.VariantHTML, "If-None-Match", `W/"one"`)
	assert.Equal(t, miss, first.result)
	assert.Equal(t, http.StatusNotModified, first.Code, "the client has it; the cache has not")
	assert.Empty(t, first.body())
	assert.Equal(t, 200, s.ask("/a", policy.VariantHTML).Code)

	partial = s.ask("/a", policy.VariantHTML, "Range", "bytes=1-2")
	assert.Equal(t, hit, partial.result)
	assert.Equal(t, http.StatusPartialContent, partial.Code)
	assert.Equal(t, "ne", partial.body())
	assert.Equal(t, "bytes 1-2/5", partial.Header().Get("Content-Range"))
	same := s.ask("/a", policy.VariantHTML, "If-None-Match", `"x", "one"`)
	assert.Equal(t, http.StatusNotModified, same.Code)
	assert.Equal(t, hit, same.result)
	assert.Equal(t, `"one"`, same.Header().Get("Etag"))
	assert.Equal(t, 200, s.ask("/a", policy.VariantHTML, "If-None-Match", `"two"`).Code)
	head = s.request(httptest.NewRequest(http.MethodHead, "/a", nil), policy.VariantHTML)
	assert.Equal(t, hit, head.result)
	assert.Equal(t, "5", head.Header().Get("Content-Length"))
	assert.Empty(t, head.body())
}

func TestNextURLCountsOnceAnAnswerSaysSo(t *testing.T) {
	s := newSite(t, Settings{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "s-maxage=60")
		w.Header().Set("Vary", "next-url")
		_, _ = w.Write([]byte(r.Header.Get("Next-Url")))
	})
	for _, from := range []string{"/x", "/y"} {
		assert.Equal(t, from, s.ask("/a", policy.VariantRSC, "Next-Url", from).body())
	}
	for _, from := range []string{"/x", "/y", "/z"} {
		assert.Equal(t, from, s.ask("/a", policy.VariantRSC, "Next-Url", from).body())
	}
}

func TestALargeBodyIsKeptWhole(t *testing.T) {
	large := strings.Repeat("0123456789abcdef", 50_000)
	s := newSite(t, Settings{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "s-maxage=60")
		for rest := large; rest != ""; rest = rest[min(7777, len(rest)):] {
			_, _ = w.Write([]byte(rest[:min(7777, len(rest))]))
		}
	})
	require.Equal(t, large, s.ask("/a", policy.VariantHTML).body())
	a := s.ask("/a", policy.VariantHTML)
	assert.Equal(t, hit, a.result)
	require.Equal(t, large, a.body())
	assert.Zero(t, s.cache.Stats().Filling)
}

// Whoever has an answer that is not kept is told so, as by Next.js: by the cache where it took the condition off to
// fill itself, else by the upstream.
func TestConditionsOfAnswersThatAreNotKept(t *testing.T) {
	var asked []string
	s := newSite(t, Settings{}, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("If-None-Match"))
		w.Header().Set("Etag", `"one"`)
		if r.Header.Get("If-None-Match") == `"one"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, "body")
	})
	for _, etag := range []string{`W/"one"`, `"one"`, `"two"`} {
		a := s.ask("/a", policy.VariantHTML, "If-None-Match", etag)
		want := http.StatusNotModified
		if etag == `"two"` {
			want = http.StatusOK
			assert.Equal(t, "body", a.Body.String())
		} else {
			assert.Empty(t, a.Body.String())
		}
		assert.Equal(t, want, a.Code, etag)
		assert.Equal(t, `"one"`, a.Header().Get("Etag"))
	}
	assert.Equal(t, []string{"", `"one"`, `"two"`}, asked)
}

// What is never kept goes through as it is; once it may be kept it is, and what is being fetched of its page meanwhile
// is not.
func TestWhatIsNeverKeptPasses(t *testing.T) {
	var kept atomic.Bool
	held, release := make(chan struct{}), make(chan struct{})
	s := newSite(t, Settings{}, func(w http.ResponseWriter, r *http.Request) {
		if variantOf(r) == policy.VariantRSC { // the payload, of before
			close(held)
			<-release
			w.Header().Set("Cache-Control", "s-maxage=60")
			_, _ = io.WriteString(w, "old")
			return
		}
		if kept.Load() {
			w.Header().Set("Cache-Control", "s-maxage=60")
		}
		w.WriteHeader(http.StatusEarlyHints)
		_ = http.NewResponseController(w).Flush()
		_, _ = io.WriteString(w, "new")
	})
	for range 3 {
		a := s.ask("/a", policy.VariantHTML)
		assert.Equal(t, Result{policy.ResultMiss, policy.ReasonNoFreshness}, a.result)
		assert.Equal(t, "new", a.Body.String())
		assert.Equal(t, "nextjs; fwd=miss; detail=no-freshness", a.status())
	}
	done := make(chan answer)
	go func() { done <- s.ask("/a", policy.VariantRSC) }()
	<-held
	kept.Store(true)
	assert.Equal(t, Result{policy.ResultMiss, policy.ReasonAbsent}, s.ask("/a", policy.VariantHTML).result, "it passes once more")
	close(release)
	assert.Equal(t, "old", (<-done).Body.String())
	held, release = make(chan struct{}), make(chan struct{})
	close(release)
	assert.Equal(t, policy.ResultMiss, s.ask("/a", policy.VariantRSC).result.Kind, "it was not kept")
	s.ask("/a", policy.VariantHTML)
	s.idle()
	assert.Equal(t, hit, s.ask("/a", policy.VariantHTML).result)
}
