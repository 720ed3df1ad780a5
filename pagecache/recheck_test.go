package pagecache

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// A page that is fresh for long is asked for now and then, behind the clients that it is served to, and once at a time.
func TestAFreshPageIsRechecked(t *testing.T) {
	version := "one"
	s := newSite(t, Settings{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "s-maxage=3600")
		w.Header().Set("Etag", `"`+version+`"`)
		if r.Header.Get("If-None-Match") == `"`+version+`"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = w.Write([]byte(version))
	})
	s.recheck = 10 * time.Second
	served := func() string {
		a := s.ask("/a", policy.VariantHTML)
		s.idle()
		assert.Contains(t, []policy.ResultKind{policy.ResultHit, policy.ResultMiss}, a.result.Kind)
		return a.Body.String()
	}
	assert.Equal(t, "one", served())
	s.pass(9 * time.Second)
	assert.Equal(t, "one", served())
	assert.EqualValues(t, 1, s.fetches.Load())
	s.pass(time.Second)
	assert.Equal(t, "one", served())
	assert.EqualValues(t, 2, s.fetches.Load())
	assert.Equal(t, "one", served())
	assert.EqualValues(t, 2, s.fetches.Load(), "it was asked just now")
	version = "two"
	s.pass(10 * time.Second)
	assert.Equal(t, "one", served())
	assert.Equal(t, "two", served())
	assert.EqualValues(t, 3, s.fetches.Load())

	s.down.Store(true)
	s.pass(10 * time.Second)
	for range 3 {
		assert.Equal(t, "two", served(), "an application that is down changes nothing")
	}
	assert.EqualValues(t, 4, s.fetches.Load())
	s.pass(time.Hour)
	s.recheck = 0
	s.down.Store(false)
	assert.Equal(t, "two", served())
	s.pass(30 * time.Minute)
	assert.Equal(t, "two", served())
	assert.EqualValues(t, 5, s.fetches.Load(), "never, where it is off")
}
