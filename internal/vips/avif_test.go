//go:build cgo && linux && !novips

package vips

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"runtime/debug"
	"testing"

	"github.com/prometheus/procfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
)

// byLibvips has AVIFs made by libvips, as where libheif is not found, until the returned function is called.
func byLibvips() (end func()) {
	own := findHeif
	findHeif = func() bool { return false }
	return func() { findHeif = own }
}

func avif(t *testing.T, source []byte, mime string, width int) []byte {
	t.Helper()
	made, err := Transform(t.Context(), source, mime, Options{Width: width, Output: AVIF, Quality: 50})
	require.NoError(t, err)
	return made
}

// coloured is a picture of what a function says.
func coloured(t *testing.T, width, height int, at func(x, y int) color.Color) []byte {
	t.Helper()
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			picture.Set(x, y, at(x, y))
		}
	}
	var made bytes.Buffer
	require.NoError(t, png.Encode(&made, picture))
	return made.Bytes()
}

// drawing is what aom takes for a screenshot: two colours in each of its blocks.
func drawing(t *testing.T) []byte {
	t.Helper()
	return coloured(t, 1000, 700, func(x, y int) color.Color { return color.Gray{uint8(x * y / 900 % 2 * 200)} })
}

// Where aom does not take a picture for a screenshot, ours is that of libvips, to the byte.
func TestAVIFIsThatOfLibvips(t *testing.T) {
	require.NoError(t, Start(zap.NewNop()))
	require.True(t, findHeif(), "libheif.so.1, and its header at build time")
	for name, source := range map[string][]byte{
		"opaque": coloured(t, 150, 101, func(x, y int) color.Color { return color.NRGBA{uint8(x), uint8(2 * y), uint8(x * y), 255} }),
		"alpha":  coloured(t, 150, 101, func(x, y int) color.Color { return color.NRGBA{uint8(x), uint8(2 * y), 80, uint8(x + y)} }),
		"grey":   coloured(t, 150, 101, func(x, y int) color.Color { return color.Gray{uint8(x + y)} }),
	} {
		for _, width := range []int{1, 64, 150} {
			made := avif(t, source, PNG, width)
			end := byLibvips()
			want := avif(t, source, PNG, width)
			end()
			assert.True(t, bytes.Equal(want, made), "%s, %d wide", name, width)
		}
	}
	assert.Zero(t, OpenImages())
}

// aom's table of repetitions takes 85 MB for this one.
func TestAVIFOfADrawingTakesLittleMemory(t *testing.T) {
	require.NoError(t, Start(zap.NewNop()))
	source := drawing(t)
	made := avif(t, source, PNG, 1000) // loads the encoder
	ours := peakOf(t, func() { avif(t, source, PNG, 1000) })
	defer byLibvips()()
	var want []byte
	libvips := peakOf(t, func() { want = avif(t, source, PNG, 1000) })
	assert.Less(t, ours, libvips/2)
	assert.InEpsilon(t, len(want), len(made), 0.02)
}

// Without its blocks being given back, most of that table stays.
func TestMemoryOfAnAVIFIsGivenBack(t *testing.T) {
	require.NoError(t, Start(zap.NewNop()))
	defer byLibvips()()
	source := drawing(t)
	avif(t, source, PNG, 64) // loads the encoder
	before := resident(t)
	avif(t, source, PNG, 1000)
	assert.InDelta(t, before, resident(t), 15<<20)
}

// resident is how many bytes of memory the process has, without garbage of Go's.
func resident(t *testing.T) int {
	t.Helper()
	debug.FreeOSMemory()
	self, err := procfs.Self()
	require.NoError(t, err)
	stat, err := self.Stat()
	require.NoError(t, err)
	return stat.ResidentMemory()
}

// peakOf is by how many bytes the memory of the process grows at most while something is done.
func peakOf(t *testing.T, do func()) int {
	t.Helper()
	before := resident(t)
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil { // VmHWM begins again (proc(5))
		t.Skip(err)
	}
	do()
	self, err := procfs.Self()
	require.NoError(t, err)
	status, err := self.NewStatus()
	require.NoError(t, err)
	return int(status.VmHWM) - before
}
