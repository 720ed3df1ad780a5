package pagecache

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

func TestHeadersOfTheServerAreNotKept(t *testing.T) {
	s := newSite(t, Settings{}, page(text("one")))
	ask := func(server string) http.Header {
		w := httptest.NewRecorder()
		w.Header().Set("X-Frame-Options", server)
		_, err := s.serve(w, httptest.NewRequest(http.MethodGet, "/a", nil), s.facts("/a", policy.VariantHTML))
		require.NoError(t, err)
		return w.Header()
	}
	assert.Equal(t, "first", ask("first").Get("X-Frame-Options"))
	assert.Equal(t, "second", ask("second").Get("X-Frame-Options"))
	assert.EqualValues(t, 1, s.fetches.Load())
}

// hinted is a client that remembers the hints that it got before the answer.
type hinted struct {
	*httptest.ResponseRecorder
	links []string
}

func (h *hinted) WriteHeader(status int) {
	if status == http.StatusEarlyHints {
		h.links = append(h.links, h.Header().Get("Link"))
		return
	}
	h.ResponseRecorder.WriteHeader(status)
}

func TestHintsReachTheClientAndAreNotOfTheAnswer(t *testing.T) {
	s := newSite(t, Settings{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</a.css>")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Del("Link")
		w.Header().Set("Cache-Control", "s-maxage=60")
		w.WriteHeader(http.StatusOK)
	})
	w := &hinted{ResponseRecorder: httptest.NewRecorder()}
	_, err := s.serve(w, httptest.NewRequest(http.MethodGet, "/a", nil), s.facts("/a", policy.VariantHTML))
	require.NoError(t, err)
	assert.Equal(t, []string{"</a.css>"}, w.links)
	assert.NotContains(t, w.Header(), "Link")
	assert.NotContains(t, s.ask("/a", policy.VariantHTML).Header(), "Link")
}

func TestAClosedCacheStillAnswers(t *testing.T) {
	s := newSite(t, Settings{}, page(text("one")))
	s.ask("/a", policy.VariantHTML)
	s.pass(61e9)
	s.cache.Close()
	a := s.ask("/a", policy.VariantHTML)
	assert.Equal(t, "one 0", a.body())
	assert.Equal(t, policy.ResultStale, a.result.Kind)
	assert.EqualValues(t, 1, s.fetches.Load(), "nothing is begun in the background")
	assert.Equal(t, "one 0", s.ask("/b", policy.VariantHTML).body())
	assert.Nil(t, onlyFlight(s.cache))
}
