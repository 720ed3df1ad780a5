package vips

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestJPEGShrink(t *testing.T) {
	for _, c := range []struct {
		shrink float64
		want   int
	}{
		{1, 1}, {1.9, 1}, {2, 1}, {2.5, 1}, {3, 2}, {3.99, 2}, {4, 2}, {4.9, 2}, {5, 4}, {6.25, 4}, {7.9, 4}, {8, 4}, {8.9, 4}, {9, 8}, {100, 8},
	} {
		assert.Equal(t, c.want, jpegShrink(c.shrink), "shrink %v", c.shrink)
	}
}

func TestShrinkOf(t *testing.T) {
	for _, c := range []struct {
		width, height, target int
		turn                  turn
		horizontal, vertical  float64
	}{
		{1600, 1067, 640, turn{}, 2.5, 2.5},
		{1600, 1067, 3840, turn{}, 1, 1},
		{800, 500, 640, turnOf(6), 1, 1},
		{800, 500, 125, turnOf(6), 4, 4},
		{800, 500, 200, turnOf(3), 4, 4},
		{4000, 3, 16, turn{}, 250, 3},
		{3, 4000, 16, turnOf(8), 3, 250},
	} {
		horizontal, vertical := shrinkOf(c.width, c.height, c.target, c.turn)
		assert.Equal(t, []float64{c.horizontal, c.vertical}, []float64{horizontal, vertical}, "%+v", c)
	}
}

func TestTurnOf(t *testing.T) {
	for orientation, want := range map[int]turn{
		-1: {}, 0: {}, 1: {}, 2: {0, true}, 3: {2, false}, 4: {2, true}, 5: {1, true}, 6: {1, false}, 7: {3, true}, 8: {3, false}, 9: {},
	} {
		assert.Equal(t, want, turnOf(orientation), "orientation %d", orientation)
	}
}
