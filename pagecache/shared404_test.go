package pagecache

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func toldFor(seconds int) string {
	return fmt.Sprintf("public, max-age=0, s-maxage=%d, must-revalidate", seconds)
}

// From when a cache in front gets a 404 it is told to keep it for Shared404 at most, and never for longer than Next.js
// says.
func TestA404IsToldForAShortTime(t *testing.T) {
	const ask = "public, max-age=0, must-revalidate"
	fresh, miss := Result{ResultHit, ReasonFresh}, Result{ResultMiss, ReasonAbsent}
	stale := Result{ResultStale, ReasonExpired}
	kept := func(result Result, age time.Duration) Told {
		return Told{Result: result, Age: age, Status: http.StatusNotFound, Shared404: time.Minute}
	}
	for _, c := range []struct {
		cacheControl string
		told         Told
		want         string
		etag         bool // stays
		shortened    bool
	}{
		{toldFor(31536000), kept(miss, 0), toldFor(60), false, true},
		{toldFor(31536000), kept(fresh, 0), toldFor(60), false, true},
		{toldFor(31536000), kept(fresh, 3900*time.Millisecond), toldFor(63), false, true},
		{toldFor(31536000), kept(fresh, 100*24*time.Hour), toldFor(8640060), false, true},
		{toldFor(31536000), kept(fresh, 31535990*second), toldFor(31536000), false, true},
		{toldFor(100), kept(fresh, 30*second), toldFor(90), false, true},
		{toldFor(100), kept(fresh, 50*second), toldFor(100), false, true},
		{toldFor(31536000) + ", no-transform", kept(fresh, 9*second), toldFor(69) + ", no-transform", false, true},
		// What Next.js keeps for no longer stays as it is.
		{toldFor(60), kept(fresh, 9*second), toldFor(60), true, false},
		{toldFor(5), kept(fresh, 2*second), toldFor(5), true, false},
		{toldFor(5), kept(miss, 0), toldFor(5), true, false},
		// What is stale must be asked for, which would be answered with the time of a fresh one.
		{toldFor(31536000), kept(stale, 9*second), ask, false, false},
		{ask, kept(miss, 0), ask, false, false},
		// An application's own, and what nobody may keep.
		{"public, s-maxage=600", kept(fresh, 9*second), "public, s-maxage=600", true, false},
		{never, kept(miss, 0), never, true, false},
		{"", kept(miss, 0), "", true, false},
		{toldFor(31536000), Told{Result: fresh, Status: 200, Shared404: time.Minute}, toldFor(31536000), true, false},
		{toldFor(31536000), Told{Result: fresh, Status: 308, Shared404: time.Minute}, toldFor(31536000), true, false},
		{toldFor(31536000), Told{Result: fresh, Status: http.StatusNotFound}, toldFor(31536000), true, false},
		{
			toldFor(31536000),
			Told{Result: fresh, Status: 404, Shared404: time.Minute, Unshared: true},
			"private, no-store", true, false,
		},
	} {
		h := fields("Etag", `"x"`)
		if c.cacheControl != "" {
			h.Set("Cache-Control", c.cacheControl)
		}
		shortened := Tell(h, c.told)
		assert.Equal(t, c.want, h.Get("Cache-Control"), "%q %+v", c.cacheControl, c.told)
		assert.Equal(t, c.etag, h.Get("Etag") != "", "%q %+v", c.cacheControl, c.told)
		assert.Equal(t, c.shortened, shortened, "%q %+v", c.cacheControl, c.told)
	}
	// A cache before the application has had it for a while.
	h := fields("Cache-Control", toldFor(31536000), "Age", "100")
	assert.True(t, Tell(h, kept(miss, 0)))
	assert.Equal(t, toldFor(160), h.Get("Cache-Control"))
}

// Whatever clients are told of a 404, this cache keeps it for as long as Next.js says, and asks for it by its ETag.
func TestAKept404LivesAsLongAsNextJSSays(t *testing.T) {
	s := newSite(t, Settings{}, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", toldFor(3600))
		h.Set("X-Nextjs-Cache", "MISS")
		h.Set("Etag", `"x"`)
		h.Set("Content-Type", html)
		if r.Header.Get("If-None-Match") == `"x"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte("nothing here"))
	})
	s.said = Said{CacheControl: []string{"s-maxage=3600, stale-while-revalidate=9"}}
	s.shared404 = time.Minute
	for _, step := range []struct {
		after   time.Duration
		kind    ResultKind
		seconds int
		age     string
	}{
		{0, ResultMiss, 60, ""},
		{0, ResultHit, 60, "0"},
		{59 * second, ResultHit, 119, "59"},
		{1000 * second, ResultHit, 1119, "1059"},
		{2500 * second, ResultHit, 3600, "3559"},
	} {
		s.pass(step.after)
		a := s.ask("/absent", VariantHTML)
		assert.Equal(t, step.kind, a.result.Kind, "%+v", step)
		assert.Equal(t, http.StatusNotFound, a.Code)
		assert.Equal(t, toldFor(step.seconds), a.Header().Get("Cache-Control"), "%+v", step)
		assert.Equal(t, step.age, a.Header().Get("Age"))
		assert.Empty(t, a.Header()["Etag"])
		assert.Equal(t, "nothing here", a.body())
	}
	assert.EqualValues(t, 1, s.fetches.Load())
	assert.EqualValues(t, 5, s.shortened.Load())

	// Its time is over: it is served once more, and renewed by its ETag.
	s.pass(45 * second)
	a := s.ask("/absent", VariantHTML)
	assert.Equal(t, ResultStale, a.result.Kind)
	assert.Equal(t, "public, max-age=0, must-revalidate", a.Header().Get("Cache-Control"))
	assert.Empty(t, a.Header()["Etag"])
	s.idle()
	s.mu.Lock()
	assert.Equal(t, `"x"`, s.asked[1].Header.Get("If-None-Match"))
	s.mu.Unlock()
	s.pass(7 * second)
	a = s.ask("/absent", VariantHTML)
	assert.Equal(t, ResultHit, a.result.Kind)
	assert.Equal(t, toldFor(67), a.Header().Get("Cache-Control"), "a 304 begins its time anew")
}
