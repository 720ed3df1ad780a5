//go:build cgo && !novips

package vips_test

import (
	"context"
	"fmt"
	"image/color"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/vips"
)

// keeper is a Sharing that keeps what it may.
type keeper struct {
	keeps      func(plan vips.Plan, stage vips.Stage) bool
	room       int64 // bytes
	kept       map[vips.Stage]*vips.Pixels
	used, lost int
	bytes      int64
}

func newKeeper(room int64, keeps func(plan vips.Plan, stage vips.Stage) bool) *keeper {
	return &keeper{keeps: keeps, room: room, kept: map[vips.Stage]*vips.Pixels{}}
}

func (k *keeper) Ask(_ context.Context, plan vips.Plan, stage vips.Stage) vips.Share {
	if !k.keeps(plan, stage) {
		return nil
	}
	if k.kept[stage] != nil {
		k.used++
	}
	return &part{keeper: k, stage: stage, made: k.kept[stage]}
}

func (k *keeper) close() {
	for _, pixels := range k.kept {
		pixels.Close()
	}
}

type part struct {
	keeper *keeper
	stage  vips.Stage
	made   *vips.Pixels
}

func (p *part) Pixels() *vips.Pixels { return p.made }

func (p *part) Room(bytes int64) bool {
	p.keeper.bytes += bytes
	return p.keeper.bytes <= p.keeper.room
}

func (p *part) Keep(pixels *vips.Pixels) { p.keeper.kept[p.stage] = pixels }

func (p *part) Release() {
	if p.keeper.kept[p.stage] == nil {
		p.keeper.lost++
	}
}

func all(vips.Plan, vips.Stage) bool { return true }

func onlyDecoded(plan vips.Plan, stage vips.Stage) bool { return !onlyResized(plan, stage) }

func onlyResized(plan vips.Plan, stage vips.Stage) bool {
	for _, width := range shareWidths {
		if _, resized := plan.Stages(width); resized == stage {
			return true
		}
	}
	return false
}

var shareWidths = []int{600, 200, 128}

// assertShared compares pictures made with and without pixels of others.
func assertShared(t *testing.T, name, mime string, made []byte, outputs ...string) {
	t.Helper()
	for kept, keeps := range map[string]func(vips.Plan, vips.Stage) bool{"all": all, "decoded": onlyDecoded, "resized": onlyResized} {
		k := newKeeper(1<<30, keeps)
		for _, width := range shareWidths {
			for _, output := range outputs {
				options := vips.Options{Width: width, Output: output, Quality: 75}
				want, err := vips.Transform(t.Context(), made, mime, options)
				require.NoError(t, err, name)
				options.Sharing = k
				got, err := vips.Transform(t.Context(), made, mime, options)
				require.NoError(t, err, name)
				assert.True(t, string(want) == string(got), "%s to %s, w=%d, %s kept: other bytes", name, output, width, kept)
			}
		}
		assert.GreaterOrEqual(t, k.used, len(shareWidths)*(len(outputs)-1), name)
		assert.Zero(t, k.lost, name)
		k.close()
	}
	assert.Zero(t, vips.OpenImages(), name)
}

// assertNoMemory waits until libvips holds none: its threads have buffers for a moment when their work is done.
func assertNoMemory(t *testing.T) {
	t.Helper()
	assert.Eventually(t, func() bool {
		now, _ := vips.Memory()
		return now == 0
	}, time.Minute, 5*time.Millisecond, "bytes that libvips holds")
}

// Whether pixels come from the decoder or from memory, decoded or resized: the result is the same to the byte.
func TestSharedPixelsMakeTheSame(t *testing.T) {
	for _, kind := range kinds {
		assertShared(t, kind.name, kind.mime, source(t, 500, 300, kind.code), vips.JPEG, vips.WebP)
	}
	assertNoMemory(t)
}

func TestSharedPixelsAreTurnedAlike(t *testing.T) {
	made := asJPEG(t, quarters(520, 260, [4]color.Color{red, green, blue, white}))
	for orientation := range byte(9) {
		assertShared(t, fmt.Sprintf("orientation %d", orientation), vips.JPEG, oriented(made, orientation), vips.JPEG, vips.WebP)
	}
	assertNoMemory(t)
}

func TestEveryEncoderTakesSharedPixels(t *testing.T) {
	assertShared(t, "png with alpha", vips.PNG, asPNG(t, quarters(520, 260, [4]color.Color{red, color.NRGBA{R: 9, G: 90, B: 200, A: 99}, blue, white})),
		vips.JPEG, vips.WebP, vips.AVIF, vips.PNG, vips.GIF, vips.TIFF)
}

// What does not fit is not kept, and made all the same.
func TestNoRoomForSharedPixels(t *testing.T) {
	made := asJPEG(t, quarters(500, 300, [4]color.Color{red, green, blue, white}))
	want, err := ours(made, vips.JPEG, 256, vips.WebP)
	require.NoError(t, err)
	k := newKeeper(0, all)
	got, err := vips.Transform(t.Context(), made, vips.JPEG, vips.Options{Width: 256, Output: vips.WebP, Quality: 75, Sharing: k})
	require.NoError(t, err)
	assert.Equal(t, want, got)
	assert.Empty(t, k.kept)
	assert.Equal(t, int64(500*300*3+256*154*3), k.bytes, "of the pixels decoded and resized")
	assert.Equal(t, 2, k.lost)
	assert.Zero(t, vips.OpenImages())
}

// A source that is cut off fails as it does for itself, and nothing is kept of it. One that takes too long fails, too.
func TestBrokenSourceIsNotShared(t *testing.T) {
	for mime, made := range encoded(t) {
		k := newKeeper(1<<30, all)
		half := made[:len(made)/2]
		_, want := ours(half, mime, 64, vips.JPEG)
		require.ErrorIs(t, want, vips.ErrFailed, mime)
		_, err := vips.Transform(t.Context(), half, mime, vips.Options{Width: 64, Output: vips.JPEG, Quality: 75, Sharing: k})
		require.ErrorIs(t, err, vips.ErrFailed, mime)
		assert.Empty(t, k.kept, mime)
		_, err = vips.Transform(t.Context(), made, mime, vips.Options{Width: 64, Output: vips.JPEG, Quality: 75, Sharing: k, Timeout: time.Nanosecond})
		require.ErrorIs(t, err, vips.ErrFailed, mime)
		assert.ErrorContains(t, err, "takes too long", mime)
		k.close() // what was decoded before its time was over is good
	}
	assert.Zero(t, vips.OpenImages())
	assertNoMemory(t)
}

// Who is stopped while it reads pixels of others stops nobody else.
func TestSharedPixelsOutliveWhoIsStopped(t *testing.T) {
	made := asJPEG(t, quarters(500, 300, [4]color.Color{red, green, blue, white}))
	k := newKeeper(1<<30, all)
	defer k.close()
	options := vips.Options{Width: 256, Output: vips.WebP, Quality: 75, Sharing: k}
	want, err := vips.Transform(t.Context(), made, vips.JPEG, options)
	require.NoError(t, err)
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 {
		_, err := vips.Transform(stopped, made, vips.JPEG, options)
		if err != nil { // it may have come to its end before
			require.ErrorIs(t, err, context.Canceled)
		}
		got, err := vips.Transform(t.Context(), made, vips.JPEG, options)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}
