package deploy

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestATryBalancesToZeroInAnyOrder(t *testing.T) {
	calls := []struct {
		name string
		call func(*Try)
	}{
		{"Sent", func(t *Try) { t.Sent(simEpoch) }},
		{"Answered", func(t *Try) {
			if t.sent {
				t.Answered(200, simEpoch.Add(time.Second))
			}
		}},
		{"Release", (*Try).Release},
		{"Occupy", (*Try).Occupy},
		{"End", (*Try).End},
	}
	for seed := range uint64(2000) {
		random := rand.New(rand.NewPCG(seed, 0))
		zone := zoneOfMany(1)
		try, err := zone.pick(Balance{}, 0, simEpoch, nil, Affinity{})
		require.NoError(t, err)
		u, done := try.Upstream, ""
		for range random.IntN(8) {
			one := calls[random.IntN(len(calls))]
			one.call(&try)
			done = fmt.Sprint(done, one.name, " ")
			require.GreaterOrEqual(t, u.Occupied(), int64(0), done)
			require.LessOrEqual(t, u.Occupied(), u.InFlight(), done)
			require.LessOrEqual(t, u.Waiting(), u.InFlight(), done)
		}
		if try.sent {
			try.End()
		} else {
			try.Abandon()
			require.Zero(t, try, done)
		}
		require.Equal(t, [3]int64{}, [3]int64{u.InFlight(), u.Occupied(), u.Waiting()}, done)
	}
}

func TestNoTryIsAbandonedToo(*testing.T) {
	var none Try
	none.Abandon()
	none.Abandon()
}

func TestATryThatWasSentIsNotAbandoned(t *testing.T) {
	try, err := zoneOfMany(1).pick(Balance{}, 0, simEpoch, nil, Affinity{})
	require.NoError(t, err)
	try.Sent(simEpoch)
	sent := try
	try.Abandon()
	assert.Equal(t, int64(1), sent.Upstream.InFlight(), "who sends ends it")
	sent.End()
	assert.Zero(t, sent.Upstream.InFlight())
}

func TestErrorsDoNotMakeAnUpstreamLookFast(t *testing.T) {
	try, err := zoneOfMany(1).pick(Balance{}, 0, simEpoch, nil, Affinity{})
	require.NoError(t, err)
	try.Sent(simEpoch)
	received := try.Upstream.Received()
	try.Answered(500, simEpoch.Add(time.Millisecond))
	assert.Zero(t, try.Upstream.Latency(simEpoch))
	assert.Zero(t, try.Upstream.Waiting())
	assert.NotEqual(t, received, try.Upstream.Received())
	try.End()
}
