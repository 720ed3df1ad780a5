package zones

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func zoneOf(addresses ...string) *Zone {
	zone := &Zone{Name: "z"}
	for _, address := range addresses {
		zone.Upstreams = append(zone.Upstreams, &Upstream{Address: address})
	}
	return zone
}

func TestPickTakesTurnsAmongEquals(t *testing.T) {
	zone := zoneOf("a", "b", "c")
	counts := map[string]int{}
	for range 30 {
		counts[zone.Pick(time.Now()).Address]++
	}
	assert.Equal(t, map[string]int{"a": 10, "b": 10, "c": 10}, counts)
}

func TestPickPrefersTheLeastBusy(t *testing.T) {
	zone := zoneOf("a", "b")
	zone.Upstreams[0].Begin()
	for range 4 {
		assert.Equal(t, "b", zone.Pick(time.Now()).Address)
	}
	zone.Upstreams[0].End()
	zone.Upstreams[1].Begin()
	assert.Equal(t, "a", zone.Pick(time.Now()).Address)
}

func TestPickPassesOverWhatRefusedOrWasTried(t *testing.T) {
	now := time.Now()
	zone := zoneOf("a", "b", "c")
	a, b, c := zone.Upstreams[0], zone.Upstreams[1], zone.Upstreams[2]
	a.Refused(now)
	for range 6 {
		assert.NotEqual(t, a, zone.Pick(now))
	}
	require.Equal(t, a, zone.Pick(now, b, c), "an upstream that refused comes before one this request tried")
	require.NotNil(t, zone.Pick(now, a, b, c), "when all were tried, one is tried again")
	picked := map[*Upstream]bool{}
	for range 6 {
		picked[zone.Pick(now.Add(dialCooldown+time.Millisecond))] = true
	}
	assert.True(t, picked[a], "after a while it is tried again")
}

func TestPickOfOneAndNone(t *testing.T) {
	zone := zoneOf("a")
	zone.Upstreams[0].Refused(time.Now())
	assert.Equal(t, "a", zone.Pick(time.Now(), zone.Upstreams[0]).Address)
	assert.Nil(t, zoneOf().Pick(time.Now()))
}

func TestIdleTimeoutStaysBelowWhatIsAnnounced(t *testing.T) {
	for _, c := range []struct {
		header string
		want   time.Duration
	}{
		{"", 4 * time.Second},
		{"max=100", 4 * time.Second},
		{"timeout=x", 4 * time.Second},
		{"timeout=-1", 4 * time.Second},
		{"timeout=5", 4 * time.Second},
		{"timeout=5, max=100", 4 * time.Second},
		{"max=100, Timeout = 75", 74 * time.Second},
		{`timeout="10"`, 9 * time.Second},
		{"timeout=1", 500 * time.Millisecond},
		{"timeout=0", time.Millisecond},
		{"timeout=86400", 2 * time.Minute},
	} {
		var u Upstream
		u.Announced(c.header)
		assert.Equal(t, c.want, u.IdleTimeout(4*time.Second), c.header)
	}
}

func TestIdleTimeoutFollowsTheLastAnnouncement(t *testing.T) {
	var u Upstream
	u.Announced("timeout=75")
	u.Announced("timeout=5")
	u.Announced("nonsense")
	assert.Equal(t, 4*time.Second, u.IdleTimeout(time.Minute))
}
