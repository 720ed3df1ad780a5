package pages

import (
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
)

func TestTheBoundOfWhatComesInIsNoSmallerThanABody(t *testing.T) {
	for want, s := range map[string]Settings{
		"": {FillMemory: 8 << 20},
		"fill_memory must be at least max_body (8388608 bytes), found 1048576 bytes: nothing larger could be kept":  {FillMemory: 1 << 20},
		"fill_memory must be at least max_body (16777216 bytes), found 8388608 bytes: nothing larger could be kept": {FillMemory: 8 << 20, MaxBody: 16 << 20},
		"fill_memory must not be negative": {FillMemory: -1},
	} {
		if want == "" {
			assert.NoError(t, s.Check())
			continue
		}
		assert.EqualError(t, s.Check(), want)
	}
	assert.EqualValues(t, 512<<20, Settings{MaxBody: 512 << 20}.engine(nil).FillMemory)
}

// What a site says of the time between two questions reaches the cache: off is never, and nothing is ten seconds.
func TestRecheckOff(t *testing.T) {
	for want, settings := range map[time.Duration]*SiteSettings{
		10 * time.Second: {},
		time.Minute:      {Recheck: caddy.Duration(time.Minute)},
		0:                {Recheck: neverRecheck},
	} {
		zone := NewZone(Config{State: &State{pooledPages: new(pooledPages)}, Site: settings, Zone: "rechecked"})
		assert.Equal(t, want, zone.recheck)
	}
}
