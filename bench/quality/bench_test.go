package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// checker is a picture of squares of a size, in two shades.
func checker(width, height, square, dark, light int) []byte {
	rgb := make([]byte, 0, 3*width*height)
	for y := range height {
		for x := range width {
			shade := byte(dark)
			if (x/square+y/square)%2 == 1 {
				shade = byte(light)
			}
			rgb = append(rgb, shade, shade, shade)
		}
	}
	return rgb
}

func TestSSIM(t *testing.T) {
	see := func(rgb []byte, width, height int) luma {
		seen, err := lumaOf(rgb, width, height)
		require.NoError(t, err)
		return seen
	}
	sharp := see(checker(64, 48, 3, 40, 200), 64, 48)
	assert.InDelta(t, 1, ssim(sharp, sharp), 1e-9)
	softer := ssim(sharp, see(checker(64, 48, 3, 60, 180), 64, 48))
	flat := ssim(sharp, see(checker(64, 48, 3, 120, 120), 64, 48))
	assert.Less(t, softer, 0.99)
	assert.Less(t, flat, softer)
	assert.Negative(t, ssim(sharp, see(checker(64, 48, 3, 200, 40), 64, 48)), "the reverse")
	assert.Zero(t, ssim(sharp, see(checker(48, 64, 3, 40, 200), 48, 64)), "another size")
	_, err := lumaOf(make([]byte, 5), 1, 2)
	assert.Error(t, err)
}

func TestSmoothErrorIsOfAreasNotOfGrain(t *testing.T) {
	see := func(rgb []byte) luma {
		seen, err := lumaOf(rgb, 64, 48)
		require.NoError(t, err)
		return seen
	}
	flat := see(checker(64, 48, 1, 120, 120))
	assert.Zero(t, smoothError(flat, flat))
	assert.InDelta(t, 10, smoothError(flat, see(checker(64, 48, 1, 130, 130))), 1e-9)
	assert.Less(t, smoothError(flat, see(checker(64, 48, 1, 110, 130))), 1.0)
}

func TestMatchIsBetweenWhatWasTried(t *testing.T) {
	tried := map[int][]result{
		20: {{ssim: 0.80}, {ssim: 0.90}},
		40: {{ssim: 0.90}, {ssim: 0.94}},
		60: {{ssim: 0.95}, {ssim: 0.97}},
	}
	assert.InDelta(t, 30, match(0.885, tried), 1e-9)
	assert.Equal(t, []int{40, 60}, around(0.95, tried))
	assert.Equal(t, []int{20, 40}, around(0.5, tried))
	assert.Equal(t, []int{40, 60}, around(0.99, tried))
}

func TestRatioIsGeometric(t *testing.T) {
	assert.InDelta(t, 1, ratio([]result{{bytes: 200}, {bytes: 50}}, []result{{bytes: 100}, {bytes: 100}}, size), 1e-9)
}
