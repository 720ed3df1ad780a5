package blobstore

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTooLarge(t *testing.T) {
	ctx := context.Background()
	for what, c := range map[string]struct {
		settings Settings
		size     int
	}{
		"disk":      {Settings{Dir: t.TempDir(), Size: 1 << 20}, 1 << 20},
		"memory":    {Settings{Memory: 1 << 20}, 1<<20/8 + 1},
		"no memory": {Settings{Memory: -1}, 0},
	} {
		t.Run(what, func(t *testing.T) {
			s := open(t, c.settings)
			fits := c.size - block
			if fits > 0 {
				s.put(t, "a", fits)
				s.requireHas(t, "a", fits)
			}
			require.ErrorIs(t, s.Put(ctx, key("a"), nil, make([]byte, c.size)), ErrRefused)
			s.requireMisses(t, "a") // what it had is outdated
			w, err := s.Create(key("a"), nil)
			if err == nil {
				_, err = w.Write(make([]byte, c.size/2))
				require.NoError(t, err)
				_, err = w.Write(make([]byte, c.size-c.size/2))
				require.ErrorIs(t, err, ErrRefused)
				require.ErrorIs(t, w.Commit(), ErrRefused)
			}
			require.ErrorIs(t, err, ErrRefused)
			require.ErrorIs(t, s.Put(ctx, Key{"", "", strings.Repeat("x", largestText+1)}, nil, nil), ErrRefused)
			require.EqualValues(t, 3, s.Stats().Refused)
			require.Empty(t, s.warnings())
		})
	}
}

func TestWritersAreBounded(t *testing.T) {
	for what, settings := range map[string]Settings{
		"disk": {Dir: t.TempDir(), Size: 1 << 20, Memory: -1}, "memory": {Memory: 1 << 20},
	} {
		t.Run(what, func(t *testing.T) {
			s := open(t, settings)
			var writers []*Writer
			var err error
			for err == nil {
				w, createErr := s.Create(key(name(len(writers))), nil)
				require.NoError(t, createErr)
				writers = append(writers, w)
				_, err = w.Write(make([]byte, 100<<10))
			}
			require.ErrorIs(t, err, ErrRefused)
			require.Len(t, writers, 11, "ten of 100 KiB fit 1 MiB")
			for _, w := range writers {
				w.Abort()
			}
			s.put(t, "a", 100<<10)
			s.requireHas(t, "a", 100<<10)
			require.Zero(t, s.Stats().Disk.Writing+s.Stats().Memory.Writing)
		})
	}
}

func TestSettings(t *testing.T) {
	for says, settings := range map[string]Settings{
		"Size is negative: -1":              {Size: -1},
		"BehindWait is negative: -1":        {BehindWait: -1},
		"BehindLargest is negative: -1":     {BehindLargest: -1},
		"BehindQueue is negative: -1":       {BehindQueue: -1},
		"Size is 4095 bytes, less than one": {Dir: "/x", Size: 4095},
	} {
		s, err := Open(settings)
		require.ErrorContains(t, err, says)
		require.Nil(t, s)
	}
	stats := open(t, Settings{Dir: t.TempDir()}).Stats()
	require.EqualValues(t, DefaultSize, stats.Disk.Bound)
	require.EqualValues(t, DefaultMemory, stats.Memory.Bound)
	require.True(t, stats.Attached)
}

func TestStats(t *testing.T) {
	s := open(t, Settings{Dir: t.TempDir()})
	s.put(t, "small", 100)
	s.put(t, "large", smallBody+1)
	s.requireHas(t, "small", 100)
	s.requireHas(t, "large", smallBody+1)
	s.requireHas(t, "large", smallBody+1)
	s.requireMisses(t, "none")
	stats := s.Stats()
	assert.EqualValues(t, 1, stats.Memory.Hits)
	assert.EqualValues(t, 1, stats.Memory.Entries)
	assert.EqualValues(t, 100+len("testgroupsmall")+2*len("meta of small")+entryOverhead, stats.Memory.Bytes)
	assert.EqualValues(t, 2, stats.Disk.Hits)
	assert.EqualValues(t, 2, stats.Disk.Entries)
	assert.EqualValues(t, (1+17)*block, stats.Disk.Bytes)
	assert.EqualValues(t, 1, stats.Misses)
}

func TestErrorsAreTold(t *testing.T) {
	s := open(t, Settings{Dir: t.TempDir(), Size: block})
	err := s.Put(context.Background(), key("a"), nil, make([]byte, block))
	require.EqualError(t, err, "storing an entry: refused: 4150 bytes, Size allows 4096")
}
