package pagecache

import (
	"hash/maphash"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// However many long keys there are, and however long they are, what is remembered of them has a bound in bytes, and the
// newer half of it stays.
func TestWhatIsRememberedOfKeysHasABound(t *testing.T) {
	long := strings.Repeat("x", 4<<10)
	keyOf := func(n int) blobstore.Key { return blobstore.Key{Group: long, Name: strconv.Itoa(n)} }
	k := recentKeys{duration: uncacheableTime, seed: maphash.MakeSeed()}
	half := int(maxRecent / 2 / recentSize)
	for n := range 5 * half {
		k.add(keyOf(n), now, policy.ReasonStatus, 0)
		bytes, _ := k.size()
		assert.LessOrEqual(t, bytes, int64(maxRecent))
		assert.Equal(t, policy.ReasonStatus, k.last(keyOf(max(0, n-half/2)), now).reason, "what has just happened is known")
	}
	_, dropped := k.size()
	assert.Positive(t, dropped)
	assert.False(t, k.has(keyOf(0), now))
	last := keyOf(5*half - 1)
	assert.False(t, k.has(last, now.Add(uncacheableTime)))
	k.remove(last)
	assert.False(t, k.has(last, now))
}
