//go:build cgo && !novips

package vips_test

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg" // for DecodeConfig
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/vips"
)

var nextWidths = []int{16, 32, 48, 64, 96, 128, 256, 384, 640, 750, 828, 1080, 1200, 1920, 2048, 3840}

// Every size is that of Next.js, to the pixel: decoders that shrink while they decode round in their own way.
// E2E_LONG=1 asks for more.
func TestSizesAreThoseOfSharp(t *testing.T) {
	more, step := 3, 3
	if os.Getenv("E2E_LONG") != "" {
		more, step = 150, 1
	}
	random := rand.New(rand.NewPCG(1, 2))
	sizes := []vips.Size{
		{Width: 1600, Height: 1067},
		{Width: 1000, Height: 700},
		{Width: 1, Height: 1},
		{Width: 3, Height: 3000},
		{Width: 3000, Height: 3},
		{Width: 2047, Height: 2049},
		{Width: 641, Height: 479},
		{Width: 1279, Height: 1023},
		{Width: 3123, Height: 2411},
	}
	for range more {
		sizes = append(sizes, vips.Size{Width: 1 + random.IntN(3000), Height: 1 + random.IntN(3000)})
	}
	for _, kind := range []struct {
		name, mime, code string
		share            int
	}{
		{"jpeg", vips.JPEG, `return gradient().jpeg()`, 1},
		{"jpeg lying on its side", vips.JPEG, `return gradient().jpeg().withMetadata({ orientation: 6 })`, 2},
		{"webp", vips.WebP, `return gradient().webp({ effort: 0 })`, 1},
		{"png", vips.PNG, `return gradient().png({ compressionLevel: 1 })`, 3},
		{"tiff", vips.TIFF, `return gradient().tiff()`, 3},
		{"avif", vips.AVIF, `return gradient().avif({ effort: 0 })`, 5},
	} {
		for n, size := range sizes {
			if n%kind.share != 0 {
				continue
			}
			t.Run(fmt.Sprintf("%s %dx%d", kind.name, size.Width, size.Height), func(t *testing.T) {
				made := source(t, size.Width, size.Height, kind.code)
				var widths []int
				for i := n % step; i < len(nextWidths); i += step {
					widths = append(widths, nextWidths[i])
				}
				want := sizesOfSharp(t, made, widths)
				for i, width := range widths {
					got, err := ours(made, kind.mime, width, vips.JPEG)
					require.NoError(t, err)
					config, _, err := image.DecodeConfig(bytes.NewReader(got))
					require.NoError(t, err)
					assert.Equal(t, want[i], vips.Size{Width: config.Width, Height: config.Height}, "w=%d", width)
				}
			})
		}
	}
}

func sizesOfSharp(t *testing.T, source []byte, widths []int) []vips.Size {
	t.Helper()
	file := filepath.Join(t.TempDir(), "source")
	require.NoError(t, os.WriteFile(file, source, 0o600))
	var sizes []vips.Size
	require.NoError(t, oracle(t).Call(`
		const source = fs.readFileSync(args.file), sizes = []
		for (const width of args.widths) {
			const { info } = await sharp.nextjs(source, { width }).raw().toBuffer({ resolveWithObject: true })
			sizes.push({ width: info.width, height: info.height })
		}
		return sizes
	`, map[string]any{"file": file, "widths": widths}, &sizes))
	return sizes
}
