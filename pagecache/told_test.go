package pagecache

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// Clients are told what became of their request, as far as the head can tell.
func TestWhatClientsAreToldOfAnAnswer(t *testing.T) {
	s := newSite(t, Settings{}, page(text("one")))
	ask := func(path string, change func(*policy.Facts)) http.Header {
		w, f := httptest.NewRecorder(), s.facts(path, policy.VariantHTML)
		change(&f)
		_, err := s.serve(w, asking(path), f)
		require.NoError(t, err)
		return w.Header()
	}
	same := func(*policy.Facts) {}
	assert.Equal(t, "nextjs; fwd=uri-miss; stored; detail=absent", ask("/a", same).Get("Cache-Status"))
	assert.Equal(t, "nextjs; hit; ttl=60; detail=fresh", ask("/a", same).Get("Cache-Status"))
	assert.Equal(t, "nextjs; fwd=bypass; detail=verdict", ask("/a", func(f *policy.Facts) { f.Class = policy.ClassBypass }).Get("Cache-Status"))
	shared := ask("/a", func(f *policy.Facts) { f.Unshared = true })
	assert.Equal(t, "private, no-store", shared.Get("Cache-Control"), "its URL does not tell it from others")
	unproven := ask("/b", func(f *policy.Facts) { f.BuildID = "mine" })
	assert.Equal(t, "nextjs; fwd=uri-miss; detail=absent", unproven.Get("Cache-Status"), "its end may name another build")
}

func TestWhoFollowsIsToldSo(t *testing.T) {
	lines := make(chan string)
	s := newSite(t, Settings{}, steps(lines))
	leader, follower := make(chan answer), make(chan answer)
	go func() { leader <- s.ask("/a", policy.VariantHTML) }()
	lines <- "one"
	go func() { follower <- s.ask("/a", policy.VariantHTML) }()
	waitForReaders(t, onlyFlight(s.cache), 2)
	close(lines)
	assert.Equal(t, "nextjs; fwd=uri-miss; stored; detail=absent", (<-leader).status())
	assert.Equal(t, "nextjs; fwd=uri-miss; collapsed; detail=absent", (<-follower).status(), "the leader's is what is stored")
}
