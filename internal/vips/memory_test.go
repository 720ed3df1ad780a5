//go:build cgo && linux && !novips

package vips_test

import (
	"os"
	"runtime/debug"
	"testing"

	"github.com/prometheus/procfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/vips"
)

// residentBytes is how much memory the process has, without garbage of Go's.
func residentBytes(t *testing.T) int {
	t.Helper()
	debug.FreeOSMemory()
	self, err := procfs.Self()
	require.NoError(t, err)
	stat, err := self.Stat()
	require.NoError(t, err)
	return stat.ResidentMemory()
}

// A screenshot in which aom looks for repetitions: its table takes 40 MB at this width.
func TestMemoryOfAnAVIFIsGivenBack(t *testing.T) {
	screenshot, err := os.ReadFile("../../bench/corpus/screenshots/tides.png")
	require.NoError(t, err)
	encode := func(width int) {
		_, err := ours(screenshot, vips.PNG, width, vips.AVIF)
		require.NoError(t, err)
	}
	encode(256) // loads the encoder
	before := residentBytes(t)
	encode(640)
	assert.InDelta(t, before, residentBytes(t), 15<<20)
}
