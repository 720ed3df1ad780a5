package pagecache

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
)

func TestPagesSurviveARestart(t *testing.T) {
	s := newSite(t, Settings{}, page(text("one")))
	s.ask("/a", VariantHTML)
	s.restart()
	assert.Equal(t, hit, s.ask("/a", VariantHTML).result)
	assert.EqualValues(t, 1, s.fetches.Load())
}

func TestWithoutItsLedgerOrRecordNothingIsServed(t *testing.T) {
	s := newSite(t, Settings{}, page(text("one")))
	s.ask("/a", VariantHTML)
	s.store.Delete(recordOf(blobstore.Key{Space: "zone", Group: "/a"}))
	assert.Equal(t, miss, s.ask("/a", VariantHTML).result)
	assert.Equal(t, hit, s.ask("/a", VariantHTML).result)
	s.store.Delete(ledgerKey)
	s.restart()
	assert.Equal(t, miss, s.ask("/a", VariantHTML).result)
	s.store.Delete(ledgerKey)
	s.cache.ledger.keep()
	s.restart()
	assert.Equal(t, hit, s.ask("/a", VariantHTML).result, "it was written again in time")
}

func TestBadSettings(t *testing.T) {
	_, err := New(nil, Settings{MaxBody: -1, Linger: -1, Revalidations: -1}, plainPolicy)
	require.Error(t, err)
	for _, name := range []string{"MaxBody", "Linger", "Revalidations"} {
		assert.Contains(t, err.Error(), name)
	}
}
