package blobstore

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A reload changes the bounds while entries are read.
func TestLimitsCanBeChanged(t *testing.T) {
	s, err := Open(Settings{Dir: t.TempDir(), Size: 400 * block, Memory: 1 << 20})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	body := []byte(strings.Repeat("x", 3000))
	put := func(count int) {
		for i := range count {
			_ = s.Put(t.Context(), Key{"space", "", fmt.Sprint(i)}, nil, body)
		}
	}
	put(100)
	stats := s.Stats()
	require.Equal(t, 100, stats.Disk.Entries)
	require.Equal(t, 100, stats.Memory.Entries)

	require.NoError(t, s.SetLimits(10*block, 8<<10))
	stats = s.Stats()
	assert.LessOrEqual(t, stats.Disk.Entries, 10)
	assert.EqualValues(t, 10*block, stats.Disk.Bound)
	assert.LessOrEqual(t, stats.Memory.Bytes, int64(8<<10))
	held := 0
	for i := range 100 {
		if e, ok := s.Get(t.Context(), Key{"space", "", fmt.Sprint(i)}); ok {
			held++
			require.NoError(t, e.Close())
		}
	}
	assert.LessOrEqual(t, held, 20, "what was evicted is gone from the disk too")

	require.NoError(t, s.SetLimits(400*block, -1))
	put(100)
	stats = s.Stats()
	assert.Equal(t, 100, stats.Disk.Entries)
	assert.Zero(t, stats.Memory.Entries)
	assert.Error(t, s.SetLimits(-1, 0))
	assert.Error(t, s.SetLimits(1, 0))
}
