package deploy

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const manyKeys = 1000

// places returns where each of many keys goes.
func (z *Zone) places(t testing.TB) map[int]string {
	t.Helper()
	places := map[int]string{}
	for i := range manyKeys {
		try, err := z.pick(Balance{}, uint64(i), simEpoch, nil, Affinity{Key: KeyOf(fmt.Sprint("user ", i))})
		require.NoError(t, err)
		places[i] = try.Upstream.String()
		try.End()
	}
	return places
}

func TestFewKeysMoveWhenAnUpstreamComesOrGoes(t *testing.T) {
	for _, n := range []int{2, 3, 5, 20} {
		few, many := zoneOfMany(n-1).places(t), zoneOfMany(n).places(t)
		added := zoneOfMany(n).upstream(n - 1).String()
		moved := 0
		for i := range manyKeys {
			if few[i] != many[i] {
				moved++
				assert.Equal(t, added, many[i], "only to the one that was added, of %d", n)
			}
		}
		assert.InDelta(t, manyKeys/n, moved, float64(manyKeys/n)*.35, "of %d", n)
	}
}

func TestAKeyStaysWhateverTheTurnAndTheLoad(t *testing.T) {
	zone := zoneOfMany(5)
	before := zone.places(t)
	for i := range 100 {
		zone.upstream(i % 2).begin(0)
	}
	assert.Equal(t, before, zone.places(t))
}

func TestKeysOfAnUpstreamThatIsUnfitGoElsewhereAndComeBack(t *testing.T) {
	zone := zoneOfMany(4)
	before := zone.places(t)
	zone.change(zone.upstream(0).String()).checked = down
	zone.settle(nil, simEpoch)
	elsewhere := map[string]int{}
	for i, place := range zone.places(t) {
		if before[i] == zone.upstream(0).String() {
			elsewhere[place]++
		} else {
			assert.Equal(t, before[i], place)
		}
	}
	assert.Len(t, elsewhere, 3, "to all of the others")
	zone.change(zone.upstream(0).String()).checked = up
	zone.settle(nil, simEpoch)
	assert.Equal(t, before, zone.places(t))
}

func TestACookieNamesItsUpstream(t *testing.T) {
	zone := zoneOfMany(3)
	for turn := range uint64(10) {
		try, err := zone.pick(Balance{}, turn, simEpoch, nil, Affinity{Upstream: zone.upstream(1)})
		require.NoError(t, err)
		assert.Equal(t, zone.upstream(1), try.Upstream, "busy as it is")
	}
	try, err := zone.pick(Balance{}, 0, simEpoch, []*Upstream{zone.upstream(1)}, Affinity{Upstream: zone.upstream(1)})
	require.NoError(t, err)
	assert.NotEqual(t, zone.upstream(1), try.Upstream, "it was tried")
	try, err = zone.pick(Balance{}, 0, simEpoch, nil, Affinity{Upstream: &Upstream{Address: Address{Dial: "gone:1"}}})
	require.NoError(t, err)
	assert.NotNil(t, try.Upstream, "nobody has it any more")
}

func TestCookieNamesTellNothingAndAreBounded(t *testing.T) {
	names, others := NewCookieNames([]byte("one")), NewCookieNames([]byte("other"))
	seen := map[string]bool{}
	var running sync.WaitGroup
	for i := range 3 * maxNames {
		u := &Upstream{Address: Address{Dial: fmt.Sprintf("10.0.%d.%d:3000", i/256, i%256)}}
		name := names.Of(u)
		assert.Len(t, name, 16)
		assert.False(t, seen[name])
		seen[name] = true
		running.Go(func() { assert.Equal(t, name, names.Of(u)) })
		if i < 10 {
			assert.NotEqual(t, name, others.Of(u))
		}
	}
	running.Wait()
	assert.LessOrEqual(t, len(names.names), maxNames)
}
