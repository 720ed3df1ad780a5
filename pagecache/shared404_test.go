package pagecache

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

func toldFor(seconds int) string {
	return fmt.Sprintf("public, max-age=0, s-maxage=%d, must-revalidate", seconds)
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
	s.said = policy.Said{CacheControl: []string{"s-maxage=3600, stale-while-revalidate=9"}}
	s.shared404 = time.Minute
	for _, step := range []struct {
		after   time.Duration
		kind    policy.ResultKind
		seconds int
		age     string
	}{
		{0, policy.ResultMiss, 60, ""},
		{0, policy.ResultHit, 60, "0"},
		{59 * second, policy.ResultHit, 119, "59"},
		{1000 * second, policy.ResultHit, 1119, "1059"},
		{2500 * second, policy.ResultHit, 3600, "3559"},
	} {
		s.pass(step.after)
		a := s.ask("/absent", policy.VariantHTML)
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
	a := s.ask("/absent", policy.VariantHTML)
	assert.Equal(t, policy.ResultStale, a.result.Kind)
	assert.Equal(t, "public, max-age=0, must-revalidate", a.Header().Get("Cache-Control"))
	assert.Empty(t, a.Header()["Etag"])
	s.idle()
	s.mu.Lock()
	assert.Equal(t, `"x"`, s.asked[1].Header.Get("If-None-Match"))
	s.mu.Unlock()
	s.pass(7 * second)
	a = s.ask("/absent", policy.VariantHTML)
	assert.Equal(t, policy.ResultHit, a.result.Kind)
	assert.Equal(t, toldFor(67), a.Header().Get("Cache-Control"), "a 304 begins its time anew")
}
