package imageopt

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/internal/vips"
)

func TestThePixelsThatCount(t *testing.T) {
	camera := vips.Size{Width: 6000, Height: 4000}
	assert.EqualValues(t, 1920*1280+750_000, pixelsOf(camera, 1920))
	assert.EqualValues(t, 24_750_000, pixelsOf(camera, 9000), "it is not enlarged")
}

func TestThePaceIsThatOfTheLastOnes(t *testing.T) {
	var p pace
	assert.Equal(t, 400*time.Millisecond, p.estimate(million))
	assert.Equal(t, time.Second, p.estimate(2_500_000))
	p.learn(2*million, 2*time.Second)
	assert.Equal(t, 475*time.Millisecond, p.estimate(million))
	p.learn(fewPixels-1, time.Hour)
	assert.Equal(t, 475*time.Millisecond, p.estimate(million), "a small one says nothing")
	for range 100 {
		p.learn(million, 200*time.Millisecond)
	}
	assert.InDelta(t, 200*time.Millisecond, p.estimate(million), float64(time.Microsecond))
	assert.Positive(t, p.estimate(1<<40), "the largest source there is")
}

func TestAnEstimateOfASource(t *testing.T) {
	p := pipeline(t, Limits{MaxPixels: 1 << 20})
	source := photo(t, 640, 400)
	assert.Equal(t, p.pace.estimate(320*200+8000), p.estimate(t.Context(), source, jpeg, 320))
	assert.Zero(t, p.estimate(t.Context(), source[:10], jpeg, 320))
	assert.Zero(t, p.estimate(t.Context(), photo(t, 1100, 1000), jpeg, 320), "it is passed on as it is")
	p.Close()
	assert.Zero(t, p.estimate(t.Context(), source, jpeg, 320))
}

func TestThePipelineLearnsThePaceOfAVIF(t *testing.T) {
	p := pipeline(t, Limits{})
	defer p.Close()
	if !p.CanEncode(avif) {
		t.Skip("this libvips does not write AVIF")
	}
	source := photo(t, 800, 600)
	for _, output := range []string{webp, avif} {
		_, err := p.Transform(t.Context(), source, jpeg, Job{Width: 640, Quality: 75, Output: output})
		assert.NoError(t, err)
		assert.Equal(t, output == avif, p.pace.average != 0)
	}
}
