package main

import (
	"fmt"
	"math"
)

// luma is the brightness of a picture's pixels, 0 to 255.
type luma struct {
	width, height int
	samples       []float64
}

func lumaOf(rgb []byte, width, height int) (luma, error) {
	if len(rgb) != 3*width*height {
		return luma{}, fmt.Errorf("%d bytes are not %d x %d pixels of three colours", len(rgb), width, height)
	}
	l := luma{width: width, height: height, samples: make([]float64, width*height)}
	for i := range l.samples {
		l.samples[i] = 0.299*float64(rgb[3*i]) + 0.587*float64(rgb[3*i+1]) + 0.114*float64(rgb[3*i+2])
	}
	return l, nil
}

// ssim is the mean structural similarity (Wang et al., 2004) over windows of 8 x 8 pixels, four apart. 1 is equal.
func ssim(a, b luma) float64 {
	const window, step = 8, 4
	const c1, c2 = 0.01 * 0.01 * 255 * 255, 0.03 * 0.03 * 255 * 255
	if a.width != b.width || a.height != b.height || a.width < window || a.height < window {
		return 0
	}
	sum, windows := 0.0, 0
	for y := 0; y+window <= a.height; y += step {
		for x := 0; x+window <= a.width; x += step {
			var sa, sb, aa, bb, ab float64
			for j := y; j < y+window; j++ {
				for i := j*a.width + x; i < j*a.width+x+window; i++ {
					p, q := a.samples[i], b.samples[i]
					sa, sb, aa, bb, ab = sa+p, sb+q, aa+p*p, bb+q*q, ab+p*q
				}
			}
			const n = window * window
			ma, mb := sa/n, sb/n
			va, vb, cov := aa/n-ma*ma, bb/n-mb*mb, ab/n-ma*mb
			sum += (2*ma*mb + c1) * (2*cov + c2) / ((ma*ma + mb*mb + c1) * (va + vb + c2))
			windows++
		}
	}
	return sum / float64(windows)
}

// smoothError is the root of the mean square difference of windows of 8 x 8 pixels, each by its mean: steps in what is
// smooth, which SSIM hardly sees, and not the grain of dithering, which the eye averages. 0 is equal; 255 the most.
func smoothError(a, b luma) float64 {
	const window = 8
	if a.width != b.width || a.height != b.height || a.width < window || a.height < window {
		return 255
	}
	sum, windows := 0.0, 0
	for y := 0; y+window <= a.height; y += window {
		for x := 0; x+window <= a.width; x += window {
			difference := 0.0
			for j := y; j < y+window; j++ {
				for i := j*a.width + x; i < j*a.width+x+window; i++ {
					difference += a.samples[i] - b.samples[i]
				}
			}
			difference /= window * window
			sum += difference * difference
			windows++
		}
	}
	return math.Sqrt(sum / float64(windows))
}
