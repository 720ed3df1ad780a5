package vips

import "math"

// turn is what an EXIF orientation asks for: a rotation clockwise in quarters, then a mirroring left to right. The
// table is sharp's.
type turn struct {
	quarters int
	mirror   bool
}

func turnOf(orientation int) turn {
	switch orientation {
	case 2:
		return turn{0, true}
	case 3:
		return turn{2, false}
	case 4:
		return turn{2, true}
	case 5:
		return turn{1, true}
	case 6:
		return turn{1, false}
	case 7:
		return turn{3, true}
	case 8:
		return turn{3, false}
	}
	return turn{}
}

// sideways says that the turn exchanges width and height.
func (t turn) sideways() bool { return t.quarters%2 == 1 }

// shrinkOf is by how much both sides of a picture shrink so that the result, turned, is as wide as asked: at least 1,
// because pictures are never enlarged, and at most what leaves a pixel of each side.
func shrinkOf(width, height, target int, t turn) (horizontal, vertical float64) {
	side := width
	if t.sideways() {
		side = height
	}
	shrink := max(1, float64(side)/float64(target))
	return min(shrink, float64(width)), min(shrink, float64(height))
}

// jpegShrink is the factor by which a JPEG is shrunk while it is decoded. A factor that would do all the work is
// halved, so that the resampling has something left to do well.
func jpegShrink(shrink float64) int {
	factor := 1
	for _, f := range []int{2, 4, 8} {
		if shrink >= float64(f) {
			factor = f
		}
	}
	if factor > 1 && int(math.Trunc(shrink)) == factor {
		factor /= 2
	}
	return factor
}
