package imageopt

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/internal/vips"
)

func TestEncoderQuality(t *testing.T) {
	for _, c := range []struct {
		output      string
		asked, want int
		baseline    bool
	}{
		{vips.JPEG, 75, 65, false},
		{vips.JPEG, 75, 75, true},
		{vips.JPEG, 1, 1, false},
		{vips.JPEG, 72, 60, false},
		{vips.JPEG, 100, 99, false},
		{vips.AVIF, 75, 50, false},
		{vips.AVIF, 100, 66, false},
		{vips.WebP, 75, 75, false},
		{vips.PNG, 75, 91, false},
		{vips.PNG, 100, 100, false},
		{vips.TIFF, 10, 80, false},
	} {
		assert.Equal(t, c.want, EncoderQuality(Job{Output: c.output, Quality: c.asked, JPEGBaseline: c.baseline}), "%+v", c)
	}
	for _, output := range []string{vips.JPEG, vips.WebP, vips.AVIF, vips.PNG} {
		before := 0
		for asked := 1; asked <= 100; asked++ {
			q := EncoderQuality(Job{Output: output, Quality: asked})
			assert.GreaterOrEqual(t, q, max(1, before), "%s at %d", output, asked)
			assert.LessOrEqual(t, q, 100, "%s at %d", output, asked)
			before = q
		}
	}
}
