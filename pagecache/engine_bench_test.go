package pagecache

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// nowhere is a client that costs nothing.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header       { return n.header }
func (nowhere) WriteHeader(int)             {}
func (nowhere) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkHit is a hit of a page of 10 KB with the headers that Next.js sends.
func BenchmarkHit(b *testing.B) {
	s := newSite(b, Settings{}, func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		for name, value := range map[string]string{
			"Content-Type": html, "Etag": `"value-of-a-usual-length"`, "Vary": rscv, "X-Nextjs-Cache": "MISS", "X-Nextjs-Stale-Time": "300",
			"X-Powered-By": "Next.js",
		} {
			h.Set(name, value)
		}
		h.Set("Cache-Control", "s-maxage=60, stale-while-revalidate=3600")
		_, _ = w.Write(make([]byte, 10<<10))
	})
	s.ask("/a", policy.VariantHTML)
	for _, purges := range []int{0, 10_000} {
		b.Run(fmt.Sprintf("%d purges", purges), func(b *testing.B) {
			for i := range purges {
				s.cache.ledger.marks.add(target{scopeTag, "zone", strconv.Itoa(i)}, mark{hard: s.cache.sequencer.next()})
			}
			r := httptest.NewRequest(http.MethodGet, "/a", nil)
			w := nowhere{http.Header{}}
			f := s.facts("/a", policy.VariantHTML)
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				if result, _ := s.cache.Serve(w, r, f, nil, nil); result != hit {
					b.Fatal(result)
				}
			}
		})
	}
}

// BenchmarkHitOfACopy is the same, of an answer that goes out compressed.
func BenchmarkHitOfACopy(b *testing.B) {
	s := newSite(b, Settings{}, longPage(text(strings.Repeat("a", 100)), "X-Nextjs-Cache", "MISS", "X-Nextjs-Stale-Time", "300", "Vary", "rsc, Accept-Encoding"))
	s.warm("/a", "br")
	for _, accept := range []string{"gzip, deflate, br, zstd", "identity"} {
		b.Run(accept, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, "/a", nil)
			r.Header.Set("Accept-Encoding", accept)
			w := nowhere{http.Header{}}
			f := s.facts("/a", policy.VariantHTML)
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				if result, _ := s.cache.Serve(w, r, f, nil, nil); result != hit {
					b.Fatal(result)
				}
				if coding := w.header["Content-Encoding"]; len(coding) == 0 != (accept == "identity") {
					b.Fatal(coding)
				}
			}
		})
	}
}

// BenchmarkPurgeOfATag is a purge of one tag of a million entries: it does not look at them.
func BenchmarkPurgeOfATag(b *testing.B) {
	s := newSite(b, Settings{}, page(text("one")))
	for i := range 10_000 {
		s.cache.ledger.marks.add(target{scopeTag, "zone", strconv.Itoa(i)}, mark{hard: s.cache.sequencer.next()})
	}
	for i := 0; b.Loop(); i++ {
		require.NoError(b, s.cache.Purge(Selector{Space: "zone", Tag: strconv.Itoa(i)}))
	}
}
