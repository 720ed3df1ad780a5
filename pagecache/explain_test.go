package pagecache

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestExplainSaysWhatServeWouldDo(t *testing.T) {
	s := newSite(t, Settings{}, page(text("one")))
	explain := func(headers ...string) Explanation {
		r := httptest.NewRequest(http.MethodGet, "/a", nil)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		return s.cache.Explain(r, s.facts("/a", VariantHTML))
	}
	assert.Equal(t, Result{ResultBypass, ReasonAuthorization}, explain("Authorization", "x").Result)
	assert.Equal(t, miss, explain().Result)
	assert.False(t, explain().Kept)
	s.ask("/a", VariantHTML)
	s.pass(20 * time.Second)
	e := explain()
	assert.Equal(t, "/a", e.Key.Group)
	e.Key.Space, e.Key.Group, e.Key.Name = "", "", ""
	assert.Equal(t, Explanation{Result: hit, Kept: true, Status: 200, Size: 5, Age: 20 * time.Second, Left: 40 * time.Second, Tags: []string{"t-one", "all"}}, e)
	s.pass(time.Minute)
	assert.Equal(t, Result{ResultStale, ReasonExpired}, explain().Result)
	require.NoError(t, s.cache.Purge(Selector{Tag: "all"}))
	assert.Equal(t, Result{ResultMiss, ReasonPurged}, explain().Result)
	assert.EqualValues(t, 1, s.fetches.Load())
}

func TestSettingsMayChange(t *testing.T) {
	s := newSite(t, Settings{}, page(text("one")))
	require.NoError(t, s.cache.SetSettings(Settings{MaxBody: 1}))
	assert.Equal(t, Result{ResultMiss, ReasonTooLarge}, s.ask("/a", VariantHTML).result)
	require.Error(t, s.cache.SetSettings(Settings{FillMemory: -1}))
	require.NoError(t, s.cache.SetSettings(Settings{}))
	s.pass(time.Minute)
	s.ask("/a", VariantHTML)
	assert.Equal(t, hit, s.ask("/a", VariantHTML).result)
}
