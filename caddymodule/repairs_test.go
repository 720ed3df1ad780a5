package caddymodule

import (
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestRepairsAreOnUnlessTurnedOff(t *testing.T) {
	for _, test := range []struct {
		settings *Repairs
		on       bool
	}{
		{nil, true},
		{&Repairs{}, true},
		{&Repairs{Off: true}, false},
		{&Repairs{Disabled: []string{"location"}}, false},
	} {
		z, err := test.settings.of("root")
		require.NoError(t, err)
		assert.Equal(t, test.on, z.has(repairLocation), "%+v", test.settings)
	}
	_, err := (&Repairs{Disabled: []string{"locations"}}).of("root")
	assert.ErrorContains(t, err, `unknown repair "locations"; known: location, `)
}

func TestARepairIsSaidOnceAnHourForEachZone(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	logger := zap.New(core)
	first, err := (*Repairs)(nil).of("said first")
	require.NoError(t, err)
	second, err := (*Repairs)(nil).of("said second")
	require.NoError(t, err)
	first.say(repairLocation, logger, "put right", zap.String("path", "/a"))
	first.say(repairLocation, logger, "put right", zap.String("path", "/b"))
	second.say(repairLocation, logger, "put right")
	again, err := (*Repairs)(nil).of("said first") // as after a reload
	require.NoError(t, err)
	again.say(repairLocation, logger, "put right")
	require.Equal(t, 2, logs.Len())
	assert.Equal(t, map[string]any{"zone": "said first", "repair": "location", "path": "/a"},
		logs.All()[0].ContextMap())

	again.said[repairLocation].last.Add(-int64(time.Hour + time.Minute))
	again.say(repairLocation, logger, "put right")
	assert.Equal(t, 3, logs.Len())
}

func TestJSONNamesOfRepairsAreChecked(t *testing.T) {
	config := `{"admin":{"disabled":true},"apps":{"http":{"servers":{"srv0":{"listen":[":0"],"routes":[{"handle":[
		{"handler":"nextjs","zones":[{"paths":["/"],"upstreams":["localhost:3000"]}],
			"repair":{"disabled":["uploud"]}}]}]}}}}}`
	err := caddy.Load([]byte(config), true)
	assert.ErrorContains(t, err, `repair: disabled: unknown repair "uploud"`)
}
