package pagecache

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

func TestExplainSaysWhatServeWouldDo(t *testing.T) {
	s := newSite(t, Settings{}, page(text("one")))
	explain := func(headers ...string) Explanation {
		r := httptest.NewRequest(http.MethodGet, "/a", nil)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		return s.cache.Explain(r, s.facts("/a", policy.VariantHTML))
	}
	assert.Equal(t, Explanation{Result: Result{policy.ResultBypass, policy.ReasonAuthorization}}, explain("Authorization", "x"))
	assert.Equal(t, miss, explain().Result)
	assert.Nil(t, explain().Kept)
	s.ask("/a", policy.VariantHTML)
	s.pass(20 * time.Second)
	e := explain()
	assert.Equal(t, hit, e.Result)
	assert.Equal(t, groupOf("/a"), e.Page)
	require.NotNil(t, e.Kept)
	assert.Equal(t, []any{200, int64(5), 20 * time.Second, 40 * time.Second}, []any{e.Kept.Status, e.Kept.Size, e.Kept.Age, e.Kept.Fresh})
	assert.Equal(t, []string{"t-one", "all"}, e.Kept.Tags)
	assert.Positive(t, e.Kept.StaleWhile)
	s.pass(time.Minute)
	e = explain()
	assert.Equal(t, Result{policy.ResultStale, policy.ReasonExpired}, e.Result)
	assert.Negative(t, e.Kept.Fresh)
	require.NoError(t, s.cache.Purge(Selector{Tag: "all"}))
	assert.Equal(t, Result{policy.ResultMiss, policy.ReasonPurged}, explain().Result)
	assert.EqualValues(t, 1, s.fetches.Load(), "nothing was asked for")
}

// Why something is not kept is known for a while.
func TestExplainSaysWhatWasRefused(t *testing.T) {
	s := newSite(t, Settings{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Set-Cookie", "a=b")
		w.Header().Set("Cache-Control", "s-maxage=60")
	})
	explain := func() Explanation {
		return s.cache.Explain(httptest.NewRequest(http.MethodGet, "/a", nil), s.facts("/a", policy.VariantHTML))
	}
	assert.Empty(t, explain().Refused)
	result := s.ask("/a", policy.VariantHTML).result
	assert.Equal(t, result.Reason, explain().Refused)
	assert.Equal(t, http.StatusOK, explain().RefusedStatus)
	assert.NotEmpty(t, result.Reason)
	s.pass(uncacheableTime)
	assert.Empty(t, explain().Refused)
}
