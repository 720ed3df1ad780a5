package policy

import (
	"fmt"
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
		{Told{Kind: ResultHit, Reason: ReasonFresh, TTL: 376900 * time.Millisecond}, "nextjs; hit; ttl=376; detail=fresh"},
		{Told{Kind: ResultHit, Reason: ReasonFresh, TTL: 376 * second, Collapsed: true}, "nextjs; hit; ttl=376; collapsed; detail=fresh"},
		{Told{Kind: ResultStale, Reason: ReasonExpired, TTL: -1500 * time.Millisecond}, "nextjs; hit; ttl=-2; detail=expired"},
		{Told{Kind: ResultStale, Reason: ReasonError, TTL: -2 * second}, "nextjs; hit; ttl=-2; detail=error"},
		{Told{Kind: ResultMiss, Reason: ReasonAbsent, Stored: true}, "nextjs; fwd=uri-miss; stored; detail=absent"},
		{Told{Kind: ResultMiss, Reason: ReasonAbsent, Stored: true, Collapsed: true}, "nextjs; fwd=uri-miss; stored; collapsed; detail=absent"},
		{Told{Kind: ResultMiss, Reason: ReasonExpired, Stored: true}, "nextjs; fwd=stale; stored; detail=expired"},
		{Told{Kind: ResultMiss, Reason: ReasonSetCookie}, "nextjs; fwd=miss; detail=set-cookie"},
		{Told{Kind: ResultBypass, Reason: ReasonDraftCookie}, "nextjs; fwd=bypass; detail=draft-cookie"},
		{Told{Kind: ResultBypass, Reason: ReasonMethod}, "nextjs; fwd=method; detail=method"},
		{Told{Kind: ResultBypass, Reason: ReasonAction}, "nextjs; fwd=method; detail=action"},
		{Told{Kind: ResultBypass}, "nextjs; fwd=bypass"},
	} {
		h := http.Header{}
		Tell(h, c.told)
		assert.Equal(t, []string{c.want}, h["Cache-Status"])
	}
}

// Whatever the reason, others can read it; the words of fwd are those of RFC 9211, 2.2.
func TestCacheStatusIsAStructuredField(t *testing.T) {
	words := []string{"bypass", "method", "uri-miss", "miss", "stale"}
	for _, reason := range append(reasons(), "") {
		for kind := ResultHit; kind <= ResultBypass; kind++ {
			h := fields("Cache-Status", "ExampleCDN; fwd=uri-miss")
			Tell(h, Told{Kind: kind, Reason: reason, TTL: -second, Stored: true, Collapsed: true})
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
	const fresh, stale, miss = ResultHit, ResultStale, ResultMiss
	for _, c := range []struct {
		cacheControl string
		told         Told
		want         string
		age          []string
	}{
		{edge, Told{Kind: fresh, Age: 3900 * time.Millisecond}, edge, []string{"3"}},
		{edge, Told{Kind: fresh}, edge, []string{"0"}},
		{edge, Told{Kind: fresh, Age: -second}, edge, []string{"0"}},
		// What an application has written itself is as on the miss.
		{isr, Told{Kind: fresh}, isr, []string{"0"}},
		{"s-maxage=60", Told{Kind: fresh, Age: 9 * second}, "s-maxage=60", []string{"9"}},
		{"s-maxage=60", Told{Kind: stale, Age: 69 * second}, "s-maxage=60", []string{"69"}},
		{"public, max-age=60, stale-while-revalidate=600", Told{Kind: stale, Age: 69 * second}, "public, max-age=60, stale-while-revalidate=600", []string{"69"}},
		{"public, max-age=60", Told{Kind: fresh, Age: 9 * second}, "public, max-age=60", []string{"9"}},
		{"", Told{Kind: fresh}, "", []string{"0"}},
		{edge, Told{Kind: stale, Age: 9 * second}, "public, max-age=0, must-revalidate", []string{"9"}},
		{edge + ", no-transform", Told{Kind: stale, Age: 9 * second}, "public, max-age=0, must-revalidate, no-transform", []string{"9"}},
		{edge, Told{Kind: fresh, Unshared: true}, "private, no-store", []string{"0"}},
		{edge, Told{Kind: stale, Unshared: true}, "private, no-store", []string{"0"}},
		{edge, Told{Kind: miss}, edge, nil},
		{never, Told{Kind: ResultBypass, Reason: ReasonVerdict, Unshared: true}, never, nil},
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
		Tell(h, Told{Kind: kind})
		assert.Equal(t, []string{want}, h["X-Nextjs-Cache"])
		h = http.Header{}
		Tell(h, Told{Kind: kind})
		assert.Empty(t, h["X-Nextjs-Cache"])
	}
}

// An entry belongs to all who are answered from it.
func TestTellLeavesTheEntryAlone(t *testing.T) {
	entry := fields("Cache-Control", isr, "X-Nextjs-Cache", "MISS", "Cache-Status", "CDN; hit", "Age", "1")
	entry["Cache-Status"] = append(make([]string, 0, 4), "CDN; hit")
	before := entry.Clone()
	for _, kind := range []ResultKind{ResultHit, ResultStale} {
		answer := make(http.Header)
		for name, values := range entry {
			answer[name] = values
		}
		Tell(answer, Told{Kind: kind, Unshared: true})
		assert.Equal(t, before, entry)
		assert.Equal(t, "CDN; hit", entry["Cache-Status"][:cap(entry["Cache-Status"])][0])
		assert.Empty(t, entry["Cache-Status"][:2][1], "nothing is written behind the entry's values")
	}
}

func toldFor(seconds int) string {
	return fmt.Sprintf("public, max-age=0, s-maxage=%d, must-revalidate", seconds)
}

// From when a cache in front gets a 404 it is told to keep it for Shared404 at most, and never for longer than Next.js
// says.
func TestA404IsToldForAShortTime(t *testing.T) {
	const ask = "public, max-age=0, must-revalidate"
	const fresh, stale, miss = ResultHit, ResultStale, ResultMiss
	kept := func(kind ResultKind, age time.Duration) Told {
		return Told{Kind: kind, Age: age, Status: http.StatusNotFound, Shared404: time.Minute}
	}
	for _, c := range []struct {
		cacheControl string
		told         Told
		want         string
		etag         bool // stays
		shortened    bool
	}{
		{toldFor(31536000), kept(miss, 0), toldFor(60), false, true},
		{toldFor(31536000), kept(fresh, 0), toldFor(60), false, true},
		{toldFor(31536000), kept(fresh, 3900*time.Millisecond), toldFor(63), false, true},
		{toldFor(31536000), kept(fresh, 100*24*time.Hour), toldFor(8640060), false, true},
		{toldFor(31536000), kept(fresh, 31535990*second), toldFor(31536000), false, true},
		{toldFor(100), kept(fresh, 30*second), toldFor(90), false, true},
		{toldFor(100), kept(fresh, 50*second), toldFor(100), false, true},
		{toldFor(31536000) + ", no-transform", kept(fresh, 9*second), toldFor(69) + ", no-transform", false, true},
		// What Next.js keeps for no longer stays as it is.
		{toldFor(60), kept(fresh, 9*second), toldFor(60), true, false},
		{toldFor(5), kept(fresh, 2*second), toldFor(5), true, false},
		{toldFor(5), kept(miss, 0), toldFor(5), true, false},
		// What is stale must be asked for, which would be answered with the time of a fresh one.
		{toldFor(31536000), kept(stale, 9*second), ask, false, false},
		{ask, kept(miss, 0), ask, false, false},
		// An application's own, and what nobody may keep.
		{"public, s-maxage=600", kept(fresh, 9*second), "public, s-maxage=600", true, false},
		{never, kept(miss, 0), never, true, false},
		{"", kept(miss, 0), "", true, false},
		{toldFor(31536000), Told{Kind: fresh, Status: 200, Shared404: time.Minute}, toldFor(31536000), true, false},
		{toldFor(31536000), Told{Kind: fresh, Status: 308, Shared404: time.Minute}, toldFor(31536000), true, false},
		{toldFor(31536000), Told{Kind: fresh, Status: http.StatusNotFound}, toldFor(31536000), true, false},
		{
			toldFor(31536000),
			Told{Kind: fresh, Status: 404, Shared404: time.Minute, Unshared: true},
			"private, no-store", true, false,
		},
	} {
		h := fields("Etag", `"x"`)
		if c.cacheControl != "" {
			h.Set("Cache-Control", c.cacheControl)
		}
		shortened := Tell(h, c.told)
		assert.Equal(t, c.want, h.Get("Cache-Control"), "%q %+v", c.cacheControl, c.told)
		assert.Equal(t, c.etag, h.Get("Etag") != "", "%q %+v", c.cacheControl, c.told)
		assert.Equal(t, c.shortened, shortened, "%q %+v", c.cacheControl, c.told)
	}
	// A cache before the application has had it for a while.
	h := fields("Cache-Control", toldFor(31536000), "Age", "100")
	assert.True(t, Tell(h, kept(miss, 0)))
	assert.Equal(t, toldFor(160), h.Get("Cache-Control"))
}
