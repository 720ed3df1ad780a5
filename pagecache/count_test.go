package pagecache

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// countingSite is a site that keeps pages and counts those that are purged.
type countingSite struct{ *site }

func newCountingSite(t *testing.T) *countingSite {
	return &countingSite{newSite(t, Settings{}, page(text("one")))}
}

// keep has the cache keep several variants of each page.
func (s *countingSite) keep(paths ...string) {
	s.t.Helper()
	for _, path := range paths {
		for _, variant := range []policy.Variant{policy.VariantHTML, policy.VariantRSC, policy.VariantPrefetch, policy.VariantSegment} {
			require.Equal(s.t, policy.ResultMiss, s.ask(path, variant).result.Kind, path)
		}
	}
	s.idle()
}

// purge purges pages of the zone, and returns how many it has hit.
func (s *countingSite) purge(selector Selector) int {
	s.t.Helper()
	selector.Space = "zone"
	marked, err := s.cache.Mark(selector)
	require.NoError(s.t, err)
	count := marked.Count(s.t.Context(), time.Unix(0, s.now.Load()))
	marked.Free()
	require.False(s.t, count.AtLeast)
	return count.Pages
}

func TestAPurgeCountsPages(t *testing.T) {
	for name, c := range map[string]struct {
		selector Selector
		pages    int
	}{
		"path":               {Selector{Path: "/docs/a"}, 1},
		"path of none":       {Selector{Path: "/docs"}, 0},
		"prefix":             {Selector{Prefix: "/docs/"}, 3},
		"prefix in a name":   {Selector{Prefix: "/docs/a"}, 2},
		"prefix of none":     {Selector{Prefix: "/blog"}, 0},
		"tag":                {Selector{Tag: "t-one"}, 4},
		"tag of none":        {Selector{Tag: "t-on"}, 0},
		"deployment":         {Selector{Deployment: "d1"}, 4},
		"deployment of none": {Selector{Deployment: "d2"}, 0},
		"all":                {Selector{All: true}, 4},
	} {
		for _, soft := range []bool{false, true} {
			t.Run(name+" "+strconv.FormatBool(soft), func(t *testing.T) {
				s := newCountingSite(t)
				s.deployment = "d1"
				s.keep("/docs/a", "/docs/ab", "/docs/b", "/news")
				c.selector.Soft = soft
				assert.Equal(t, c.pages, s.purge(c.selector), "variants count once")
				assert.Zero(t, s.purge(c.selector), "they were hit before")
				if soft {
					c.selector.Soft = false
					assert.Equal(t, c.pages, s.purge(c.selector), "what is stale is kept")
				}
			})
		}
	}
}

func TestAPageCountsOnceWhateverItsQuery(t *testing.T) {
	s := newCountingSite(t)
	s.keep("/news", "/news?page=2", "/news?page=3", "/newsletter")
	assert.Equal(t, 1, s.purge(Selector{Path: "/news"}))
	assert.Equal(t, 1, s.purge(Selector{Prefix: "/news"}), "the newsletter is left")
}

func TestWhatAnOlderPurgeHasHitDoesNotCount(t *testing.T) {
	for name, older := range map[string]Selector{
		"path": {Path: "/a"}, "prefix": {Prefix: "/a"}, "group": {Group: "/a" + policy.Separator + policy.Separator + "d1" + policy.Separator},
	} {
		t.Run(name, func(t *testing.T) {
			s := newCountingSite(t)
			s.deployment = "d1"
			s.keep("/a", "/b")
			older.Space = "zone"
			require.NoError(t, s.cache.Purge(older))
			assert.Equal(t, 1, s.purge(Selector{Tag: "all"}))
		})
	}
	for name, older := range map[string]Selector{"tag": {Tag: "all"}, "deployment": {Deployment: "d1"}, "all, anywhere": {All: true}} {
		t.Run(name, func(t *testing.T) {
			s := newCountingSite(t)
			s.deployment = "d1"
			s.keep("/a", "/b")
			require.NoError(t, s.cache.Purge(older))
			assert.Zero(t, s.purge(Selector{Prefix: "/"}))
			s.keep("/b")
			assert.Equal(t, 1, s.purge(Selector{Prefix: "/"}), "it was fetched after the older purge")
		})
	}
}

func TestWhatIsTooOldToBeOfUseDoesNotCount(t *testing.T) {
	s := newCountingSite(t)
	s.keep("/a")
	s.pass(23 * time.Hour)
	s.keep("/b")
	s.pass(2 * time.Hour)
	assert.Equal(t, 1, s.purge(Selector{Prefix: "/"}), "/a would not be used even if the application failed")
}

func TestPagesAreCountedAfterARestart(t *testing.T) {
	s := newCountingSite(t)
	s.keep("/docs/a", "/docs/b", "/news", "/gone")
	require.Equal(t, 1, s.purge(Selector{Path: "/gone"}))
	s.restart()
	assert.Zero(t, s.purge(Selector{Path: "/gone"}))
	assert.Equal(t, 2, s.purge(Selector{Prefix: "/docs/"}))
	assert.Equal(t, 1, s.purge(Selector{Tag: "t-one"}), "the rest")
	s.restart()
	assert.Zero(t, s.purge(Selector{Prefix: "/"}))
}

// What is of another era is not served, so it does not count either.
func TestWithoutItsLedgerNothingCounts(t *testing.T) {
	s := newCountingSite(t)
	s.keep("/a")
	s.store.Delete(ledgerKey)
	s.restart()
	assert.Zero(t, s.purge(Selector{Prefix: "/"}))
}

func TestPagesAreCountedInMemoryAlone(t *testing.T) {
	s := newCountingSite(t)
	s.close()
	s.dir = ""
	s.open()
	s.keep("/docs/a", "/docs/b", "/news")
	assert.Equal(t, 2, s.purge(Selector{Prefix: "/docs/"}))
	assert.Equal(t, 1, s.purge(Selector{All: true}))
}

// While pages come in, each is counted by one of the purges at most, and by exactly one once nothing comes any more.
func TestEachPageIsCountedByOnePurge(t *testing.T) {
	const pages, purges = 200, 4
	s := newCountingSite(t)
	var work sync.WaitGroup
	work.Go(func() {
		for n := range pages {
			s.ask("/"+strconv.Itoa(n), policy.VariantHTML)
		}
	})
	var total int
	for range purges {
		total += s.purge(Selector{Tag: "all"})
	}
	work.Wait()
	assert.LessOrEqual(t, total, pages)
	kept := 0
	for n := range pages {
		if s.cache.Explain(httptest.NewRequest(http.MethodGet, "/"+strconv.Itoa(n), nil), s.facts("/"+strconv.Itoa(n), policy.VariantHTML)).Result.Kind == policy.ResultHit {
			kept++
		}
	}
	assert.Equal(t, kept, s.purge(Selector{Tag: "all"}))
	assert.Zero(t, s.purge(Selector{Tag: "all"}))
}

// All tags that variants of one generation have are those of their page.
func TestTagsOfAllVariantsCount(t *testing.T) {
	p := pageRecord{}
	p.addTags([]string{"a", "b"}, true)
	p.addTags([]string{"b", "c"}, true)
	assert.Equal(t, []string{"a", "b", "c"}, p.tags)
	p.addTags([]string{"d"}, false)
	assert.Equal(t, []string{"d"}, p.tags, "of another generation")
	many := make([]string, policy.MaxTags)
	for i := range many {
		many[i] = strconv.Itoa(i)
	}
	p.addTags(many, true)
	assert.Equal(t, []string{"d"}, p.tags, "more than there can be")
}

func TestOnlyPagesOfOneZoneAreCounted(t *testing.T) {
	s := newCountingSite(t)
	for _, selector := range []Selector{{Tag: "all"}, {Space: "zone", Group: "/a"}, {Space: "zone"}, {Space: "zone", Path: "/a", Prefix: "/a"}} {
		_, err := s.cache.Mark(selector)
		require.ErrorIs(t, err, ErrSelector)
	}
	require.NoError(t, s.store.Put(t.Context(), blobstore.Key{Space: "zone", Group: "/other", Name: "left over"}, nil, nil))
	s.keep("/a")
	other, err := s.cache.Mark(Selector{Space: "other", Prefix: "/"})
	require.NoError(t, err)
	assert.Zero(t, other.Count(t.Context(), time.Unix(0, s.now.Load())))
	assert.Equal(t, 1, s.purge(Selector{Prefix: "/"}))
}
