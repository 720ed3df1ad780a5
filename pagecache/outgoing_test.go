package pagecache

import (
	"net/http"
	"testing"
	"time"

	"github.com/dunglas/httpsfv"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCacheStatus(t *testing.T) {
	for _, c := range []struct {
		told Told
		want string
	}{
		{Told{Result: Result{ResultHit, ReasonFresh}, TTL: 376900 * time.Millisecond}, "nextjs; hit; ttl=376; detail=fresh"},
		{Told{Result: Result{ResultHit, ReasonFresh}, TTL: 376 * second, Collapsed: true}, "nextjs; hit; ttl=376; collapsed; detail=fresh"},
		{Told{Result: Result{ResultStale, ReasonExpired}, TTL: -1500 * time.Millisecond}, "nextjs; hit; ttl=-2; detail=expired"},
		{Told{Result: Result{ResultStale, ReasonError}, TTL: -2 * second}, "nextjs; hit; ttl=-2; detail=error"},
		{Told{Result: Result{ResultMiss, ReasonAbsent}, Stored: true}, "nextjs; fwd=uri-miss; stored; detail=absent"},
		{Told{Result: Result{ResultMiss, ReasonAbsent}, Stored: true, Collapsed: true}, "nextjs; fwd=uri-miss; stored; collapsed; detail=absent"},
		{Told{Result: Result{ResultMiss, ReasonExpired}, Stored: true}, "nextjs; fwd=stale; stored; detail=expired"},
		{Told{Result: Result{ResultMiss, ReasonSetCookie}}, "nextjs; fwd=miss; detail=set-cookie"},
		{Told{Result: Result{ResultBypass, ReasonDraftCookie}}, "nextjs; fwd=bypass; detail=draft-cookie"},
		{Told{Result: Result{ResultBypass, ReasonMethod}}, "nextjs; fwd=method; detail=method"},
		{Told{Result: Result{ResultBypass, ReasonAction}}, "nextjs; fwd=method; detail=action"},
		{Told{Result: Result{Kind: ResultBypass}}, "nextjs; fwd=bypass"},
	} {
		h := http.Header{}
		Tell(h, c.told)
		assert.Equal(t, []string{c.want}, h["Cache-Status"])
	}
}

// Whatever the reason, others can read it; the words of fwd are those of RFC 9211, 2.2.
func TestCacheStatusIsAStructuredField(t *testing.T) {
	words := []string{"bypass", "method", "uri-miss", "miss", "stale"}
	for _, reason := range append(Reasons(), "") {
		for kind := ResultHit; kind <= ResultBypass; kind++ {
			h := fields("Cache-Status", "ExampleCDN; fwd=uri-miss")
			Tell(h, Told{Result: Result{kind, reason}, TTL: -second, Stored: true, Collapsed: true})
			list, err := httpsfv.UnmarshalList(h["Cache-Status"])
			require.NoError(t, err, "%q", h)
			require.Len(t, list, 2, "that of a cache on the way stays before ours")
			item := list[1].(httpsfv.Item)
			assert.Equal(t, httpsfv.Token("nextjs"), item.Value)
			hit, isHit := item.Params.Get("hit")
			forward, isForward := item.Params.Get("fwd")
			assert.NotEqual(t, isHit, isForward, "%q", h)
			if isHit {
				assert.Equal(t, true, hit)
			} else {
				assert.Contains(t, words, string(forward.(httpsfv.Token)))
			}
			if detail, found := item.Params.Get("detail"); reason != "" {
				assert.True(t, found)
				assert.Equal(t, httpsfv.Token(reason), detail)
			}
		}
	}
}

func TestWhatClientsAreTold(t *testing.T) {
	const edge = "public, max-age=0, s-maxage=5, must-revalidate"
	fresh, stale, miss := Result{ResultHit, ReasonFresh}, Result{ResultStale, ReasonExpired}, Result{ResultMiss, ReasonAbsent}
	for _, c := range []struct {
		cacheControl string
		told         Told
		want         string
		age          []string
	}{
		{edge, Told{Result: fresh, Age: 3900 * time.Millisecond}, edge, []string{"3"}},
		{edge, Told{Result: fresh}, edge, []string{"0"}},
		{edge, Told{Result: fresh, Age: -second}, edge, []string{"0"}},
		// What an application has written itself is as on the miss.
		{isr, Told{Result: fresh}, isr, []string{"0"}},
		{"s-maxage=60", Told{Result: fresh, Age: 9 * second}, "s-maxage=60", []string{"9"}},
		{"s-maxage=60", Told{Result: stale, Age: 69 * second}, "s-maxage=60", []string{"69"}},
		{"public, max-age=60, stale-while-revalidate=600", Told{Result: stale, Age: 69 * second}, "public, max-age=60, stale-while-revalidate=600", []string{"69"}},
		{"public, max-age=60", Told{Result: fresh, Age: 9 * second}, "public, max-age=60", []string{"9"}},
		{"", Told{Result: fresh}, "", []string{"0"}},
		{edge, Told{Result: stale, Age: 9 * second}, "public, max-age=0, must-revalidate", []string{"9"}},
		{edge + ", no-transform", Told{Result: stale, Age: 9 * second}, "public, max-age=0, must-revalidate, no-transform", []string{"9"}},
		{edge, Told{Result: fresh, Unshared: true}, "private, no-store", []string{"0"}},
		{edge, Told{Result: stale, Unshared: true}, "private, no-store", []string{"0"}},
		{edge, Told{Result: miss}, edge, nil},
		{never, Told{Result: Result{ResultBypass, ReasonVerdict}, Unshared: true}, never, nil},
	} {
		h := fields("Surrogate-Control", "max-age=9", "Vary", rscv)
		if c.cacheControl != "" {
			h.Set("Cache-Control", c.cacheControl)
		}
		Tell(h, c.told)
		assert.Equal(t, c.want, h.Get("Cache-Control"), "%q %v", c.cacheControl, c.told)
		assert.Equal(t, c.age, h["Age"])
		assert.Equal(t, rscv, h.Get("Vary"), "the client of Next.js reads it")
		assert.Equal(t, c.want == "private, no-store", h.Get("Surrogate-Control") == "")
	}
}

func TestWhatXNextjsCacheSays(t *testing.T) {
	for kind, want := range map[ResultKind]string{ResultHit: "HIT", ResultStale: "STALE", ResultMiss: "MISS", ResultBypass: "MISS"} {
		h := fields("X-Nextjs-Cache", "MISS")
		Tell(h, Told{Result: Result{Kind: kind}})
		assert.Equal(t, []string{want}, h["X-Nextjs-Cache"])
		h = http.Header{}
		Tell(h, Told{Result: Result{Kind: kind}})
		assert.Empty(t, h["X-Nextjs-Cache"])
	}
}

// An entry belongs to all who are answered from it.
func TestTellLeavesTheEntryAlone(t *testing.T) {
	entry := fields("Cache-Control", isr, "X-Nextjs-Cache", "MISS", "Cache-Status", "CDN; hit", "Age", "1")
	entry["Cache-Status"] = append(make([]string, 0, 4), "CDN; hit")
	before := entry.Clone()
	for _, result := range []Result{{ResultHit, ReasonFresh}, {ResultStale, ReasonExpired}} {
		answer := make(http.Header)
		for name, values := range entry {
			answer[name] = values
		}
		Tell(answer, Told{Result: result, Unshared: true})
		assert.Equal(t, before, entry)
		assert.Equal(t, "CDN; hit", entry["Cache-Status"][:cap(entry["Cache-Status"])][0])
		assert.Empty(t, entry["Cache-Status"][:2][1], "nothing is written behind the entry's values")
	}
}
