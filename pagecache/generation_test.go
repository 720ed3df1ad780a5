package pagecache

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestAChangedVariantMakesTheOthersFetchFirst(t *testing.T) {
	words := text("one")
	s := newSite(t, Settings{}, page(words))
	s.ask("/a", VariantHTML)
	s.ask("/a", VariantRSC)
	s.idle()
	s.pass(50 * time.Second)
	assert.Equal(t, hit, s.ask("/a", VariantHTML).result)
	assert.Equal(t, hit, s.ask("/a", VariantRSC).result)
	words.Store("two")
	s.pass(11 * time.Second)
	assert.Equal(t, "one 0", s.ask("/a", VariantHTML).body())
	s.idle()
	assert.Equal(t, "two 0", s.ask("/a", VariantHTML).body())
	a := s.ask("/a", VariantRSC)
	assert.Equal(t, "two 1", a.body())
	assert.Equal(t, Result{ResultMiss, ReasonGeneration}, a.result)
}

func TestAnotherGenerationHoldsAfterARestart(t *testing.T) {
	words := text("one")
	s := newSite(t, Settings{}, page(words))
	s.ask("/a", VariantHTML)
	s.ask("/a", VariantRSC)
	s.idle()
	s.pass(61 * time.Second)
	words.Store("two")
	s.ask("/a", VariantHTML)
	s.idle()
	s.restart()
	assert.Equal(t, "two 0", s.ask("/a", VariantHTML).body())
	assert.Equal(t, "two 1", s.ask("/a", VariantRSC).body())
}

func TestANewVariantIsComparedThroughTheOthers(t *testing.T) {
	words := text("one")
	s := newSite(t, Settings{}, page(words))
	s.ask("/a", VariantHTML)
	words.Store("two")
	assert.Equal(t, "two 1", s.ask("/a", VariantRSC).body())
	assert.Equal(t, "two 0", s.ask("/a", VariantHTML).body(), "its client has seen two")
}

// A variant that is new makes nobody wait: another one is fetched in the background, which shows whether the page has changed.
func TestADoubtIsResolvedInTheBackground(t *testing.T) {
	s := newSite(t, Settings{}, page(text("one")))
	s.ask("/a", VariantHTML)
	s.ask("/a", VariantRSC)
	s.idle()
	assert.EqualValues(t, 3, s.fetches.Load(), "the document twice")
	assert.Equal(t, hit, s.ask("/a", VariantHTML).result)
	assert.Equal(t, hit, s.ask("/a", VariantRSC).result)
	s.ask("/a", VariantPrefetch)
	s.idle()
	assert.EqualValues(t, 5, s.fetches.Load())
	for _, variant := range []Variant{VariantHTML, VariantRSC, VariantPrefetch} {
		assert.Equal(t, hit, s.ask("/a", variant).result, variant)
	}
	assert.EqualValues(t, 5, s.fetches.Load())
}

// failing has an upstream fail for documents while it is set.
func failing(fails *atomic.Bool, upstream http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if fails.Load() && variantOf(r) == VariantHTML {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		upstream(w, r)
	}
}

// newDoubtful is a site whose document is in doubt, and could not be fetched in the background.
func newDoubtful(t *testing.T, words *atomic.Value, changed string) *site {
	var fails atomic.Bool
	s := newSite(t, Settings{}, failing(&fails, page(words)))
	s.ask("/a", VariantHTML)
	words.Store(changed)
	fails.Store(true)
	s.ask("/a", VariantRSC)
	s.idle()
	fails.Store(false)
	return s
}

// Where the document cannot be fetched again, who asks for it has it fetched.
func TestADoubtThatCannotBeResolvedStays(t *testing.T) {
	a := newDoubtful(t, text("one"), "two").ask("/a", VariantHTML)
	assert.Equal(t, "two 0", a.body(), "its client has seen two")
	assert.Equal(t, Result{ResultMiss, ReasonGeneration}, a.result)
}

func TestWhatMayBeOlderStandsInForADeadUpstream(t *testing.T) {
	s := newDoubtful(t, text("one"), "one")
	s.down.Store(true)
	assert.Equal(t, Result{ResultStale, ReasonError}, s.ask("/a", VariantHTML).result)
}

func TestVariantsAgeTogether(t *testing.T) {
	s := newSite(t, Settings{}, page(text("one")))
	s.ask("/a", VariantHTML)
	s.pass(50 * time.Second)
	s.ask("/a", VariantRSC)
	s.idle()
	s.pass(11 * time.Second)
	assert.Equal(t, ResultStale, s.ask("/a", VariantHTML).result.Kind)
	assert.Equal(t, ResultStale, s.ask("/a", VariantRSC).result.Kind)
	s.idle()
	assert.Equal(t, hit, s.ask("/a", VariantRSC).result)
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
	go func() { slow <- s.ask("/a", VariantHTML, "Hold", "1") }()
	<-arrived // it will bring one
	words.Store("two")
	assert.Equal(t, "two 1", s.ask("/a", VariantRSC).body())
	late := make(chan answer)
	go func() { late <- s.ask("/a", VariantHTML) }()
	assert.Equal(t, "two 0", (<-late).body(), "it must not wait for the first one")
	close(release)
	assert.Equal(t, "one 0", (<-slow).body())
	assert.Equal(t, "two 0", s.ask("/a", VariantHTML).body())
	assert.Equal(t, "two 1", s.ask("/a", VariantRSC).body())
}
