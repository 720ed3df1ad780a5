package pagecache

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// visited are the pages of a site: each changes now and then, and is made anew after a minute if somebody asks.
type visited struct {
	random  *rand.Rand
	zipf    *rand.Zipf
	changed [500]time.Time
}

// change lets time go by: each page changes every so often.
func (v *visited) change(s *site, passed, every time.Duration) {
	s.pass(passed)
	for page := range v.changed {
		if v.random.Int64N(int64(every)) < int64(passed) {
			v.changed[page] = time.Unix(0, s.now.Load())
		}
	}
}

func (v *visited) page() int { return int(v.zipf.Uint64()) }

// BenchmarkVisitors is what visitors of a site wait for: each opens a page, has five links prefetched, and follows two.
// It reports how many requests of a hundred have waited for Next.js, and how many the edge has sent.
// docs/architecture.md compares that with an edge that fetches no suspect variants.
func BenchmarkVisitors(b *testing.B) {
	for _, every := range []time.Duration{10 * time.Minute, time.Hour, 24 * time.Hour} {
		for _, between := range []time.Duration{time.Second, 10 * time.Second} {
			b.Run(fmt.Sprintf("changes=%s/visitor=%s", every, between), func(b *testing.B) {
				for b.Loop() {
					visit(b, every, between)
				}
			})
		}
	}
}

func visit(b *testing.B, every, between time.Duration) {
	random := rand.New(rand.NewPCG(1, 2))
	v := &visited{random: random, zipf: rand.NewZipf(random, 1.2, 4, 499)}
	s := newSite(b, Settings{}, func(w http.ResponseWriter, r *http.Request) {
		var page int
		_, _ = fmt.Sscanf(r.URL.Path, "/%d", &page)
		w.Header().Set("Cache-Control", "s-maxage=60, stale-while-revalidate=86400")
		_, _ = fmt.Fprint(w, v.changed[page].UnixNano(), numberOf(r))
		_, _ = io.WriteString(w, "\n")
	})
	requests, waited := 0, 0
	ask := func(page int, variant policy.Variant) {
		requests++
		if s.ask(fmt.Sprint("/", page), variant).result.Kind == policy.ResultMiss {
			waited++
		}
		s.idle()
	}
	for range 2000 {
		ask(v.page(), policy.VariantHTML)
		links := [5]int{v.page(), v.page(), v.page(), v.page(), v.page()}
		for _, page := range links {
			ask(page, policy.VariantPrefetch)
		}
		for _, page := range links[:2] {
			v.change(s, time.Second, every)
			ask(page, policy.VariantRSC)
		}
		v.change(s, between, every)
	}
	b.ReportMetric(100*float64(waited)/float64(requests), "%waited")
	b.ReportMetric(100*float64(s.fetches.Load())/float64(requests), "%fetches")
}
