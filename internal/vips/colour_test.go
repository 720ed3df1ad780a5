//go:build cgo && !novips

package vips_test

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/vips"
)

// allowed is by how much samples may differ on average: encoders differ, palettes are dithered. A wrong profile is
// worth 7 and more.
var allowed = map[string]float64{vips.JPEG: 2, vips.WebP: 1.5, vips.AVIF: 1.5, vips.PNG: 4, vips.GIF: 4, vips.TIFF: 2}

// kinds are sources of every kind that is transformed, 500 x 300.
var kinds = []struct{ name, mime, code string }{
	{"jpeg", vips.JPEG, `return gradient().jpeg()`},
	{"progressive jpeg", vips.JPEG, `return gradient().jpeg({ progressive: true })`},
	{"jpeg with metadata", vips.JPEG, `return gradient().jpeg().withExif({ IFD0: { Copyright: 'x' } }).withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"/>')`},
	{"grey jpeg", vips.JPEG, `return gradient().greyscale().toColourspace('b-w').jpeg()`},
	{"cmyk jpeg", vips.JPEG, `return gradient().toColourspace('cmyk').jpeg()`},
	{"cmyk jpeg with profile", vips.JPEG, `return gradient().toColourspace('cmyk').withIccProfile('cmyk').jpeg()`},
	{"p3 jpeg", vips.JPEG, `return gradient().withIccProfile('p3').jpeg()`},
	{"png", vips.PNG, `return gradient().removeAlpha().png()`},
	{"png with alpha", vips.PNG, `const svg = sharp(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="500" height="300"><circle cx="250" cy="150" r="120" fill="#e42" fill-opacity=".6"/><rect width="90" height="300" fill="#2a7"/></svg>')); return svg.png()`},
	{"palette png", vips.PNG, `return gradient().png({ palette: true, colours: 32 })`},
	{"grey png", vips.PNG, `return gradient().greyscale().toColourspace('b-w').png()`},
	{"grey png with alpha", vips.PNG, `return sharp(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="500" height="300"><circle cx="250" cy="150" r="120" fill="#aaa" fill-opacity=".6"/></svg>')).toColourspace('b-w').png()`},
	{"16-bit png", vips.PNG, `return gradient().removeAlpha().toColourspace('rgb16').png()`},
	{"16-bit grey png", vips.PNG, `return gradient().greyscale().toColourspace('grey16').png()`},
	{"webp", vips.WebP, `return gradient().webp()`},
	{"webp with alpha", vips.WebP, `return sharp(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="500" height="300"><circle cx="250" cy="150" r="120" fill="#e42" fill-opacity=".6"/></svg>')).webp({ lossless: true })`},
	{"avif", vips.AVIF, `return gradient().avif({ effort: 0 })`},
	{"gif", vips.GIF, `return gradient().gif()`},
	{"tiff", vips.TIFF, `return gradient().removeAlpha().tiff({ compression: 'lzw' })`},
	{"tiff with alpha", vips.TIFF, `return sharp(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="500" height="300"><circle cx="250" cy="150" r="120" fill="#e42" fill-opacity=".6"/></svg>')).tiff({ compression: 'lzw' })`},
}

// What comes out looks like what Next.js makes of the same source, in every format that it could be asked in, and says
// nothing of where it comes from.
func TestPicturesAreThoseOfSharp(t *testing.T) {
	for _, kind := range kinds {
		outputs := []string{vips.JPEG, vips.WebP, vips.AVIF}
		if kind.mime != vips.JPEG && kind.mime != vips.WebP && kind.mime != vips.AVIF {
			outputs = append(outputs, kind.mime)
		}
		made := source(t, 500, 300, kind.code)
		for _, output := range outputs {
			widths := []int{256}
			if output == vips.WebP {
				widths = append(widths, 640) // as large as it is: nothing is resampled
			}
			for _, width := range widths {
				t.Run(fmt.Sprintf("%s to %s %d", kind.name, output, width), func(t *testing.T) {
					theirs, err := nextjs(t, made, width, 75, output)
					require.NoError(t, err)
					mine, err := ours(made, kind.mime, width, output)
					require.NoError(t, err)
					want, got := decode(t, theirs), decode(t, mine)
					t.Logf("bytes %d, sharp %d; difference %.2f", len(mine), len(theirs), difference(t, want, got))
					limit := allowed[output]
					if strings.HasPrefix(kind.name, "cmyk") {
						limit = 3 // another lcms
					}
					assert.LessOrEqual(t, difference(t, want, got), limit)
					want.Pixels, got.Pixels = nil, nil
					assert.Equal(t, want, got)
				})
			}
		}
	}
}

// A profile of 16-bit pictures is heeded as that of 8-bit ones, where sharp makes Display P3 of them and does not say
// so.
func TestSixteenBitProfileIsHeeded(t *testing.T) {
	made := source(t, 300, 200, `return gradient().removeAlpha().toColourspace('rgb16').withIccProfile('srgb').png()`)
	want, err := png.Decode(bytes.NewReader(made))
	require.NoError(t, err)
	require.IsType(t, &image.RGBA64{}, want)
	got, err := ours(made, vips.PNG, 640, vips.JPEG)
	require.NoError(t, err)
	shown, err := jpeg.Decode(bytes.NewReader(got))
	require.NoError(t, err)
	for _, at := range []image.Point{{X: 20, Y: 20}, {X: 150, Y: 100}, {X: 200, Y: 150}, {X: 280, Y: 190}} {
		assertColour(t, want.At(at.X, at.Y), shown.At(at.X, at.Y), 4)
	}
}
