package imageopt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	jpegcodec "image/jpeg"
	pngcodec "image/png"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/internal/vips"
)

func pipeline(tb testing.TB, limits Limits) *Pipeline {
	tb.Helper()
	p, err := NewPipeline(limits, zap.NewNop())
	if errors.Is(err, ErrUnavailable) {
		tb.Skip(err)
	}
	require.NoError(tb, err)
	return p
}

// photo is a JPEG with enough in it to be worth compressing.
func photo(tb testing.TB, width, height int) []byte {
	tb.Helper()
	made := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			made.SetRGBA(x, y, color.RGBA{R: uint8(x * y >> 7), G: uint8(x ^ y), B: uint8(x + 3*y>>2), A: 255})
		}
	}
	var out bytes.Buffer
	require.NoError(tb, jpegcodec.Encode(&out, made, &jpegcodec.Options{Quality: 85}))
	return out.Bytes()
}

func sizeOf(tb testing.TB, made []byte) image.Point {
	tb.Helper()
	config, _, err := image.DecodeConfig(bytes.NewReader(made))
	require.NoError(tb, err)
	return image.Pt(config.Width, config.Height)
}

func TestPipelineTransforms(t *testing.T) {
	p := pipeline(t, Limits{})
	defer p.Close()
	source := photo(t, 1000, 700)
	made, err := p.Transform(t.Context(), source, vips.JPEG, Job{Width: 640, Quality: 75, Output: vips.JPEG})
	require.NoError(t, err)
	assert.Equal(t, image.Pt(640, 448), sizeOf(t, made))
	assert.Contains(t, string(made), "\xff\xc2", "progressive")
	made, err = p.Transform(t.Context(), source, vips.JPEG, Job{Width: 640, Quality: 75, Output: vips.JPEG, JPEGBaseline: true})
	require.NoError(t, err)
	assert.Contains(t, string(made), "\xff\xc0", "baseline")

	_, err = p.Transform(t.Context(), source[:len(source)/2], vips.JPEG, Job{Width: 640, Quality: 75, Output: vips.WebP})
	require.ErrorIs(t, err, ErrUndecodable)
	stats := p.Stats()
	assert.Equal(t, []int64{2, 1, 0}, []int64{stats.Done, stats.Undecodable, stats.Busy})
	assert.Zero(t, stats.Running+stats.Waiting)
	assert.Positive(t, stats.MostPixelBytes)
}

func TestPipelineKnowsItsEncoders(t *testing.T) {
	p := pipeline(t, Limits{})
	defer p.Close()
	for mime, want := range map[string]bool{
		vips.JPEG: true, vips.PNG: true, vips.WebP: true, vips.AVIF: true, vips.GIF: true, vips.TIFF: true, "image/jxl": false, "": false, "text/html": false,
	} {
		assert.Equal(t, want, p.CanEncode(mime), mime)
	}
}

func TestPipelineHeedsItsLimits(t *testing.T) {
	p := pipeline(t, Limits{MaxPixels: 100 * 100})
	defer p.Close()
	job := Job{Width: 64, Quality: 75, Output: vips.WebP}
	_, err := p.Transform(t.Context(), photo(t, 101, 100), vips.JPEG, job)
	require.ErrorIs(t, err, ErrUndecodable)
	assert.ErrorContains(t, err, "101 x 100 are more than 10000 pixels")
	_, err = p.Transform(t.Context(), photo(t, 100, 100), vips.JPEG, job)
	require.NoError(t, err)

	require.NoError(t, p.SetLimits(Limits{MaxPixels: 101 * 100, Timeout: time.Hour}))
	_, err = p.Transform(t.Context(), photo(t, 101, 100), vips.JPEG, job)
	require.NoError(t, err)
	assert.EqualError(t, p.SetLimits(Limits{Queue: -1}), "image queue must not be negative")
	_, err = NewPipeline(Limits{Concurrency: -1}, nil)
	assert.EqualError(t, err, "image concurrency must not be negative")
}

func TestDefaultsOfLimits(t *testing.T) {
	limits, err := Limits{Queue: 3}.withDefaults()
	require.NoError(t, err)
	assert.Positive(t, limits.Concurrency)
	limits.Concurrency = 0
	assert.Equal(t, Limits{MaxPixels: 268402689, Queue: 3, QueueWait: 10 * time.Second, Timeout: 7 * time.Second, SharedPixels: 128 << 20}, limits)
}

func TestPipelineIsBusyWhenTooManyWait(t *testing.T) {
	source := photo(t, 100, 100)
	job := Job{Width: 64, Quality: 75, Output: vips.JPEG}
	synctest.Test(t, func(t *testing.T) {
		p := pipeline(t, Limits{Concurrency: 1, Queue: 1, QueueWait: time.Minute})
		leave, err := p.queue.enter(t.Context(), 1)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		waiting := make(chan error, 1)
		go func() {
			_, err := p.Transform(ctx, source, vips.JPEG, job)
			waiting <- err
		}()
		synctest.Wait()
		assert.Equal(t, 1, p.Stats().Waiting)
		_, err = p.Transform(t.Context(), source, vips.JPEG, job)
		require.ErrorIs(t, err, ErrBusy)
		cancel()
		assert.ErrorIs(t, <-waiting, context.Canceled)
		assert.Zero(t, p.Stats().Waiting)
		leave()
		_, err = p.Transform(t.Context(), source, vips.JPEG, job)
		require.NoError(t, err)
		assert.Equal(t, int64(1), p.Stats().Busy)
		p.Close()
		_, err = p.Transform(t.Context(), source, vips.JPEG, job)
		assert.ErrorIs(t, err, ErrClosed)
		assert.ErrorIs(t, err, ErrBusy)
	})
}

// A source whose decoder may hold hundreds of megabytes is transformed alone.
func TestHugeSourceRunsAlone(t *testing.T) {
	var made bytes.Buffer
	require.NoError(t, pngcodec.Encode(&made, image.NewGray(image.Rect(0, 0, 16, 16))))
	huge := made.Bytes() // its header says so, and what follows is missing
	binary.BigEndian.PutUint32(huge[16:], 10000)
	binary.BigEndian.PutUint32(huge[20:], 10000)
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	synctest.Test(t, func(t *testing.T) {
		p := pipeline(t, Limits{Concurrency: 2, QueueWait: time.Hour, Timeout: time.Hour})
		defer p.Close()
		leave, err := p.queue.enter(t.Context(), 1)
		require.NoError(t, err)
		done := make(chan error, 1)
		go func() {
			_, err := p.Transform(t.Context(), huge, vips.PNG, Job{Width: 64, Quality: 75, Output: vips.JPEG})
			done <- err
		}()
		synctest.Wait()
		assert.Empty(t, done)
		running, waiting := p.queue.load()
		assert.Equal(t, []int{1, 1}, []int{running, waiting}, "it has seen the header and waits for the other slot, too")
		leave()
		assert.ErrorIs(t, <-done, ErrUndecodable)
	})
}

func TestWeights(t *testing.T) {
	for _, c := range []struct {
		job  Job
		want int
	}{
		{Job{Width: 3840, Output: vips.WebP}, 1},
		{Job{Width: 256, Output: vips.AVIF}, 1},
		{Job{Width: 640, Output: vips.AVIF}, 4},
	} {
		assert.Equal(t, c.want, weightOf(c.job), "%+v", c.job)
	}
}

// Many at once: each has its own result, and no goroutine or image is left.
func TestPipelineInParallel(t *testing.T) {
	sources := [][]byte{photo(t, 400, 300), photo(t, 300, 400), photo(t, 777, 333)}
	want := []image.Point{{X: 128, Y: 96}, {X: 128, Y: 171}, {X: 128, Y: 55}}
	synctest.Test(t, func(t *testing.T) {
		p := pipeline(t, Limits{Concurrency: 3, QueueWait: time.Hour})
		var all sync.WaitGroup
		for n := range 60 {
			all.Go(func() {
				made, err := p.Transform(t.Context(), sources[n%3], vips.JPEG, Job{Width: 128, Quality: 75, Output: vips.JPEG})
				assert.NoError(t, err)
				assert.Equal(t, want[n%3], sizeOf(t, made))
			})
		}
		all.Wait()
		p.Close()
	})
	assert.Zero(t, vips.OpenImages())
}
