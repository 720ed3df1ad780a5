package pagecache

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// hoard keeps entries of pages with eight variants each, as long as usual ones have them.
func hoard(b *testing.B, s *site, entries int) {
	for i := range entries {
		page := "/products/a-product-of-the-shop-" + strconv.Itoa(i/8)
		tags := []string{"_N_T_/layout", "_N_T_/products/layout", "_N_T_/products/[id]/page", "_N_T_" + page, "tag-" + strconv.Itoa(i/8%1000)}
		m := meta{
			status: 200, era: s.cache.ledger.era, begun: s.cache.sequencer.next(), freshUntil: s.now.Load() + int64(time.Hour),
			tags: appendTexts(nil, tags), header: appendTexts(nil, nil),
		}
		key := blobstore.Key{Space: "zone", Group: page + policy.Separator + "shop.example.com" + policy.Separator + policy.Separator + "build-id-of-21-letters", Name: fmt.Sprint("segment 1 /", i%8)}
		if i%8 == 0 {
			s.cache.putPage(recordOf(key), pageRecord{tags: tags})
		}
		require.NoError(b, s.store.Put(b.Context(), key, appendMeta(nil, m), []byte("x")))
	}
}

// BenchmarkCount counts the pages of a purge, of which there are a thousandth, and of all.
func BenchmarkCount(b *testing.B) {
	for _, c := range []struct {
		where   string
		entries int
	}{{"memory", 100_000}, {"memory", 1_000_000}, {"disk", 100_000}} {
		b.Run(fmt.Sprint(c.where, " ", c.entries), func(b *testing.B) {
			s := newSite(b, Settings{}, page(text("one")))
			if c.where == "memory" {
				s.close()
				s.dir, s.memory = "", 4<<30
				s.open()
			}
			hoard(b, s, c.entries)
			for name, selector := range map[string]Selector{"tag": {Tag: "tag-7"}, "all": {Prefix: "/"}} {
				b.Run(name, func(b *testing.B) {
					selector.Space, selector.Soft = "zone", true
					for b.Loop() {
						// A purge that is not noted: the next one counts the same.
						p := &Marked{cache: s.cache, selector: selector, at: s.cache.sequencer.next()}
						require.NotZero(b, p.Count(b.Context(), time.Unix(0, s.now.Load())).Pages)
					}
				})
			}
		})
	}
}
