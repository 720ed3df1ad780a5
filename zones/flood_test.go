package zones

import (
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func segmentRequest(target, segment, cookie string) *http.Request {
	u, err := url.Parse(target)
	if err != nil {
		panic(err)
	}
	return &http.Request{
		Host: "example.com", URL: u, Header: http.Header{"Next-Router-Segment-Prefetch": {segment}, "Cookie": {cookie}},
	}
}

// What is one more than may be is found, as long as it is; what is a moment later is not.
func TestFloodFindsWhatIsOneMore(t *testing.T) {
	f, limit, begin := NewFlood(), FloodLimit{Count: 3, Window: 10 * time.Second}, time.Unix(1_800_000_000, 0)
	key := FloodKeyOf(segmentRequest("/a", "/_tree", ""), "root", "192.0.2.1")
	for _, test := range []struct {
		at   time.Duration
		more bool
	}{
		{0, false},
		{time.Second, false},
		{2 * time.Second, false},
		{3 * time.Second, true},
		{9 * time.Second, true},
		{9999 * time.Millisecond, true},
		{10 * time.Second, false},
		{10 * time.Second, true},
		{11 * time.Second, false},
		{11 * time.Second, true},
		{time.Hour, false},
		{time.Hour, false},
		{time.Hour, false},
		{time.Hour, true},
	} {
		assert.Equal(t, test.more, f.Exceeds(key, limit, begin.Add(test.at)), test.at)
	}
}

func TestFloodCountsEachSegmentOfEachClient(t *testing.T) {
	f, limit, now := NewFlood(), FloodLimit{Count: 1, Window: time.Minute}, time.Unix(1_800_000_000, 0)
	another := segmentRequest("/a", "/_tree", "")
	another.Host = "example.org"
	several := segmentRequest("/a", "/_tree", "")
	several.Header["Cookie"] = []string{"a=1", "b=2"}
	for name, key := range map[string]FloodKey{
		"one":             FloodKeyOf(segmentRequest("/a", "/_tree", ""), "root", "192.0.2.1"),
		"another address": FloodKeyOf(segmentRequest("/a", "/_tree", ""), "root", "192.0.2.2"),
		"another zone":    FloodKeyOf(segmentRequest("/a", "/_tree", ""), "blog", "192.0.2.1"),
		"another cookie":  FloodKeyOf(segmentRequest("/a", "/_tree", "a=1"), "root", "192.0.2.1"),
		"another segment": FloodKeyOf(segmentRequest("/a", "/_index", ""), "root", "192.0.2.1"),
		"another path":    FloodKeyOf(segmentRequest("/b", "/_tree", ""), "root", "192.0.2.1"),
		"another query":   FloodKeyOf(segmentRequest("/a?b", "/_tree", ""), "root", "192.0.2.1"),
		"another writing": FloodKeyOf(segmentRequest("/%2561", "/_tree", ""), "root", "192.0.2.1"),
		"another host":    FloodKeyOf(another, "root", "192.0.2.1"),
		"several cookies": FloodKeyOf(several, "root", "192.0.2.1"),
	} {
		assert.False(t, f.Exceeds(key, limit, now), name)
		assert.True(t, f.Exceeds(key, limit, now), name)
	}
}

// Whatever comes when: one is more if and only if as many as may be were passed on within the window.
func TestFloodIsExact(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		f, now := NewFlood(), time.Unix(1_800_000_000, 0)
		limit := FloodLimit{Count: 1 + random.IntN(8), Window: time.Duration(1+random.IntN(20)) * time.Second}
		var passed []time.Time
		for range 200 {
			now = now.Add(time.Duration(random.IntN(4000)) * time.Millisecond / time.Duration(limit.Count))
			within := 0
			for _, at := range passed {
				if at.After(now.Add(-limit.Window)) {
					within++
				}
			}
			more := f.Exceeds(FloodKey{}, limit, now)
			require.Equal(t, within >= limit.Count, more)
			if !more {
				passed = append(passed, now)
			}
		}
	}
}

// A reload may bring another limit.
func TestFloodTakesAnotherLimit(t *testing.T) {
	f, now := NewFlood(), time.Unix(1_800_000_000, 0)
	for range 2 {
		for _, count := range []int{3, 5, 2, 7, 7, 1} {
			passed := 0
			for range 20 {
				now = now.Add(time.Millisecond)
				if !f.Exceeds(FloodKey{}, FloodLimit{Count: count, Window: time.Second}, now) {
					passed++
				}
			}
			assert.LessOrEqual(t, passed, count)
			assert.True(t, f.Exceeds(FloodKey{}, FloodLimit{Count: count, Window: time.Second}, now))
			now = now.Add(time.Hour)
		}
	}
}

func TestFloodIsBounded(t *testing.T) {
	limit, now := FloodLimit{Count: MaxFloodCount, Window: time.Minute}, time.Unix(1_800_000_000, 0)
	check := func(f *Flood) {
		bytes, _ := f.Size()
		require.LessOrEqual(t, bytes, int64(maxFlood))
		held := int64(0)
		for _, list := range []map[uint64]*floodTimes{f.now, f.before} {
			for _, times := range list {
				held += times.size()
			}
		}
		require.Equal(t, held, bytes)
	}
	// Many clients, once each.
	many := NewFlood()
	for i := range 200_000 {
		many.Exceeds(FloodKey{address: strconv.Itoa(i)}, limit, now)
	}
	check(many)
	_, dropped := many.Size()
	assert.NotZero(t, dropped, "some were forgotten within the minute")
	// Some clients, all the time.
	few := NewFlood()
	for i := range 1_000_000 {
		few.Exceeds(FloodKey{address: strconv.Itoa(i % 1000)}, limit, now)
	}
	check(few)
}

// Who asks all the time is remembered, however many others come.
func TestFloodRemembersWhoComesBack(t *testing.T) {
	f, limit, now := NewFlood(), FloodLimit{Count: 20, Window: time.Minute}, time.Unix(1_800_000_000, 0)
	passed := 0
	for i := range 300_000 {
		f.Exceeds(FloodKey{address: strconv.Itoa(i)}, limit, now)
		if i%1000 == 0 && !f.Exceeds(FloodKey{address: "loop"}, limit, now) {
			passed++
		}
	}
	assert.Equal(t, 20, passed)
}

func BenchmarkFlood(b *testing.B) {
	f, limit, now := NewFlood(), FloodLimit{Count: 20, Window: 10 * time.Second}, time.Unix(1_800_000_000, 0)
	r := segmentRequest("/a?_rsc=abcde", "/_tree", "session=0123456789abcdef")
	b.ReportAllocs()
	for b.Loop() {
		f.Exceeds(FloodKeyOf(r, "root", "192.0.2.1"), limit, now)
	}
}
