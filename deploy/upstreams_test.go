package deploy

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func upstreamsOf(addresses ...string) *Upstreams {
	var list []*Upstream
	for _, address := range addresses {
		list = append(list, &Upstream{Address: address})
	}
	return NewUpstreams(list)
}

func TestPickTakesTurnsAmongEquals(t *testing.T) {
	upstreams := upstreamsOf("a", "b", "c")
	counts := map[string]int{}
	for range 30 {
		counts[upstreams.Pick(time.Now()).Address]++
	}
	assert.Equal(t, map[string]int{"a": 10, "b": 10, "c": 10}, counts)
}

func TestPickPrefersTheLeastBusy(t *testing.T) {
	upstreams := upstreamsOf("a", "b")
	upstreams.All()[0].Begin()
	for range 4 {
		assert.Equal(t, "b", upstreams.Pick(time.Now()).Address)
	}
	upstreams.All()[0].End()
	upstreams.All()[1].Begin()
	assert.Equal(t, "a", upstreams.Pick(time.Now()).Address)
}

func TestPickPassesOverWhatRefusedOrWasTried(t *testing.T) {
	now := time.Now()
	upstreams := upstreamsOf("a", "b", "c")
	a, b, c := upstreams.All()[0], upstreams.All()[1], upstreams.All()[2]
	a.Refused(now)
	for range 6 {
		assert.NotEqual(t, a, upstreams.Pick(now))
	}
	require.Equal(t, a, upstreams.Pick(now, b, c), "an upstream that refused comes before one this request tried")
	require.NotNil(t, upstreams.Pick(now, a, b, c), "when all were tried, one is tried again")
	picked := map[*Upstream]bool{}
	for range 6 {
		picked[upstreams.Pick(now.Add(dialCooldown+time.Millisecond))] = true
	}
	assert.True(t, picked[a], "after a while it is tried again")
}

func TestPickOfOneAndNone(t *testing.T) {
	upstreams := upstreamsOf("a")
	upstreams.All()[0].Refused(time.Now())
	assert.Equal(t, "a", upstreams.Pick(time.Now(), upstreams.All()[0]).Address)
	assert.Nil(t, upstreamsOf().Pick(time.Now()))
}

func TestUpstreamsShareOne(t *testing.T) {
	ours, theirs := upstreamsOf("a", "b"), upstreamsOf("a", "b")
	assert.False(t, ours.Share(theirs), "another upstream of the same address")
	theirs = NewUpstreams([]*Upstream{theirs.All()[0], ours.All()[1]})
	assert.True(t, ours.Share(theirs))
	assert.True(t, theirs.Share(ours))
	assert.False(t, ours.Share(upstreamsOf()))
	assert.False(t, upstreamsOf().Share(upstreamsOf()))
}
