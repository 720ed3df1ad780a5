package deploy

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Who keeps something of an upstream must learn that nobody has it any more. Who ends its streams must learn that the
// last zone that had it in rotation has ended.
func TestTheEndOfAZoneIsToldOfUpstreamsThatItAloneUsed(t *testing.T) {
	told := map[string]Change{}
	fleet := openFleet(t, Settings{Tell: func(c Change) { told[c.Upstream().Dial] = c }})
	fleet.join(t, "web", addressA, addressB, addressC)
	fleet.join(t, "shop", addressB)
	_, err := fleet.Do(Join{ID: "pods", Sources: []Source{dns("pods")}, Upstreams: make([]*Upstream, 1)})
	require.NoError(t, err)
	fleet.find(t, "pods", 0, addressC)
	fleet.find(t, "pods", 0)
	_, err = fleet.Do(Leave{ID: "web"})
	require.NoError(t, err)
	require.NoError(t, fleet.Close())

	require.Contains(t, told, addressA)
	assert.Nil(t, told[addressA].After, "nobody has it")
	assert.NotContains(t, told, addressB, "another zone uses it")
	require.Contains(t, told, addressC)
	assert.Equal(t, "pods", told[addressC].Zone.ID)
	require.NotNil(t, told[addressC].After)
	assert.Equal(t, Draining, told[addressC].After.State)
	assert.False(t, told[addressC].IsNewState(), "it was told before that it drains there")
}
