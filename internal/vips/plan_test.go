package vips

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Which widths have which pixels in common.
func TestStages(t *testing.T) {
	photo := Size{Width: 4000, Height: 3000}
	for _, c := range []struct {
		name              string
		plan              Plan
		one, other        int
		decoded, complete bool // in common
	}{
		{"one width", PlanOf(JPEG, photo, 1, 0), 640, 640, true, true},
		{"one factor", PlanOf(JPEG, photo, 1, 0), 640, 750, true, false},
		{"the factor is halved where it would do all the work", PlanOf(JPEG, photo, 1, 0), 750, 828, false, false},
		{"the smallest factor", PlanOf(JPEG, photo, 1, 0), 32, 384, true, false},
		{"no factor", PlanOf(JPEG, photo, 1, 0), 1920, 3840, true, false},
		{"wider than the picture", PlanOf(JPEG, photo, 1, 0), 4000, 5000, true, true},
		{"as wide as a picture on its side", PlanOf(JPEG, photo, 6, 0), 3000, 3840, true, true},
		{"upright, it is wider", PlanOf(JPEG, photo, 3, 0), 3000, 3840, true, false},
		{"webp scales to each width", PlanOf(WebP, photo, 1, 0), 640, 750, false, false},
		{"webp of one width", PlanOf(WebP, photo, 1, 0), 640, 640, true, true},
		{"webp wider than the picture", PlanOf(WebP, photo, 1, 0), 4000, 5000, true, true},
		{"png does not shrink", PlanOf(PNG, photo, 1, 0), 32, 3840, true, false},
		{"avif does not shrink", PlanOf(AVIF, photo, 1, 2), 32, 3840, true, false},
	} {
		decodedOne, one := c.plan.Stages(c.one)
		decodedOther, other := c.plan.Stages(c.other)
		assert.Equal(t, c.decoded, decodedOne == decodedOther, c.name)
		assert.Equal(t, c.complete, one == other, c.name)
		assert.NotEqual(t, decodedOne, one, c.name)
	}
}

func TestLoadOfAPlan(t *testing.T) {
	photo := Size{Width: 4000, Height: 3000}
	for _, c := range []struct {
		plan  Plan
		width int
		want  load
	}{
		{PlanOf(JPEG, photo, 1, 0), 640, load{shrink: 4, scale: 1}},
		{PlanOf(JPEG, photo, 6, 0), 640, load{shrink: 2, scale: 1}},
		{PlanOf(JPEG, photo, 1, 0), 3840, whole},
		{PlanOf(WebP, photo, 1, 0), 1000, load{shrink: 1, scale: 0.25}},
		{PlanOf(WebP, photo, 1, 0), 5000, whole},
		{PlanOf(PNG, photo, 1, 0), 16, whole},
		{PlanOf(AVIF, photo, 1, 3), 16, load{shrink: 1, scale: 1, page: 3}},
	} {
		assert.Equal(t, c.want, c.plan.load(c.width))
	}
}
