package pagecache

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

func TestAChangedVariantMakesTheOthersFetchFirst(t *testing.T) {
	words := text("one")
	s := newSite(t, Settings{}, page(words))
	s.ask("/a", policy.VariantHTML)
	s.ask("/a", policy.VariantRSC)
	s.idle()
	s.pass(50 * time.Second)
	assert.Equal(t, hit, s.ask("/a", policy.VariantHTML).result)
	assert.Equal(t, hit, s.ask("/a", policy.VariantRSC).result)
	words.Store("two")
	s.pass(11 * time.Second)
	assert.Equal(t, "one 0", s.ask("/a", policy.VariantHTML).body())
	s.idle()
	assert.Equal(t, "two 0", s.ask("/a", policy.VariantHTML).body())
	a := s.ask("/a", policy.VariantRSC)
	assert.Equal(t, "two 1", a.body())
	assert.Equal(t, Result{policy.ResultMiss, policy.ReasonGeneration}, a.result)
}

func TestAnotherGenerationHoldsAfterARestart(t *testing.T) {
	words := text("one")
	s := newSite(t, Settings{}, page(words))
	s.ask("/a", policy.VariantHTML)
	s.ask("/a", policy.VariantRSC)
	s.idle()
	s.pass(61 * time.Second)
	words.Store("two")
	s.ask("/a", policy.VariantHTML)
	s.idle()
	s.restart()
	assert.Equal(t, "two 0", s.ask("/a", policy.VariantHTML).body())
	assert.Equal(t, "two 1", s.ask("/a", policy.VariantRSC).body())
}

func TestANewVariantIsComparedThroughTheOthers(t *testing.T) {
	words := text("one")
	s := newSite(t, Settings{}, page(words))
	s.ask("/a", policy.VariantHTML)
	words.Store("two")
	assert.Equal(t, "two 1", s.ask("/a", policy.VariantRSC).body())
	assert.Equal(t, "two 0", s.ask("/a", policy.VariantHTML).body(), "its client has seen two")
}

// A variant that is new makes nobody wait: another one is fetched in the background, which shows whether the page has
// changed.
func TestSuspectVariantsAreFetchedInTheBackground(t *testing.T) {
	s := newSite(t, Settings{}, page(text("one")))
	s.ask("/a", policy.VariantHTML)
	s.ask("/a", policy.VariantRSC)
	s.idle()
	assert.EqualValues(t, 3, s.fetches.Load(), "the document twice")
	assert.Equal(t, hit, s.ask("/a", policy.VariantHTML).result)
	assert.Equal(t, hit, s.ask("/a", policy.VariantRSC).result)
	s.ask("/a", policy.VariantPrefetch)
	s.idle()
	assert.EqualValues(t, 5, s.fetches.Load())
	for _, variant := range []policy.Variant{policy.VariantHTML, policy.VariantRSC, policy.VariantPrefetch} {
		assert.Equal(t, hit, s.ask("/a", variant).result, variant)
	}
	assert.EqualValues(t, 5, s.fetches.Load())
}

// failing has an upstream fail for documents while it is set.
func failing(fails *atomic.Bool, upstream http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if fails.Load() && variantOf(r) == policy.VariantHTML {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		upstream(w, r)
	}
}

// newSuspect is a site whose document is suspect, and could not be fetched in the background.
func newSuspect(t *testing.T, words *atomic.Value, changed string) *site {
	var fails atomic.Bool
	s := newSite(t, Settings{}, failing(&fails, page(words)))
	s.ask("/a", policy.VariantHTML)
	words.Store(changed)
	fails.Store(true)
	s.ask("/a", policy.VariantRSC)
	s.idle()
	fails.Store(false)
	return s
}

// Where the document cannot be fetched again, who asks for it has it fetched.
func TestVariantsThatCannotBeFetchedStaySuspect(t *testing.T) {
	a := newSuspect(t, text("one"), "two").ask("/a", policy.VariantHTML)
	assert.Equal(t, "two 0", a.body(), "its client has seen two")
	assert.Equal(t, Result{policy.ResultMiss, policy.ReasonGeneration}, a.result)
}

func TestWhatMayBeOlderStandsInForADeadUpstream(t *testing.T) {
	s := newSuspect(t, text("one"), "one")
	s.down.Store(true)
	assert.Equal(t, Result{policy.ResultStale, policy.ReasonError}, s.ask("/a", policy.VariantHTML).result)
}

func TestVariantsAgeTogether(t *testing.T) {
	s := newSite(t, Settings{}, page(text("one")))
	s.ask("/a", policy.VariantHTML)
	s.pass(50 * time.Second)
	s.ask("/a", policy.VariantRSC)
	s.idle()
	s.pass(11 * time.Second)
	assert.Equal(t, policy.ResultStale, s.ask("/a", policy.VariantHTML).result.Kind)
	assert.Equal(t, policy.ResultStale, s.ask("/a", policy.VariantRSC).result.Kind)
	s.idle()
	assert.Equal(t, hit, s.ask("/a", policy.VariantRSC).result)
}

func TestWhoHasAWholeAnswerIsNotGivenAnOlderOne(t *testing.T) {
	words := text("one")
	s := newSite(t, Settings{}, nil)
	arrived, release := make(chan struct{}, 1), make(chan struct{})
	s.upstream = func(w http.ResponseWriter, r *http.Request) {
		version := words.Load().(string)
		if r.Header.Get("Hold") != "" {
			arrived <- struct{}{}
			<-release
		}
		page(text(version))(w, r)
	}
	slow := make(chan answer)
	go func() { slow <- s.ask("/a", policy.VariantHTML, "Hold", "1") }()
	<-arrived // it will bring one
	words.Store("two")
	assert.Equal(t, "two 1", s.ask("/a", policy.VariantRSC).body())
	late := make(chan answer)
	go func() { late <- s.ask("/a", policy.VariantHTML) }()
	assert.Equal(t, "two 0", (<-late).body(), "it must not wait for the first one")
	close(release)
	assert.Equal(t, "one 0", (<-slow).body())
	assert.Equal(t, "two 0", s.ask("/a", policy.VariantHTML).body())
	assert.Equal(t, "two 1", s.ask("/a", policy.VariantRSC).body())
}
