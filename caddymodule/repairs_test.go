package caddymodule

import (
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
)

func TestRepairsAreOnUnlessTurnedOff(t *testing.T) {
	for _, test := range []struct {
		settings *edge.Repairs
		on       bool
	}{
		{nil, true},
		{&edge.Repairs{}, true},
		{&edge.Repairs{Off: true}, false},
		{&edge.Repairs{Disabled: []string{"location"}}, false},
	} {
		z, err := test.settings.Of("root")
		require.NoError(t, err)
		assert.Equal(t, test.on, z.Has(edge.RepairLocation), "%+v", test.settings)
	}
	_, err := (&edge.Repairs{Disabled: []string{"locations"}}).Of("root")
	assert.ErrorContains(t, err, `unknown repair "locations"; known: location, `)
}

func TestARepairIsSaidOnceAnHourForEachZone(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	logger := zap.New(core)
	first, err := (*edge.Repairs)(nil).Of("said first")
	require.NoError(t, err)
	second, err := (*edge.Repairs)(nil).Of("said second")
	require.NoError(t, err)
	first.LogHourly(edge.RepairLocation, logger, "put right", zap.String("path", "/a"))
	first.LogHourly(edge.RepairLocation, logger, "put right", zap.String("path", "/b"))
	second.LogHourly(edge.RepairLocation, logger, "put right")
	again, err := (*edge.Repairs)(nil).Of("said first") // as after a reload
	require.NoError(t, err)
	again.LogHourly(edge.RepairLocation, logger, "put right")
	require.Equal(t, 2, logs.Len())
	assert.Equal(t, map[string]any{"zone": "said first", "repair": "location", "path": "/a"},
		logs.All()[0].ContextMap())

	again.Said[edge.RepairLocation].Last.Add(-int64(time.Hour + time.Minute))
	again.LogHourly(edge.RepairLocation, logger, "put right")
	assert.Equal(t, 3, logs.Len())
}

func TestJSONNamesOfRepairsAreChecked(t *testing.T) {
	config := `{"admin":{"disabled":true},"apps":{"http":{"servers":{"srv0":{"listen":[":0"],"routes":[{"handle":[
		{"handler":"nextjs","zones":[{"paths":["/"],"upstreams":["localhost:3000"]}],
			"repair":{"disabled":["uploud"]}}]}]}}}}}`
	err := caddy.Load([]byte(config), true)
	assert.ErrorContains(t, err, `repair: disabled: unknown repair "uploud"`)
}
