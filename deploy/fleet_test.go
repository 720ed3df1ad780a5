package deploy

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnUpstreamIsOneForAllWhoNameItsAddress(t *testing.T) {
	fleet := openFleet(t, Settings{})
	source := Source{Address: Address{Dial: addressA}}
	first := fleet.Join(ZoneSettings{ID: "a", Sources: []Source{source, source}})
	second := fleet.Join(ZoneSettings{ID: "b", Sources: []Source{source}})
	require.Len(t, first.Upstreams(), 1)
	assert.Same(t, first.Upstreams()[0], second.Upstreams()[0])
	assert.Equal(t, 1, fleet.addresses.Len())
	first.Leave()
	assert.Equal(t, 1, fleet.addresses.Len())
	second.Leave()
	assert.Zero(t, fleet.addresses.Len())
}

func TestAnUpstreamIsKnownWhileSomethingIsInFlight(t *testing.T) {
	var addresses Addresses
	first := addresses.Use(modelAddress(0))
	try := newTry(first)
	first.begin(0)
	addresses.Release(first)
	assert.Equal(t, 1, addresses.Len())
	assert.Same(t, first, addresses.Use(modelAddress(0)), "it counts what is in flight")
	addresses.Release(first)
	try.End()
	assert.Zero(t, addresses.Len())
}

func TestChangesAreToldInTheirOrderAndNotHeldUp(t *testing.T) {
	started, goOn := make(chan struct{}), make(chan struct{})
	var told []Change
	var busy atomic.Bool
	fleet := openFleet(t, Settings{Tell: func(c Change) {
		assert.False(t, busy.Swap(true), "one at a time")
		if len(told) == 0 {
			close(started)
			<-goOn
		}
		told = append(told, c)
		busy.Store(false)
	}})
	fleet.join(t, "web", addressA, addressB)
	fleet.order(t, Drain{Address: addressA})
	<-started
	for range maxUntold {
		fleet.order(t, Undrain{Address: addressA})
		fleet.order(t, Drain{Address: addressA})
	}
	assert.LessOrEqual(t, len(fleet.untold), maxUntold)
	close(goOn)
	require.NoError(t, fleet.Close())
	require.Len(t, told, 1+maxUntold, "the latest")
	for i, change := range told {
		want := Draining
		if i > 0 && i%2 == 1 {
			want = Healthy
		}
		require.Equal(t, want, change.After.State)
		require.True(t, change.IsNewState())
		require.Equal(t, addressA, change.Upstream().Dial)
	}
	assert.NotEmpty(t, fleet.logs.FilterMessageSnippet("too many at once").All())
}

func TestTheLastChangesAreToldBeforeTheEnd(t *testing.T) {
	for range 100 {
		told := 0
		fleet := openFleet(t, Settings{Tell: func(Change) { told++ }})
		fleet.join(t, "web", addressA)
		fleet.order(t, Drain{Address: addressA})
		require.NoError(t, fleet.Close())
		require.NoError(t, fleet.Close(), "once more does nothing")
		require.Equal(t, 1, told)
	}
}
