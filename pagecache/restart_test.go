package pagecache

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

func TestPagesSurviveARestart(t *testing.T) {
	s := newSite(t, Settings{}, page(text("one")))
	s.ask("/a", policy.VariantHTML)
	s.restart()
	assert.Equal(t, hit, s.ask("/a", policy.VariantHTML).result)
	assert.EqualValues(t, 1, s.fetches.Load())
}

func TestWithoutItsLedgerOrRecordNothingIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, Settings{}, page(text("one")))
		s.ask("/a", policy.VariantHTML)
		s.store.Delete(recordOf(blobstore.Key{Space: "zone", Group: groupOf("/a")}))
		assert.Equal(t, miss, s.ask("/a", policy.VariantHTML).result)
		assert.Equal(t, hit, s.ask("/a", policy.VariantHTML).result)
		s.store.Delete(ledgerKey)
		s.restart()
		assert.Equal(t, miss, s.ask("/a", policy.VariantHTML).result)
		s.store.Delete(ledgerKey)
		awaitLedger()
		s.restart()
		assert.Equal(t, hit, s.ask("/a", policy.VariantHTML).result, "it was written again in time")
	})
}

// awaitLedger waits, in the time of synctest, until each ledger was looked at once more.
func awaitLedger() {
	time.Sleep(keepLedger)
	synctest.Wait()
}

// The ledger may be in memory only: for a while the directory belonged to another process, or could not be written.
func TestTheLedgerIsWrittenAsSoonAsItCanBe(t *testing.T) {
	for name, begin := range map[string]func(t *testing.T, dir string) (*blobstore.Store, *Cache, func()){
		"the directory is attached late": func(t *testing.T, dir string) (*blobstore.Store, *Cache, func()) {
			other := openStore(t, dir)
			store := openStore(t, dir)
			require.False(t, store.Stats().Attached)
			return store, newCache(t, store), func() {
				require.NoError(t, other.Close())
				require.Eventually(t, func() bool { return store.Stats().Attached }, time.Minute, time.Millisecond)
			}
		},
		"the disk fails for a while": func(t *testing.T, dir string) (*blobstore.Store, *Cache, func()) {
			store := openStore(t, dir)
			temporary := filepath.Join(dir, "tmp")
			require.NoError(t, os.Remove(temporary))
			require.NoError(t, os.WriteFile(temporary, nil, 0o600)) // nothing can be written into that
			return store, newCache(t, store), func() { require.NoError(t, os.Remove(temporary)) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				store, cache, mend := begin(t, dir)
				awaitLedger()
				mend()
				awaitLedger()
				cache.Close()
				require.NoError(t, store.Close())

				next := newCache(t, openStore(t, dir))
				assert.Equal(t, cache.ledger.era, next.ledger.era, "what was kept since is used")
				assert.Equal(t, cache.ledger.run+1, next.ledger.run)
			})
		})
	}
}

func openStore(t *testing.T, dir string) *blobstore.Store {
	t.Helper()
	store, err := blobstore.Open(blobstore.Settings{Dir: dir})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	return store
}

func newCache(t *testing.T, store *blobstore.Store) *Cache {
	t.Helper()
	cache, err := New(store, Settings{})
	require.NoError(t, err)
	t.Cleanup(cache.Close)
	return cache
}

func TestBadSettings(t *testing.T) {
	_, err := New(nil, Settings{MaxBody: -1, Linger: -1, Revalidations: -1})
	require.Error(t, err)
	for _, name := range []string{"MaxBody", "Linger", "Revalidations"} {
		assert.Contains(t, err.Error(), name)
	}
}
