package pagecache

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// selectors are all ways to purge the page /docs/a of text "one".
var selectors = map[string]Selector{
	"page":          {Space: "zone", Group: groupOf("/docs/a")},
	"prefix":        {Space: "zone", Prefix: "/docs/"},
	"tag":           {Space: "zone", Tag: "t-one"},
	"zone":          {Space: "zone", All: true},
	"all prefixes":  {Prefix: "/docs/"},
	"tag, anywhere": {Tag: "t-one"},
	"everything":    {All: true},
}

func TestAPurgedPageIsFetchedFirst(t *testing.T) {
	for name, selector := range selectors {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, Settings{}, page(text("one")))
			s.ask("/docs/a", policy.VariantHTML)
			s.ask("/docs/a", policy.VariantRSC)
			s.ask("/docs/a", policy.VariantHTML)
			require.NoError(t, s.cache.Purge(selector))
			for _, variant := range []policy.Variant{policy.VariantHTML, policy.VariantRSC} {
				assert.Equal(t, policy.ResultMiss, s.ask("/docs/a", variant).result.Kind)
			}
			s.ask("/docs/a", policy.VariantHTML) // suspect, if its page's record was purged
			assert.Equal(t, hit, s.ask("/docs/a", policy.VariantHTML).result)
		})
	}
}

func TestAPurgeHoldsAfterARestart(t *testing.T) {
	for name, selector := range selectors {
		for _, soft := range []bool{false, true} {
			t.Run(fmt.Sprint(name, soft), func(t *testing.T) {
				s := newSite(t, Settings{}, page(text("one")))
				s.ask("/docs/a", policy.VariantHTML)
				selector.Soft = soft
				require.NoError(t, s.cache.Purge(selector))
				s.restart()
				assert.NotEqual(t, policy.ResultHit, s.ask("/docs/a", policy.VariantHTML).result.Kind)
				s.idle()
				s.restart()
				assert.Equal(t, hit, s.ask("/docs/a", policy.VariantHTML).result, "it was fetched after the purge")
			})
		}
	}
}

func TestASoftlyPurgedPageIsServedOnceMore(t *testing.T) {
	for name, selector := range selectors {
		t.Run(name, func(t *testing.T) {
			words := text("one")
			s := newSite(t, Settings{}, page(words))
			s.ask("/docs/a", policy.VariantHTML)
			selector.Soft = true
			require.NoError(t, s.cache.Purge(selector))
			words.Store("two")
			a := s.ask("/docs/a", policy.VariantHTML)
			assert.Equal(t, Result{policy.ResultStale, policy.ReasonPurged}, a.result)
			assert.Equal(t, "one 0", a.body())
			s.idle()
			a = s.ask("/docs/a", policy.VariantHTML)
			assert.Equal(t, hit, a.result)
			assert.Equal(t, "two 0", a.body())
		})
	}
}

func TestAPurgeConcernsNothingElse(t *testing.T) {
	for _, selector := range []Selector{
		{Space: "zone", Group: groupOf("/docs")},
		{Space: "zone", Prefix: "/docs/ab"},
		{Space: "zone", Tag: "t-on"},
		{Space: "other", All: true},
		{Space: "other", Tag: "t-one"},
		{Space: "other", Prefix: "/docs/"},
	} {
		t.Run(fmt.Sprintf("%+v", selector), func(t *testing.T) {
			s := newSite(t, Settings{}, page(text("one")))
			s.ask("/docs/a", policy.VariantHTML)
			require.NoError(t, s.cache.Purge(selector))
			assert.Equal(t, hit, s.ask("/docs/a", policy.VariantHTML).result)
		})
	}
}

func TestWhatComesInDuringAPurgeIsNotKept(t *testing.T) {
	for name, selector := range selectors {
		t.Run(name, func(t *testing.T) {
			words := text("one")
			s := newSite(t, Settings{}, nil)
			arrived, release := make(chan struct{}, 20), make(chan struct{})
			s.upstream = func(w http.ResponseWriter, r *http.Request) {
				page(words)(w, r)
				w.(http.Flusher).Flush()
				arrived <- struct{}{}
				<-release
			}
			first := make(chan answer)
			go func() { first <- s.ask("/docs/a", policy.VariantHTML) }()
			<-arrived
			require.NoError(t, s.cache.Purge(selector))
			words.Store("two")
			second := make(chan answer)
			go func() { second <- s.ask("/docs/a", policy.VariantHTML) }()
			<-arrived // it does not join the first one
			close(release)
			assert.Equal(t, "one 0", (<-first).body())
			assert.Equal(t, "two 0", (<-second).body())
			for range 2 {
				assert.Equal(t, "two 0", s.ask("/docs/a", policy.VariantHTML).body())
			}
		})
	}
}

func TestSelectorsThatMakeNoSense(t *testing.T) {
	s := newSite(t, Settings{}, page(text("one")))
	for _, selector := range []Selector{
		{},
		{Space: "zone"},
		{Space: "zone", Tag: "a", All: true},
		{Group: "/a"},
		{Space: "zone", Tag: string(make([]byte, maxPurgeText+1))},
	} {
		assert.ErrorIs(t, s.cache.Purge(selector), ErrSelector)
	}
	assert.Zero(t, s.cache.Stats().Purges)
}

func TestTooManyPurgesBecomeOneOfTheirZone(t *testing.T) {
	m := &marks{bound: 100 * (markSize + 10)}
	for i := range 1000 {
		m.add(target{scopeTag, "zone", fmt.Sprintf("tag%03d", i)}, mark{hard: sequence(i + 1)})
		require.LessOrEqual(t, m.size, m.bound)
	}
	tags := func(tags ...string) func(func(string) bool) {
		return func(yield func(string) bool) {
			for _, tag := range tags {
				if !yield(tag) {
					return
				}
			}
		}
	}
	for i := range 1000 {
		hard, _ := m.purged("zone", "/a", sequence(i), tags(fmt.Sprintf("tag%03d", i)))
		require.True(t, hard, "no purge is forgotten: %d", i)
	}
	hard, _ := m.purged("zone", "/a", 990, tags("tag000"))
	assert.False(t, hard)
	hard, _ = m.purged("other", "/a", 0, tags("tag000"))
	assert.False(t, hard)

	again := &marks{bound: maxMarks}
	again.read(&decoder{rest: m.append(nil)})
	assert.Equal(t, m.list, again.list)
}

// The pages of one deployment go, and those of others stay.
func TestADeploymentIsPurged(t *testing.T) {
	s := newSite(t, Settings{}, page(text("one")))
	ask := func(deployment string) Result {
		s.deployment = deployment
		return s.ask("/a", policy.VariantHTML).result
	}
	for _, soft := range []bool{false, true} {
		for range 2 {
			ask("old")
			ask("new")
			s.idle()
		}
		require.NoError(t, s.cache.Purge(Selector{Space: "zone", Deployment: "old", Soft: soft}))
		if soft {
			assert.Equal(t, Result{policy.ResultStale, policy.ReasonPurged}, ask("old"))
		} else {
			assert.Equal(t, Result{policy.ResultMiss, policy.ReasonPurged}, ask("old"))
		}
		assert.Equal(t, hit, ask("new"))
		s.idle()
	}
	require.NoError(t, s.cache.Purge(Selector{Deployment: "new"}))
	s.restart()
	assert.Equal(t, policy.ResultMiss, ask("new").Kind)
}

// Each POST purges the page that it was sent to (Invalidate). Of one of which nothing is known nothing is served, so
// nothing is looked for either.
func TestAPurgeOfAnUnknownPageTouchesNothing(t *testing.T) {
	s := newSite(t, Settings{}, page(text("one")))
	key := blobstore.Key{Space: "zone", Group: groupOf("/a"), Name: "left over"}
	require.NoError(t, s.store.Put(t.Context(), key, nil, []byte("x")))
	there := func() bool {
		entry, ok := s.store.Get(t.Context(), key)
		if ok {
			_ = entry.Close() // it was only looked at
		}
		return ok
	}
	require.NoError(t, s.cache.Purge(Selector{Space: "zone", Group: groupOf("/a")}))
	assert.True(t, there(), "its group has not been gone through")
	s.ask("/a", policy.VariantHTML)
	require.NoError(t, s.cache.Purge(Selector{Space: "zone", Group: groupOf("/a")}))
	assert.False(t, there())
	assert.Equal(t, policy.ResultMiss, s.ask("/a", policy.VariantHTML).result.Kind)
}
