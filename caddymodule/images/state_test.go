package images

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// libvips is started for the first zone whose pictures are made here, not for one whose answers are kept only.
func TestLibvipsStartsForTheZoneThatNeedsIt(t *testing.T) {
	state, err := Lease(t.TempDir(), Settings{}, zap.NewNop())
	require.NoError(t, err)
	defer func() { require.NoError(t, state.Release()) }()
	zone := func(settings *ZoneSettings) *Zone {
		z, err := NewZone(Config{State: state, Settings: settings, Zone: &zones.Zone{Name: "shop"}, Log: zap.NewNop()})
		require.NoError(t, err)
		t.Cleanup(z.Close)
		return z
	}
	assert.Nil(t, zone(nil).zone)
	assert.Nil(t, state.maker.Load())
	made := zone(&ZoneSettings{})
	assert.Equal(t, state.maker.Load() != nil, made.zone != nil)
	assert.Equal(t, state.making(), state.maker.Load())
	defer func() { require.NoError(t, Serve(nil)) }()
	require.NoError(t, Serve(state))
}
